"""Files that the docs show are read by our own parsers, and commands that they name exist with their options."""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.house.doc_blocks import Block, blocks, spans

from lockgate.charts.values import parse_values
from lockgate.cli.main import application
from lockgate.domain.testing import CheckResult
from lockgate.sources.file import FileSource
from lockgate.specs.cases import parse_cases
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.queries.http_json import read_http
from lockgate.specs.queries.reading import parsed
from lockgate.specs.shipyard import parse_shipyard
from lockgate.specs.sli import Sli, parse_sli
from lockgate.specs.slo import parse_slo
from lockgate.specs.tests_file import parse_tests_file
from lockgate.testers.report import parse_report
from pocketkube.runtime.catalogue import read_images

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

Readers = Mapping[str, Callable[[str], object]]
# What a file of ours has at its top level → its parser.
YAML: Readers = {
    "stages:": lambda text: parse_shipyard("shipyard.yaml", text, "sockshop"),
    "service:": lambda text: parse_values(_service_in(text), "values.yaml", text),
    "tests:": lambda text: parse_cases("cases.yaml", text),
    "load:": lambda text: parse_tests_file("tests.yaml", text),
    "objectives:": lambda text: parse_slo("slo.yaml", text, {sli: Sli("Prometheus", "up") for sli in _slis(text)}),
    "indicators:": lambda text: parse_sli("sli.yaml", text),
}
JSON: Readers = {
    '"indicators"': lambda text: parse_perfspec("perfspec.json", text),
    '"failure_ratio"': lambda text: _report(text),
    '"specversion"': json.loads,
    '"url"': lambda text: parsed(read_http, json.loads(text), "Http"),
    '"latency"': FileSource,
}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def examples() -> Iterator[Any]:
    for page in PAGES:
        found = [block for block in blocks(page.read_text()) if block.language in ("json", "yaml", "toml", "python")]
        for number, block in enumerate(found, start=1):
            yield pytest.param(block, id=f"{named(page)}-{block.language}-{number}")


@pytest.mark.parametrize("block", list(examples()))
def test_a_file_that_a_page_shows_is_read_by_its_own_parser(block: Block, tmp_path: Path) -> None:
    match block.language:
        case "python":
            compile(block.text, block.title, "exec")
        case "toml":
            file = tmp_path / "images.toml"
            file.write_text(block.text)
            assert read_images(file)
        case "yaml":
            _reader(YAML, block)(block.text)
        case _:
            _reader(JSON, block)(block.text)


def test_a_file_that_nobody_knows_has_no_parser() -> None:
    with pytest.raises(AssertionError, match="of no file of ours"):
        _reader(YAML, Block("yaml", "replicas: 3\n", ""))


def command_lines() -> Iterator[Any]:
    """Lines of shells, and code in sentences; `keptn` where it stands for our own program."""
    for page in PAGES:
        text = page.read_text()
        shells = "\n".join(block.text for block in blocks(text) if block.language in ("sh", "console"))
        own = r"lockgate|keptn" if page.parent.name == "tutorial" or page.parent == ROOT else "lockgate"
        lines = [*shells.replace("\\\n", " ").splitlines(), *spans(text)]
        found = {match[0] for line in lines for match in re.finditer(rf"\b({own}) [a-z][^`|#)…]*", line)}
        for line in sorted(found):
            yield pytest.param(line, id=f"{named(page)}: {line.strip()}")


@pytest.mark.parametrize("line", list(command_lines()))
def test_a_command_that_a_page_names_exists_with_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: Any = typer.main.get_command(application())
    while words and hasattr(command, "commands"):
        known = command.commands
        if words[0].startswith("-"):
            break
        assert words[0] in known, f"no command {words[0]!r} in `{line}`; known are {', '.join(known)}"
        command = known[words.pop(0)]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.split("=")[0] in {*options, "--help", "-h"}, f"`{line}`: {command.name} has no option {word}"


def _reader(readers: Readers, block: Block) -> Callable[[str], object]:
    for mark, reader in readers.items():
        if re.search(rf"^\s*{re.escape(mark)}|{{{re.escape(mark)}|, {re.escape(mark)}", block.text, re.MULTILINE):
            return reader
    raise AssertionError(f"below {block.title!r} stands {block.language} of no file of ours: add its parser here")


def _report(text: str) -> None:
    assert isinstance(parse_report(text, None), CheckResult)


def _slis(slo: str) -> list[str]:
    return re.findall(r"\bsli: (\w+)", slo)


def _service_in(values: str) -> str:
    found = re.search(r"^service:\n(?:  .*\n)*?  name: (\S+)$", values, re.MULTILINE)
    assert found, "a values file in the docs names its service"
    return found[1]
