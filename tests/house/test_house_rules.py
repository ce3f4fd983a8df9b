"""The rules of the house that a machine can hold and ruff, mypy and import-linter do not."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
PROGRAMS = ("lockgate", "pocketkube")
VAGUE = re.compile(r"(^|_)(utils?|common|core|helpers?|managers?|misc|stuff)(_|$)")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_module_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{name_of(path)} has no docstring"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_holds_one_thought(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= 300, f"{name_of(path)} has {lines} lines, at most 300"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_file_or_folder_has_a_vague_name(path: Path) -> None:
    for part in path.relative_to(ROOT / "src").with_suffix("").parts:
        assert not VAGUE.search(part), f"{name_of(path)}: {part!r} says nothing about what lives there"


def test_a_rooms_init_holds_its_admission_rule_and_nothing_else() -> None:
    for program in PROGRAMS:
        for init in (ROOT / "src" / program).rglob("__init__.py"):
            tree = ast.parse(init.read_text())
            extra = [
                node for node in tree.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            ]
            assert not extra, f"{name_of(init)} holds code: a room's __init__ is its rule and nothing else"


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    forbidden = re.compile(r"files\.pythonhosted|registry\.npmjs|pypi\.org/simple|deb\.debian\.org|/work/main|/root/")
    tracked = [*SOURCES, *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md"), *ROOT.glob("*.txt"), ROOT / "Makefile"]
    for path in tracked:
        found = forbidden.search(path.read_text())
        assert not found, f"{name_of(path)} holds {found.group() if found else ''}"
