"""A verdict stands once in a line, whatever the gate's sentence begins with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lockgate.cli.progress import describe
from lockgate.cli.sentences import beside_verdict
from lockgate.domain.evaluation import Answer, Measurement, Sample, SpecSource, Subject, Unmeasured, Verdict, Window
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge
from lockgate.specs.perfspec import parse_perfspec

END = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
GATE = """{"spec_version": "1.0", "indicators": [{"id": "latency", "source": "Prometheus", "query": "latency",
 "grading": {"type": "Threshold", "thresholds": {"upperSevere": 1, "upperWarning": 0.8}, "metricScore": 100}}],
 "objectives": {"pass": 90, "warning": 50}}"""
PLACE = Place(ProjectName("shop"), StageName("staging"), ServiceName("web"))
SUBJECT = Subject(place=PLACE, delivery="d", image="web", tag="1.0", release="r", colour="", deployment="web")


def answered(*values: float) -> Answer:
    return Answer(tuple(Sample({"release": "r"}, value, END.timestamp()) for value in values), request="latency")


RESULTS: dict[Verdict, Answer | Unmeasured] = {
    Verdict.PASS: answered(0.1),
    Verdict.WARNING: answered(0.9),
    Verdict.FAIL: answered(2.0),
    Verdict.NO_DATA: answered(),
    Verdict.ERROR: Unmeasured("it is away"),
}


def sentence_of(verdict: Verdict) -> str:
    measured = Measurement(indicator="latency", source="Prometheus", query="latency", result=RESULTS[verdict])
    window = Window(END - timedelta(seconds=60), END)
    evaluation = judge(
        parse_perfspec("perfspec.json", GATE), (measured,), SUBJECT, window, SpecSource("perfspec.json", "1", GATE), "e"
    )
    assert evaluation.verdict is verdict
    return evaluation.sentence


@pytest.mark.parametrize("verdict", Verdict)
def test_the_sentence_of_every_verdict_begins_with_its_reason_then(verdict: Verdict) -> None:
    assert beside_verdict(sentence_of(verdict)).startswith("latency ")
    assert beside_verdict(f"staging: {sentence_of(verdict)}", "dev", "staging").startswith("staging: latency ")


@pytest.mark.parametrize(
    "sentence", ["", "functional tests passed; this stage has no performance gate", "dev: no image"]
)
def test_a_reason_without_a_verdict_stays_as_it_is(sentence: str) -> None:
    assert beside_verdict(sentence, "dev") == sentence


def test_the_lines_of_a_refused_artifact_say_each_verdict_once() -> None:
    reason = "failed: latency 2 is over 1"
    assert line("sh.lockgate.events.delivery-finished", outcome="rejected", reason=f"staging: {reason}") == (
        "staging     rejected: staging: latency 2 is over 1"
    )
    assert line("sh.keptn.events.evaluation-done", **evaluated("fail", reason)) == (
        "staging     ✖ evaluation_done: fail: latency 2 is over 1"
    )
    assert line("sh.lockgate.events.stage-finished", outcome="rejected", verdict="fail", reason=reason) == (
        "staging     ✖ rejected (fail): latency 2 is over 1"
    )


def line(type_: str, **data: Any) -> str:
    return describe({"type": type_, "time": END.isoformat(), "data": {"stage": "staging", "service": "web", **data}})


def evaluated(verdict: str, reason: str) -> dict[str, Any]:
    return {"evaluationpassed": verdict == "pass", "evaluationdetails": {"result": verdict, "reason": reason}}
