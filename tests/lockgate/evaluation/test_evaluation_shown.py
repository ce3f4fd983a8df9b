"""What an evaluation looks like in JSON, field by field."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from tests.lockgate.evaluation.cases import START, perfspec, relative, run_before, slo, verdict_on

from lockgate.domain.evaluation import Answer, Sample, Unmeasured
from lockgate.domain.gate import OnNoData
from lockgate.evaluation.shown import evaluation_json, plain, target_text

SHOP = Sample({"release": "new", "path": "/"}, 1.5, START.timestamp())
OTHER = Sample({"release": "old"}, 9.0, 10.0)


def the_indicator(shown: dict[str, Any]) -> dict[str, Any]:
    (one,) = shown["indicators"]
    return dict(one)


def test_an_evaluation_says_what_was_judged_where_and_with_what_outcome() -> None:
    evaluation = replace(
        verdict_on(perfspec(relative({"upperSevere": 10})), [SHOP], earlier=[run_before([1.0])]), invalidated="a mishap"
    )
    shown = evaluation_json(evaluation)
    assert list(map(shown.pop, ("arithmetic", "sentence", "would_pass", "indicators"))) == [
        list(evaluation.arithmetic),
        evaluation.sentence,
        evaluation.would_pass,
        [the_indicator(evaluation_json(evaluation))],
    ]
    assert shown == {
        "id": "e-1",
        "project": "sockshop",
        "stage": "staging",
        "service": "carts",
        "delivery": "d-1",
        "image": "docker.io/keptnexamples/carts",
        "tag": "0.6.1",
        "release": "new",
        "colour": "green",
        "deployment": "carts-green",
        "window": {"start": "2026-11-22T21:00:00.000Z", "end": "2026-11-22T21:00:15.000Z"},
        "spec": {"path": "carts/slo.yaml", "revision": "abc", "text": "{}"},
        "verdict": "fail",
        "score": 0.0,
        "score_possible": 100,
        "in_percent": False,
        "needed": {"pass": 90, "warning": 50},
        "compared_with": ["e-0"],
        "invalidated": "a mishap",
    }


def test_an_indicator_says_what_was_asked_answered_judged_and_broken() -> None:
    gate = perfspec(replace(relative({}, upper_severe=1.0), metadata={"unit": "s", "odd": math.nan}, is_key=True))
    evaluation = verdict_on(gate, [SHOP, OTHER])
    answer = Answer((SHOP, OTHER), "POST /query", ("partial",))
    (result,) = evaluation.indicators
    result = replace(result, measurement=replace(result.measurement, result=answer), notes=("a note",))
    shop = {"labels": {"release": "new", "path": "/"}, "value": 1.5, "timestamp": START.timestamp()}
    other = {"labels": {"release": "old"}, "value": 9.0, "timestamp": 10.0}
    assert the_indicator(evaluation_json(replace(evaluation, indicators=(result,)))) == {
        "id": "latency",
        "verdict": "fail",
        "points": 0.0,
        "points_possible": 100,
        "measurement": {
            "source": "Prometheus",
            "query": "q{release='new'}",
            "request": "POST /query",
            "warnings": ["partial"],
            "samples": [shop, other],
        },
        "judged": [shop],
        "set_aside": [{"sample": other, "reason": "it names release old, and new is under test"}],
        "violations": [
            {
                "breach": "upperSevere",
                "key": '{"path":"/","release":"new"}',
                "value": 1.5,
                "threshold": 1.0,
                "metadata": {"unit": "s", "odd": "NaN"},
            }
        ],
        "targets": {"upperSevere": 1.0},
        "individual": [{**shop, "targets": {"upperSevere": 1.0}}],
        "key": True,
        "informational": False,
        "arithmetic": ['{"path":"/","release":"new"}: 1.5 ≥ 1 (upperSevere): 0 of 100: 0 points'],
        "notes": ["a note"],
        "sentence": "failed: latency (key objective) 1.5 s is over 1 s (upperSevere): 0 of 100 points",
        "would_pass": "latency below 1 s",
    }


@pytest.mark.parametrize(
    ("name", "limit", "text"),
    [
        ("upperSevere", 1.5, "upperSevere 1.5"),
        ("<600", 600.0, "<600"),
        ("<= 0.3", 0.3, "<= 0.3"),
        ("=0", 0.0, "=0"),
        (">=1234567.5", 1234567.5, ">=1234567.5"),
        ("<=+10%", 1.1, "<=+10% 1.1"),
        ("<=+10", 10.0, "<=+10 10"),
        ("<6e2", 600.0, "<6e2 600"),
    ],
)
def test_a_criterion_that_is_its_own_number_is_named_once(name: str, limit: float, text: str) -> None:
    assert target_text(name, limit) == text


def test_a_source_that_could_not_answer_shows_its_words_and_no_samples() -> None:
    shown = evaluation_json(verdict_on(perfspec(relative({}, upper_severe=1.0)), Unmeasured("refused", "POST /query")))
    assert the_indicator(shown)["measurement"] == {
        "source": "Prometheus",
        "query": "q{release='new'}",
        "request": "POST /query",
        "error": "refused",
    }


def test_a_gate_that_fails_without_data_shows_a_breach_without_a_value() -> None:
    shown = evaluation_json(verdict_on(slo(replace(relative({}, upper_severe=1.0), on_no_data=OnNoData.FAIL)), []))
    (violation,) = the_indicator(shown)["violations"]
    assert (violation["value"], violation["threshold"], violation["key"]) == (None, None, "")
    assert (shown["in_percent"], shown["score_possible"]) == (True, 100.0)


def test_numbers_that_json_lacks_become_the_texts_of_prometheus() -> None:
    odd = {"a": [math.nan, math.inf], "b": (-math.inf, 1.5), "c": {"d": "x", "e": None}, "f": 7}
    assert plain(odd) == {"a": ["NaN", "+Inf"], "b": ["-Inf", 1.5], "c": {"d": "x", "e": None}, "f": 7}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_whatever_was_measured_the_text_is_json(value: float) -> None:
    shown = evaluation_json(verdict_on(perfspec(relative({}, upper_severe=1.0)), [value, 0.5]))
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
