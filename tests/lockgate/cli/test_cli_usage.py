"""Every command, used wrongly: exit code 1 (2 would mean that a gate refused), and one line that says how to go on."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

import pytest
import typer.main

from lockgate.cli.main import COMMANDS, GROUPS, application

NEW_ARTIFACT = ("--project=shop", "--service=carts")
MISSING: Mapping[str, tuple[str, ...]] = {
    "auth": ("--api-token-file=-",),
    "clone": (),
    "configure monitoring": (),
    "create project": ("shop",),
    "evaluate": ("--project=shop", "--stage=dev", "--service=carts"),
    "evaluation invalidate": ("e1",),
    "explain": (),
    "gate check": (),
    "gate test": (),
    "gate replay": ("--project=shop",),
    "get delivery": (),
    "get evaluation": ("--project=shop",),
    "get services": (),
    "get stages": (),
    "onboard service": ("--project=shop",),
    "send event": (),
    "send event new-artifact": NEW_ARTIFACT,
    "send new-artifact": NEW_ARTIFACT,
    "serve": (),
}
"""Command → arguments that lack something. The other commands can be called without any."""

COMPLETE = frozenset(("demo", "down", "env", "get deliveries", "get events", "get projects", "logs", "up", "version"))


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its words as the user types them."""
    command = command or typer.main.get_command(application())
    below = getattr(command, "commands", {})
    if not below or getattr(command, "invoke_without_command", False):
        yield " ".join(words), command
    for name, child in below.items():
        yield from commands(child, (*words, name))


WRONG = {
    **{f"{words} --no-such-flag": (*words.split(), "--no-such-flag") for words, _ in commands()},
    **{f"{words} without enough": (*words.split(), *given) for words, given in MISSING.items()},
}


@pytest.fixture
def user(shell: Any) -> Any:
    """Logged in to a place where nothing answers: a wrong use must be seen before anything is sent."""
    shell.log_in("http://127.0.0.1:1")
    return shell


@pytest.mark.parametrize("words", WRONG)
def test_a_command_used_wrongly_exits_1_with_one_line_on_standard_error(words: str, user: Any) -> None:
    answer = user.run(*WRONG[words])
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("Error: ")
    assert len(answer.err.splitlines()) == 1
    if words.endswith("--no-such-flag"):
        assert "--no-such-flag" in answer.err
        assert answer.err.endswith(f"{words.removesuffix(' --no-such-flag')} --help\n")


def test_every_command_is_either_complete_without_arguments_or_tried_without_enough_of_them() -> None:
    known = {words for words, _ in commands()}
    assert known == set(MISSING) | COMPLETE
    for words, command in commands():
        if words in COMPLETE:
            assert not [each.name for each in command.params if each.required], words


def test_a_group_alone_shows_its_commands_and_exits_1(shell: Any) -> None:
    for group in ((), ("get",)):
        answer = shell.run(*group)
        assert answer.code == 1
        assert "version" in answer.out if not group else "projects" in answer.out


def test_help_is_asked_for_with_either_flag_and_exits_0(shell: Any) -> None:
    for flag in ("-h", "--help"):
        answer = shell.run("send", "new-artifact", flag)
        assert answer.code == 0
        assert "--image" in answer.out


def test_an_unknown_command_is_named(shell: Any) -> None:
    answer = shell.run("frobnicate")
    assert (answer.code, answer.err) == (1, "Error: No such command 'frobnicate': see lockgate --help\n")


@pytest.mark.parametrize("words", [("-v", "get", "projects", "-q"), ("get", "-q", "projects", "-v")])
def test_verbose_and_quiet_exclude_each_other_wherever_they_stand(words: tuple[str, ...], shell: Any) -> None:
    answer = shell.run(*words)
    assert answer.code == 1
    assert answer.err == (
        "Error: Verbose logging and quiet output are mutually exclusive flags. Please use only one.\n"
    )


def test_an_unknown_output_format_is_refused_with_the_known_ones(shell: Any) -> None:
    answer = shell.run("get", "projects", "--output=xml")
    assert answer.code == 1
    assert answer.err.startswith(
        "Error: Invalid value for '--output' / '-o': 'xml' is not one of 'table', 'json', 'yaml'"
    )


def test_the_program_starts_from_nothing_and_says_its_version(shell: Any) -> None:
    answer = shell.run_afresh("version")
    assert answer.code == 0
    assert answer.out.startswith("CLI version: ")
    assert shell.run_afresh("--version").out == answer.out


def test_keptn_is_the_same_program_as_lockgate() -> None:
    named = {
        each.name: each.value for each in entry_points(group="console_scripts") if each.value.startswith("lockgate")
    }
    assert named == {"lockgate": "lockgate.cli.main:main", "keptn": "lockgate.cli.main:main"}


@pytest.mark.parametrize("name", ["get", "send", "auth", "create"])
def test_a_command_that_asks_the_server_imports_nothing_of_those_that_start_one(name: str) -> None:
    program = "import sys; from lockgate.cli.main import application; application(sys.argv[1]); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True)
    imported = {module.partition(".")[0] for module in ended.stdout.split()}
    assert not imported & {"fastapi", "sqlalchemy", "dbos", "pocketkube", "locust"}
    assert "lockgate.wiring" not in ended.stdout.split()
    assert "lockgate.cli.following" not in ended.stdout.split()


def test_a_command_built_alone_is_that_of_the_whole_program() -> None:
    alone = [typer.main.get_command(application(name)) for name in (*COMMANDS, *GROUPS)]
    assert {words for one in alone for words, _ in commands(one)} == {words for words, _ in commands()}


def test_flags_before_a_command_do_not_hide_it(user: Any) -> None:
    answer = user.run("-q", "--verbose", "nope")
    assert (answer.code, answer.err) == (1, "Error: No such command 'nope': see lockgate --help\n")
    assert user.run("-q", "get", "projects", "--mock").err.startswith("mock: GET ")
