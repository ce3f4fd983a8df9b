"""An explanation stays readable, whatever a source answered."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lockgate.cli.explain import describe_evaluation
from lockgate.domain.evaluation import Answer, Measurement, Sample, SpecSource, Subject, Unmeasured, Window
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge
from lockgate.evaluation.shown import evaluation_json
from lockgate.specs.perfspec import parse_perfspec

END = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
GATE = """{"spec_version": "1.0", "indicators": [{"id": "latency", "source": "Prometheus", "query": "latency",
 "grading": {"type": "Threshold", "thresholds": {"upperSevere": 1}, "metricScore": 100}}],
 "objectives": {"pass": 90}}"""
PLACE = Place(ProjectName("shop"), StageName("staging"), ServiceName("web"))
SUBJECT = Subject(place=PLACE, delivery="d", image="web", tag="1.0", release="r", colour="", deployment="web")
REQUEST = "POST /api/v1/query"


def series(count: int, release: str = "r", value: float = 0.5) -> list[Sample]:
    return [Sample({"pod": f"p{index}", "release": release}, value, END.timestamp()) for index in range(count)]


def explained(
    capsys: pytest.CaptureFixture[str], samples: Sequence[Sample] | Unmeasured, revision: str = "0123456789ab"
) -> str:
    result = samples if isinstance(samples, Unmeasured) else Answer(tuple(samples), REQUEST)
    measured = Measurement(indicator="latency", source="Prometheus", query="latency", result=result)
    window = Window(END - timedelta(seconds=60), END)
    spec = SpecSource("perfspec.json", revision, GATE)
    gate = parse_perfspec("perfspec.json", GATE)
    describe_evaluation(evaluation_json(judge(gate, (measured,), SUBJECT, window, spec, "e")))
    return capsys.readouterr().out


def lines(text: str, what: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"  {what} ")]


def test_of_thousands_of_series_the_broken_ones_are_told_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    slow = Sample({"pod": "slow", "release": "r"}, 2.0, END.timestamp())
    text = explained(capsys, [*series(5000), slow, *series(3000, release="before")])
    judged, aside = lines(text, "judged"), lines(text, "aside")
    assert (len(judged), len(aside)) == (201, 201)
    assert judged[0] == '  judged  2.0  {"pod":"slow","release":"r"}'
    assert judged[-1] == "  judged  and 4801 more series: -o json has all of them"
    assert aside[-1] == "  aside   and 2800 more series: -o json has all of them"


def test_as_many_series_as_can_be_read_are_told_one_by_one_as_they_came(capsys: pytest.CaptureFixture[str]) -> None:
    judged = lines(explained(capsys, series(200)), "judged")
    assert [line.split('"pod":"')[1].split('"')[0] for line in judged] == [f"p{index}" for index in range(200)]


def test_only_what_was_asked_is_told_as_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(explained(capsys, series(1)), "asked") == [f"  asked   {REQUEST}"]
    assert lines(explained(capsys, Unmeasured("metric source Prometheus is not configured", "latency")), "asked") == []


def test_a_file_that_was_tried_has_no_revision(capsys: pytest.CaptureFixture[str]) -> None:
    assert "gate    perfspec.json at 0123456789\n" in explained(capsys, series(1))
    assert explained(capsys, series(1), revision="").endswith("gate    perfspec.json\n")
