"""Criteria of SLO files: what a value earns, and how a score in percent comes to its verdict."""

import math
import operator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lockgate.evaluation.cases import objective, perfspec, slo, verdict_on

from lockgate.domain.evaluation import Unmeasured, Verdict
from lockgate.domain.gate import Against, Alternatives, Criteria, Criterion, Operator
from lockgate.evaluation.criteria import mark
from lockgate.evaluation.limits import in_force

NUMBERS = st.integers(-4, 4).map(float)
COMPARE = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}
CRITERIA = st.builds(Criterion, st.sampled_from(Operator), NUMBERS, st.sampled_from(Against), st.just("c"))
LISTS = st.lists(st.lists(CRITERIA, min_size=1, max_size=3).map(tuple), max_size=3).map(tuple)


def told_again(alternatives: Alternatives, value: float, baseline: float) -> bool:
    """OR between lists, AND within one."""
    met = False
    for all_of in alternatives:
        good = True
        for one in all_of:
            limit = one.number
            if one.against is Against.CHANGE:
                limit = baseline + one.number
            if one.against is Against.PERCENT:
                limit = baseline * (100 + one.number if baseline >= 0 else 100 - one.number) / 100
            good = good and COMPARE[one.operator.value](value, limit)
        met = met or good
    return met


@given(LISTS.filter(bool), LISTS, NUMBERS, NUMBERS)
def test_all_of_one_list_is_met_for_pass_or_else_for_warning(
    passing: Alternatives, warning: Alternatives, value: float, baseline: float
) -> None:
    marked = mark(value, in_force(Criteria(passing, warning), baseline))
    expected = 1.0 if told_again(passing, value, baseline) else 0.5 if told_again(warning, value, baseline) else 0.0
    assert marked.most == marked.least == expected
    assert bool(marked.broken) == (expected < 1)


@given(LISTS.filter(bool), LISTS, NUMBERS)
def test_a_missing_baseline_leaves_open_only_what_some_baseline_could_decide(
    passing: Alternatives, warning: Alternatives, value: float
) -> None:
    grading = Criteria(passing, warning)
    unknown = mark(value, in_force(grading, None))
    assert unknown.least <= unknown.most
    for baseline in (-100.0, -1.0, 0.0, 1.0, 100.0):
        assert unknown.least <= mark(value, in_force(grading, baseline)).most <= unknown.most


@pytest.mark.parametrize(
    ("passing", "value", "is_met"),
    [
        (["<600"], 599.9, True),
        (["<600"], 600, False),
        (["<=600"], 600, True),
        (["<=600"], 600.1, False),
        ([">5"], 5, False),
        ([">5"], 5.1, True),
        ([">=5"], 5, True),
        ([">=5"], 4.9, False),
        (["=0"], 0, True),
        (["=0"], 0.001, False),
        (["<10 >5"], 7, True),
        (["<10 >5"], 5, False),
        (["<10 >5"], 10, False),
        (["<5", ">10"], 4, True),
        (["<5", ">10"], 11, True),
        (["<5", ">10"], 7, False),
    ],
)
def test_a_criterion_means_what_its_sign_says(passing: list[str], value: float, is_met: bool) -> None:
    verdict = verdict_on(slo(objective(*passing)), [value]).verdict
    assert (verdict is Verdict.PASS) == is_met


def test_a_warning_earns_half_and_the_worst_series_counts() -> None:
    gate = slo(objective("<600", warning=["<=800"], points=4), warning=50)
    half = verdict_on(gate, [100, 700, 200])
    assert (half.verdict, half.score, half.score_possible, half.in_percent) == (Verdict.WARNING, 50, 100, True)
    (result,) = half.indicators
    assert (result.points, result.points_possible, result.verdict) == (2, 4, Verdict.WARNING)
    assert result.arithmetic == (
        '{"pod":"p0","release":"new"} = 100: within its bounds, 4 points',
        '{"pod":"p1","release":"new"}: 700 ≥ 600 (<600): a half of 4: 2 points',
        '{"pod":"p2","release":"new"} = 200: within its bounds, 4 points',
        "the worst of 3 series counts: 2 points",
    )
    none = verdict_on(gate, [700, 801])
    assert (none.verdict, none.score) == (Verdict.FAIL, 0)
    assert [(one.breach, one.value, one.threshold) for one in none.indicators[0].violations] == [
        ("<600", 700, 600),
        ("<=800", 801, 800),
    ]
    assert none.indicators[0].targets == {"<600": 600, "<=800": 800}


def test_without_a_warning_list_a_missed_pass_earns_nothing() -> None:
    failed = verdict_on(slo(objective("<600")), [700])
    assert (failed.verdict, failed.score) == (Verdict.FAIL, 0)
    assert failed.indicators[0].verdict is Verdict.FAIL


def test_a_score_in_percent_explains_itself() -> None:
    gate = slo(objective("<600", points=3, unit="ms"), objective("=0", id="errors"))
    evaluation = verdict_on(gate, [1200], [0])
    assert evaluation.sentence == ("failed: latency 1200 ms is over 600 ms (<600): 25 % (1 of 4 points), 90 % needed")
    assert evaluation.would_pass == "it would have passed with latency below 600 ms"
    assert evaluation.arithmetic == (
        "latency: 0 of 3 points",
        "errors: 1 of 1 points",
        "sum: 1 of 4 points = 25 %",
        "pass takes 90 %, warning 75 %: fail",
    )
    assert evaluation.indicators[1].sentence == "passed: errors 0 is exactly 0: 1 of 1 points"
    warned = verdict_on(gate, [0.1], [3])
    assert warned.sentence == (
        "passed with a warning: errors 3 is not 0 (=0): 75 % (3 of 4 points), 75 % needed for a warning, 90 % to pass"
    )


def test_what_would_pass_is_the_least_in_percent_too() -> None:
    gate = slo(*(objective("<1", id=id, points=points) for id, points in (("a", 1), ("b", 2), ("c", 1))), passing=70)
    evaluation = verdict_on(gate, [5], [5], [5])
    assert evaluation.would_pass == "it would have passed with b below 1 and a below 1"


def test_several_lists_are_told_as_alternatives() -> None:
    evaluation = verdict_on(slo(objective(">=5 <=10", ">100")), [7, 8])
    assert evaluation.sentence.startswith("passed: latency 7 is at least 5 and at most 10 or above 100:")
    missed = verdict_on(slo(objective(">=5 <=10", ">100")), [4])
    assert [one.breach for one in missed.indicators[0].violations] == [">=5"]
    assert "latency 4 is under 5 (>=5)" in missed.sentence


def test_a_failed_key_objective_fails_the_gate_whatever_the_score() -> None:
    key = replace(objective("<600", warning=["<700"]), is_key=True)
    gate = slo(key, objective("=0", id="errors", points=99))
    failed = verdict_on(gate, [900], [0])
    assert (failed.verdict, failed.score) == (Verdict.FAIL, 99)
    assert failed.sentence == (
        "failed: latency (key objective) 900 is over 700 (<700): 99 % (99 of 100 points), 90 % needed"
    )
    assert "latency is a key objective and failed: the gate fails" in failed.arithmetic
    assert failed.would_pass == "it would have passed with latency below 600"
    assert failed.indicators[0].is_key
    assert verdict_on(gate, [650], [0]).verdict is Verdict.PASS
    assert verdict_on(gate, [900], Unmeasured("refused")).verdict is Verdict.FAIL
    assert verdict_on(gate, [], [0]).verdict is Verdict.NO_DATA
    assert verdict_on(gate, Unmeasured("refused"), [0]).verdict is Verdict.ERROR


def test_an_informational_objective_is_shown_and_decides_nothing() -> None:
    shown = objective(id="throughput", points=5, unit="rps")
    gate = slo(objective("<600"), shown)
    for values in ([40.0, 90.0], [], [math.nan], Unmeasured("refused")):
        evaluation = verdict_on(gate, [1], values)
        assert (evaluation.verdict, evaluation.score) == (Verdict.PASS, 100)
        result = evaluation.indicators[1]
        assert (result.points, result.points_possible, result.is_informational) == (0, 0, True)
        assert result.violations == ()
    evaluation = verdict_on(gate, [900], [40.0, 90.0])
    assert evaluation.indicators[1].sentence == ("passed: throughput is 40 rps to 90 rps: informational, earns nothing")
    assert evaluation.indicators[1].arithmetic[0].endswith("= 40 rps: informational, earns nothing")
    assert "throughput: informational, earns nothing" in evaluation.arithmetic
    assert evaluation.would_pass == "it would have passed with latency below 600"
    assert verdict_on(gate, [1], []).arithmetic[1] == "throughput: informational, earns nothing (no_data)"
    assert verdict_on(gate, [1], [7]).indicators[1].sentence.startswith("passed: throughput is 7 rps:")


def test_a_key_mark_on_an_informational_objective_changes_nothing() -> None:
    shown = replace(objective(id="throughput"), is_key=True)
    assert verdict_on(slo(objective("<600"), shown), [1], []).verdict is Verdict.PASS


def test_a_gate_of_informational_objectives_only_has_nothing_to_judge() -> None:
    for gate in (slo(objective()), perfspec(objective())):
        evaluation = verdict_on(gate, [1])
        assert evaluation.verdict is Verdict.NO_DATA
        assert evaluation.sentence.startswith("not judged, no data: no objective counts")
        assert evaluation.would_pass == ""


def test_a_percentage_of_no_points_is_nothing_to_judge() -> None:
    evaluation = verdict_on(slo(objective("<600", points=0)), [1])
    assert (evaluation.verdict, evaluation.score) == (Verdict.NO_DATA, 0)
    assert evaluation.would_pass == "nothing would have passed: 0 points can be earned, 90 % needed"
    assert verdict_on(slo(objective("<600", points=0)), [900]).verdict is Verdict.FAIL


def test_points_of_criteria_may_also_be_summed() -> None:
    gate = perfspec(objective("<600", points=100), passing=90, warning=75)
    evaluation = verdict_on(gate, [1])
    assert evaluation.sentence == "passed: latency 1 is below 600: 100 of 100 points, 90 needed"
    assert not evaluation.in_percent
