"""docs/reference/cli.md says of each command what the program says of itself: no flag more, none less."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from lockgate.cli.ending import Ending
from lockgate.cli.main import application

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "cli.md").read_text()
SHARED = ("Flags of every command", "Flags of commands that ask the server")
FLAG_CELL = re.compile(r"^\| ((?:`-[^`]+`(?:, )?)+) \|", re.MULTILINE)


def sections() -> dict[str, str]:
    """Heading → the text below it, up to the next heading."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def flags_in(text: str) -> set[str]:
    """What stands in the first cells of a section's table."""
    return {flag for cell in FLAG_CELL.findall(text) for flag in re.findall(r"`(-[^`]+)`", cell)}


def commands(command: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    command = command or typer.main.get_command(application())
    if not getattr(command, "commands", {}) or getattr(command, "invoke_without_command", False):
        yield " ".join(("lockgate", *words)), command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


COMMANDS = dict(commands())
HEADINGS = {" ".join(re.findall(r"[a-z-]+", re.sub(r"\[.*?\]", "", name))): name for name in sections()}


def flags_of(command: Any) -> set[str]:
    options = [each for each in command.params if each.param_type_name == "option"]
    return {flag for each in options for flag in (*each.opts, *each.secondary_opts)}


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_has_a_section_with_its_arguments(words: str) -> None:
    assert words in HEADINGS, f"docs/reference/cli.md has no section `{words}`"
    for each in COMMANDS[words].params:
        if each.param_type_name == "argument":
            assert each.metavar in HEADINGS[words], f"{words}: argument {each.metavar} is missing in its heading"


@pytest.mark.parametrize("words", COMMANDS)
def test_a_commands_flags_are_those_of_its_section_and_the_shared_ones(words: str) -> None:
    told = flags_in(sections()[HEADINGS[words]])
    everywhere, asking = (flags_in(sections()[name]) for name in SHARED)
    real = flags_of(COMMANDS[words])
    assert real - everywhere - asking <= told, f"{words}: undocumented flags"
    assert told <= real, f"{words}: documented flags that it does not have"
    if "--mock" in real:
        assert asking - {"--output", "-o"} <= real


def test_the_shared_flags_are_documented() -> None:
    everywhere, asking = (flags_in(sections()[name]) for name in SHARED)
    assert everywhere == {"--verbose", "-v", "--quiet", "-q", "--help", "-h"}
    assert asking == {"--timeout", "--mock", "--output", "-o"}


def test_no_section_is_about_a_command_that_is_gone() -> None:
    told = {words for words in HEADINGS if words.startswith("lockgate ")}
    assert told == set(COMMANDS)


def test_defaults_that_are_told_are_true() -> None:
    for words, command in COMMANDS.items():
        rows = re.findall(r"^\| `(--[a-z-]+)`[^|]*\| (\d+) \|", sections()[HEADINGS[words]], re.MULTILINE)
        real = {each.opts[0]: each.default for each in command.params if each.param_type_name == "option"}
        for flag, default in rows:
            assert float(real[flag]) == float(default), f"{words} {flag}"


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", sections()["Exit codes"], re.MULTILINE)}
    assert told == {int(ending) for ending in Ending}
