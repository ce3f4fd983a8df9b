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
