"""The page on SLO files shows a gate that is read, judged and refused as it says."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Answer, Measurement, Sample
from lockgate.domain.gate import Aggregate, Comparison, Criterion, Gate, OnNoData
from lockgate.evaluation.grading import grade
from lockgate.evaluation.score import score
from lockgate.specs import sli, slo
from lockgate.specs.criterion import parse_criterion
from lockgate.specs.gate_files import GateFile, joined, parse_gate

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/slo.md").read_text()


def section(title: str) -> str:
    _, _, text = PAGE.partition(f"\n## {title}\n")
    assert text, f"the page has a section {title!r}"
    return text.partition("\n## ")[0]


def page_gate() -> Gate:
    objectives, queries, _ = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return parse_gate(GateFile("carts/slo.yaml", joined(objectives, queries)))


def measured(indicator: str, value: float) -> Measurement:
    return Measurement(indicator, "Prometheus", "up", Answer((Sample({}, value, 0.0),), "up"))


def criteria(text: str) -> list[str]:
    return re.findall(r"`([<>=]+[^`]+)`", text)


def test_the_two_files_of_the_page_are_one_gate() -> None:
    gate = page_gate()
    told = [(each.id, each.source, each.points, each.is_key, each.is_informational) for each in gate.indicators]
    assert told == [
        ("response_time_p95", "Prometheus", 2, True, False),
        ("error_rate", "Prometheus/eu", 1, False, False),
        ("throughput", "Dynatrace", 1, False, True),
    ]
    assert gate.comparison == Comparison(3, frozenset({"pass", "warning"}), Aggregate.AVERAGE)


def test_the_criteria_of_the_table_are_read() -> None:
    rows = re.findall(r"^\| `([<>=].*?)` \|", section("Criteria"), re.MULTILINE)
    assert [type(parse_criterion(text)) for text in rows] == [Criterion] * 6


@pytest.mark.parametrize("text", criteria(section("Refused")))
def test_the_criteria_that_the_page_calls_refused_are(text: str) -> None:
    with pytest.raises(InvalidError):
        parse_criterion(text)


def test_the_page_names_criteria_that_are_refused() -> None:
    assert criteria(section("Refused")) == ["<=800ms", "<=10%"]


def test_the_score_on_the_page_is_reckoned_so() -> None:
    gate = page_gate()
    values = {"response_time_p95": 0.7, "error_rate": 0.001, "throughput": 9.0}
    grades = [grade(each, measured(each.id, values[each.id]), "r1") for each in gate.indicators]
    told = [f"    {line}" for line in score(gate, grades).arithmetic]
    assert "\n".join(told) in section("Score")


@pytest.mark.parametrize(("value", "verdict"), [(0.1, "pass"), (0.5, "no_data"), (0.7, "warning"), (0.9, "fail")])
def test_a_first_run_is_judged_where_other_criteria_decide(value: float, verdict: str) -> None:
    first = replace(page_gate().indicators[0], first_run_passes=False)
    assert grade(first, measured(first.id, value), "r1").verdict == verdict


def test_the_page_names_every_field_and_word() -> None:
    tables = [slo.FILE, slo.OBJECTIVE, slo.TOTAL, slo.COMPARISON, sli.FILE, sli.INDICATOR]
    fields = {name for table in tables for name in (*table.required, *table.optional)}
    words = {slo.SINGLE, slo.SEVERAL, *slo.INCLUDED, *Aggregate, *OnNoData}
    rows = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert [name for name in sorted(fields | words) if not re.search(rf"`([\w\[\].]*\.)?{name}[`.]", rows)] == []
