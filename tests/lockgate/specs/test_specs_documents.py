"""The examples of the reference pages are files that the parsers accept, and say what the pages say."""

import json
import re
from pathlib import Path

from lockgate.delivery.rehearse import differences, rehearse
from lockgate.domain.gate import Bound, Thresholds
from lockgate.domain.testing import Load
from lockgate.evaluation.shown import evaluation_json
from lockgate.specs.cases import parse_cases
from lockgate.specs.perfspec import parse_perfspec, warnings
from lockgate.specs.placeholders import NAMES
from lockgate.specs.shipyard import parse_shipyard
from lockgate.specs.tests_file import TestsFile, parse_tests_file

REFERENCE = Path(__file__).resolve().parents[3] / "docs/reference"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (REFERENCE / page).read_text(), re.DOTALL | re.MULTILINE)


def test_the_perfspec_page_shows_gates_without_a_warning() -> None:
    absolute, relative = (parse_perfspec("perfspec.json", text) for text in blocks("perfspec.md", "json"))
    for gate in (absolute, relative):
        assert warnings(gate) == ()
        assert gate.indicators[0].title == "average response time"
    assert not absolute.is_relative
    assert relative.indicators[0].grading == Thresholds(upper_severe=1, percent={Bound.UPPER_SEVERE: 10})
    assert relative.indicators[0].first_run_passes


def test_the_perfspec_page_names_every_bound_and_placeholder() -> None:
    page = (REFERENCE / "perfspec.md").read_text()
    assert [
        name
        for name in [*Bound, *(f"{bound}Perc" for bound in Bound), *(f"${name}" for name in NAMES)]
        if f"`{name}`" not in page
    ] == []


def test_the_shipyard_page_shows_the_documents_three_stages() -> None:
    (shipyard,) = blocks("shipyard.md", "yaml")
    assert [stage.name for stage in parse_shipyard("shipyard.yaml", shipyard, "sockshop").stages] == [
        "dev",
        "staging",
        "production",
    ]


def test_the_tests_page_shows_the_defaults() -> None:
    (tests,) = blocks("tests.md", "yaml")
    assert parse_tests_file("tests.yaml", tests) == TestsFile("tests/locustfile.py", Load(), "/health")


def test_the_files_that_onboarding_ships_are_accepted() -> None:
    shipped = sorted((REFERENCE.parents[1] / "src").rglob("perfspec_*.json"))
    for path in shipped:
        assert parse_perfspec(path.name, path.read_text()).points > 0
        assert json.loads(path.read_text())["objectives"]
    assert shipped


def test_the_cases_of_the_page_on_gate_tests_conclude_what_it_says() -> None:
    (text,) = blocks("gate-tests.md", "yaml")
    perfspec, _ = blocks("perfspec.md", "json")
    id_ = parse_perfspec("perfspec.json", perfspec).indicators[0].id
    cases = parse_cases("cases.yaml", text.replace("response_time", id_))
    told = [differences(evaluation_json(rehearse(case, lambda _: perfspec)), case.expect) for case in cases]
    assert told == [[], [], []]
