"""The tests file: bounded load, a script below the service."""

import pytest

from lockgate.domain.errors import SpecError
from lockgate.domain.testing import Load
from lockgate.specs.tests_file import TestsFile, parse_tests_file


def test_a_full_file_says_script_load_and_health() -> None:
    text = "script: tests/load.py\nhealth_path: /ready\nload:\n  users: 3\n  seconds: 15\n  spawn_rate: 1.5\n"
    read = parse_tests_file("carts/tests/tests.yaml", text)
    assert read == TestsFile("tests/load.py", Load(users=3, seconds=15, spawn_rate=1.5), "/ready")


def test_what_is_not_said_is_as_without_a_file() -> None:
    assert parse_tests_file("tests.yaml", "{}") == TestsFile()
    assert parse_tests_file("tests.yaml", "load: {users: 2}").load == Load(users=2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("load: {users: 0}", "must be between 1 and 200, not 0"),
        ("load: {users: 201}", "must be between 1 and 200, not 201"),
        ("load: {seconds: 3601}", "must be between 1 and 3600, not 3601"),
        ("load: {seconds: 1.5}", "must be a whole number, not 1.5"),
        ("load: {seconds: 15s}", "must be a number, not '15s'"),
        ("load: {users: true}", "must be a number, not true"),
        (f"load: {{users: {'9' * 390}}}", "must be a number, not 999"),
        ("load: {spawn_rate: 0}", "must be between 0.1 and 200, not 0"),
        ("load: {user: 3}", "did you mean 'users'?"),
        ("load: 5", "must be an object"),
        ("load:", "must be an object with the fields users, seconds, spawn_rate, not nothing"),
        ("script: /etc/passwd.py", "below the service's folder"),
        ("script: ../other/tests.py", "below the service's folder"),
        ("script: tests/plan.jmx", "must be a .py file"),
        ("health_path: health", "starts with '/'"),
        ("health_path: /he alth", "no white space"),
        ("health: /x", "did you mean 'health_path'?"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_tests_file("tests.yaml", text)
    assert [words in fault.message for fault in caught.value.faults] == [True]
