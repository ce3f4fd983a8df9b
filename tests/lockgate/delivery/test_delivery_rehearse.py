"""Unit tests of gates: the judge that a delivery has, on values from a file."""

import pytest

from lockgate.delivery.rehearse import differences, rehearse
from lockgate.domain.errors import InvalidError, SpecError
from lockgate.domain.evaluation import Evaluation, Verdict
from lockgate.specs.cases import parse_cases
from lockgate.testing.world import PERFSPEC


def tried(samples: str, perfspec: str = "p.json", text: str = PERFSPEC, more: str = "") -> Evaluation:
    cases = f"tests:\n- name: it\n  perfspec: {perfspec}\n  samples: {samples}\n{more}"
    (case,) = parse_cases("cases.yaml", cases)

    def read(path: str) -> str:
        assert path == perfspec
        return text

    return rehearse(case, read)


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [
        ("{response_time: [{value: 0.2}]}", Verdict.PASS),
        ("{response_time: [{value: 0.9}]}", Verdict.WARNING),
        ("{response_time: [{key: a, value: 0.2}, {key: b, value: 1}]}", Verdict.FAIL),
        ("{response_time: []}", Verdict.NO_DATA),
        ("{}", Verdict.NO_DATA),
        ("{response_time: [{value: NaN}]}", Verdict.NO_DATA),
        ("{response_time: {error: away}}", Verdict.ERROR),
        ("{response_time: {timeout: true}}", Verdict.ERROR),
    ],
)
def test_a_case_is_judged_as_a_delivery_would_be(samples: str, verdict: Verdict) -> None:
    assert tried(samples).verdict is verdict


def test_series_of_another_release_are_set_aside() -> None:
    samples = '{response_time: [{key: \'{"release":"old"}\', value: 9}, {key: \'{"release":"new"}\', value: 0.2}]}'
    evaluation = tried(samples, more="  release: new\n")
    assert evaluation.verdict is Verdict.PASS
    assert len(evaluation.indicators[0].set_aside) == 1


def test_a_gate_that_a_push_would_refuse_is_refused_with_its_file() -> None:
    with pytest.raises(SpecError, match=r"p\.json"):
        tried("{}", text="{}")


def test_samples_of_an_indicator_that_the_gate_has_not_are_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidError, match="no indicator 'resp_time': there is response_time"):
        tried("{resp_time: [{value: 1}]}")


RELATIVE = """{"spec_version": "1.1",
 "indicators": [{"id": "response_time", "source": "Prometheus", "query": "response_time{release='$RELEASE'}",
   "grading": {"type": "Threshold", "thresholds": {"upperSeverePerc": 10}, "metricScore": 100}}],
 "objectives": {"pass": 90, "warning": 40}}
"""
RUN = "{indicators: [{id: response_time, judged: [{value: 1, labels: {release: old}}]}], verdict: VERDICT, id: e1}"


@pytest.mark.parametrize(
    ("value", "previous", "verdict"),
    [
        (1.05, "[{response_time: [{value: 1}]}]", Verdict.PASS),
        (1.2, "[{response_time: [{value: 1}]}]", Verdict.FAIL),
        (1.2, "[{response_time: [{value: 1.1}]}, {response_time: [{value: 1}]}]", Verdict.PASS),
        (1.05, f"[{RUN.replace('VERDICT', 'pass')}]", Verdict.PASS),
        (1.05, f"[{RUN.replace('VERDICT', 'fail')}]", Verdict.NO_DATA),
        (1.05, f"[{RUN.replace('VERDICT', 'pass, invalidated: it was a bad day')}]", Verdict.NO_DATA),
        (1.05, "[]", Verdict.NO_DATA),
    ],
)
def test_a_relative_bound_is_compared_with_the_newest_run_that_counts(
    value: float, previous: str, verdict: Verdict
) -> None:
    samples = f"{{response_time: [{{value: {value}}}]}}"
    assert tried(samples, text=RELATIVE, more=f"  previous: {previous}\n").verdict is verdict


@pytest.mark.parametrize("before", [41, 10_000, 100_000_000])
@pytest.mark.parametrize(
    "previous",
    [
        "[{response_time: [{value: 1, timestamp: WHEN}]}]",
        "[{verdict: pass, id: e1, indicators: [{id: response_time, judged: [{value: 1, timestamp: WHEN}]}]}]",
    ],
)
def test_an_earlier_run_may_be_of_any_time_before(previous: str, before: int) -> None:
    text = RELATIVE.replace('"metricScore"', '"firstRun": "pass", "metricScore"')
    more = f"  previous: {previous.replace('WHEN', str(1_700_000_000 - before))}\n"
    slow = tried("{response_time: [{value: 1.2, timestamp: 1700000000}]}", text=text, more=more)
    assert slow.verdict is Verdict.FAIL
    assert "(+10 % of 1" in slow.sentence


@pytest.mark.parametrize(
    ("previous", "verdict"),
    [
        ("[]", Verdict.PASS),
        (
            '[{response_time: [{key: \'{"path":"/a"}\', value: 1}, {key: \'{"path":"/b"}\', value: 1}]}]',
            Verdict.NO_DATA,
        ),
    ],
)
def test_first_run_passes_a_first_run_and_not_series_of_another_name(previous: str, verdict: Verdict) -> None:
    text = RELATIVE.replace('"metricScore"', '"firstRun": "pass", "metricScore"')
    renamed = '{response_time: [{key: \'{"path":"/c"}\', value: 100}, {key: \'{"path":"/d"}\', value: 100}]}'
    assert tried(renamed, text=text, more=f"  previous: {previous}\n").verdict is verdict


def test_an_slo_file_is_tested_by_the_names_of_its_objectives() -> None:
    slo = "{objectives: [{sli: rt, pass: [{criteria: ['<1']}]}], total_score: {pass: 90}}"
    cases = f"tests:\n- {{name: it, slo: {slo}, samples: {{rt: [{{value: 0.5}}]}}}}\n"
    (case,) = parse_cases("cases.yaml", cases)
    evaluation = rehearse(case, lambda _: "")
    assert (evaluation.verdict, evaluation.score, evaluation.in_percent) == (Verdict.PASS, 100, True)


FOUND = {
    "verdict": "pass",
    "score": 100.0,
    "indicators": [{"id": "a", "points": 60}, {"id": "b", "points": 40}],
    "x": [1],
}


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ({}, []),
        ({"verdict": "pass", "score": 100}, []),
        ({"score": 100.00000000001}, []),
        ({"indicators": [{"id": "b", "points": 40}]}, []),
        ({"verdict": "fail"}, ["verdict: expected 'fail', found 'pass'"]),
        ({"score": 99.9}, ["score: expected 99.9, found 100.0"]),
        ({"score": True}, ["score: expected True, found 100.0"]),
        ({"indicators": [{"id": "a", "points": 1}]}, ["indicators.a.points: expected 1, found 60"]),
        ({"indicators": [{"id": "c"}]}, ["indicators.c: there is no such field: there is a, b"]),
        ({"verdct": "pass"}, ["verdct: there is no such field: there is verdict, score, indicators, x"]),
        ({"x": [2]}, ["x[0]: expected 2, found 1"]),
        ({"x": []}, ["x: expected [], found [1]"]),
        ({"verdict": {"a": 1}}, ["verdict: expected {'a': 1}, found 'pass'"]),
    ],
    ids=str,
)
def test_any_part_of_an_evaluation_can_be_expected(expected: object, told: list[str]) -> None:
    assert differences(FOUND, expected) == told
