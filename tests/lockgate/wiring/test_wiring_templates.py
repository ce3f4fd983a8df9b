"""What onboarding writes beside a service's values names a schema that is there, and keeps to it."""

import json
from pathlib import Path, PurePosixPath

from jsonschema import Draft202012Validator

from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.schemas import perfspec_schema
from lockgate.specs.tests_file import parse_tests_file
from lockgate.wiring.templates import templates

SOCKSHOP = Path(__file__).resolve().parents[3] / "src/sockshop/files"
FILES = templates(15).files
PERFSPECS = sorted(PurePosixPath(path) for path in FILES if PurePosixPath(path).match("perfspec/perfspec*.json"))


def named_by(path: PurePosixPath, text: str) -> str:
    """The file that *text*, at *path*, names as its schema."""
    return str(path.parent / json.loads(text)["$schema"])


def test_a_gate_names_the_schema_beside_it_and_keeps_to_it() -> None:
    assert len(PERFSPECS) == 2
    for path in PERFSPECS:
        text = FILES[str(path)]
        schema = json.loads(FILES[named_by(path, text)])
        assert schema == perfspec_schema()
        assert list(Draft202012Validator(schema).iter_errors(json.loads(text))) == []
        assert parse_perfspec(str(path), text).points == 100


def test_the_gates_of_the_demo_name_the_same_once_they_are_onboarded() -> None:
    shipped = sorted(SOCKSHOP.glob("perfspec_*.json"))
    assert len(shipped) == 2
    assert {named_by(PurePosixPath("perfspec") / path.name, path.read_text()) for path in shipped} <= set(FILES)


def test_the_tests_file_drives_its_load_as_long_as_it_is_told() -> None:
    assert parse_tests_file("tests.yaml", FILES["tests/tests.yaml"]).load.seconds == 15
