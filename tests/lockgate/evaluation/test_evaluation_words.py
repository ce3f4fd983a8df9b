"""What a gate says at its edges: limits without a number, bounds at 0, and what nobody asked for."""

import math

import pytest
from tests.lockgate.evaluation.cases import (
    SPEC,
    SUBJECT,
    WINDOW,
    measured,
    objective,
    perfspec,
    relative,
    run_before,
    slo,
    verdict_on,
)

from lockgate.domain.evaluation import Answer, Evaluation, Measurement, Sample, Unmeasured, Verdict
from lockgate.domain.gate import Indicator, Thresholds
from lockgate.evaluation.judge import judge


def would_pass(evaluation: Evaluation) -> str:
    return evaluation.indicators[0].would_pass


@pytest.mark.parametrize(
    ("percent", "limits", "words"),
    [
        ("upperSevere", {"upper_severe": 5.0}, "below 5 s and below 10 % over an earlier run's"),
        ("lowerSevere", {"lower_severe": 5.0}, "above 5 s and above 10 % under an earlier run's"),
    ],
)
def test_a_bound_that_has_no_number_yet_is_told_beside_the_one_that_has(
    percent: str, limits: dict[str, float], words: str
) -> None:
    evaluation = verdict_on(perfspec(relative({percent: 10}, "latency", **limits)), [5.0])
    assert would_pass(evaluation).startswith(f"latency {words}")


@pytest.mark.parametrize(
    ("lower", "upper", "words"),
    [
        (0.0, 0.5, "above 0 s and below 0.5 s"),
        (-0.5, 0.0, "above -0.5 s and below 0 s"),
        (0.5, 0.0, "at no value at all (its bounds overlap)"),
        (0.0, -0.5, "at no value at all (its bounds overlap)"),
        (0.0, 0.0, "at no value at all (its bounds overlap)"),
    ],
)
def test_a_bound_of_zero_is_a_bound_between_others(lower: float, upper: float, words: str) -> None:
    gate = perfspec(relative({}, lower_severe=lower, upper_severe=upper))
    assert would_pass(verdict_on(gate, [9.0])) == f"latency {words}"


def test_of_lower_bounds_that_differ_by_series_the_highest_is_told() -> None:
    series = [Sample({"release": "new", "path": path}, value, 0.0) for path, value in (("/", 1.0), ("/cart", 3.0))]
    gate = perfspec(relative({"lowerSevere": 10}))
    for order in (series, series[::-1]):
        (result,) = verdict_on(gate, order, earlier=[run_before(series)]).indicators
        assert result.targets == {"lowerSeverePerc": pytest.approx(2.7)}
        assert result.would_pass == "latency above 2.7 s (-10 % of 3 s)"


def test_an_objective_without_limits_passes_at_any_value() -> None:
    assert would_pass(verdict_on(slo(objective(), objective("<1", id="second")), [7], [0])) == "latency at any value"


def test_an_indicator_that_was_not_measured_is_an_error_of_its_own() -> None:
    gate = perfspec(relative({}, upper_severe=1.0), relative({}, "second", upper_severe=1.0))
    evaluation = judge(gate, [measured("second", [0.1])], SUBJECT, WINDOW, SPEC, "e-1")
    assert evaluation.verdict is Verdict.ERROR
    assert evaluation.indicators[0].measurement == Measurement(
        "latency", "Prometheus", "", Unmeasured("it was not asked for")
    )
    assert evaluation.sentence == "not judged, error: latency could not be measured: it was not asked for"


def test_what_the_file_ignored_the_source_warned_of_and_the_query_mixed_is_all_told() -> None:
    query = "sum(rate(x[1m]))"
    one = Indicator("latency", "Prometheus", query, Thresholds(upper_severe=1), 100)
    asked = Measurement("latency", "Prometheus", query, Answer((Sample({}, 0.1, 0),), "POST", ("partial",)))
    assert judge(perfspec(one), [asked], SUBJECT, WINDOW, SPEC, "e-1").indicators[0].notes == (
        "Prometheus warns: partial",
        "one series without the label `release`, judged as is: the query aggregates without selecting it",
        "the query looks back 60 s and the tests took 15 s: the value may hold requests from before them",
    )


def test_the_score_is_told_of_the_points_that_the_gate_has() -> None:
    gate = perfspec(relative({}, upper_severe=1.0), relative({}, "second", upper_severe=1.0), passing=200, warning=100)
    assert verdict_on(gate, [0.1], [5]).score_possible == 200


def test_two_hundred_series_are_told_in_the_order_of_the_answer() -> None:
    (result,) = verdict_on(perfspec(relative({}, upper_severe=1.0)), [0.5] * 199 + [2.0]).indicators
    assert len(result.arithmetic) == 201
    assert result.arithmetic[0].endswith("= 0.5 s: within its bounds, 100 points")
    assert "2 ≥ 1 (upperSevere)" in result.arithmetic[199]
    assert result.arithmetic[200] == "the worst of 200 series counts: 0 points"


@pytest.mark.parametrize("large", [1, 1000, 1_000_000])
def test_an_objective_that_failed_keeps_a_gate_of_all_points_shut_however_little_it_weighs(large: float) -> None:
    gate = slo(objective("<5", id="a", points=large), objective("<5", id="b", points=0.0001), passing=100, warning=90)
    evaluation = verdict_on(gate, [1], [9])
    assert evaluation.verdict is Verdict.WARNING
    assert evaluation.sentence.endswith(", 90 % needed for a warning, 100 % to pass")
    assert ": 100 %" not in evaluation.sentence
    assert "= 100 %" not in "".join(evaluation.arithmetic)
    assert evaluation.would_pass == "it would have passed with b below 5"


def test_a_tenth_ten_times_is_one_whatever_halving_left_of_it() -> None:
    tenths = [objective("<5", warning=["<9"], id=f"i{number}", points=0.1) for number in range(10)]
    assert verdict_on(perfspec(*tenths, passing=1), *[[1]] * 10).verdict is Verdict.PASS
    halved = verdict_on(perfspec(*tenths, passing=1, warning=0.95), *[[1]] * 9, [7])
    assert (halved.verdict, halved.score) == (Verdict.WARNING, 0.95)
    assert verdict_on(perfspec(*tenths, passing=1, warning=0.951), *[[1]] * 9, [7]).verdict is Verdict.FAIL


def test_a_score_is_told_apart_from_what_a_warning_takes() -> None:
    gate = slo(objective("<5", id="a", points=89.99), objective("<5", id="b", points=10.01), warning=89.9901)
    evaluation = verdict_on(gate, [1], [9])
    assert evaluation.verdict is Verdict.FAIL
    assert evaluation.arithmetic[-2:] == (
        "sum: 90 of 100 points = 89.99 %",
        "pass takes 90 %, warning 89.9901 %: fail",
    )


def test_what_failed_and_weighs_nothing_is_told_so() -> None:
    gate = slo(objective("<5", id="a"), objective("<5", id="b", points=0))
    evaluation = verdict_on(gate, [1], [9])
    assert evaluation.sentence == (
        "passed: a 1 is below 5; b (weighs nothing) 9 is over 5 (<5): 100 % (1 of 1 points), 90 % needed"
    )


def test_without_points_no_percentage_however_small_is_reached() -> None:
    evaluation = verdict_on(slo(objective("<600", points=0), passing=1, warning=1), [1])
    assert evaluation.would_pass == "nothing would have passed: 0 points can be earned, 1 % needed"


def test_what_must_change_anyway_is_told_once() -> None:
    gate = perfspec(objective("<1", points=60), objective("<1", id="second", points=40))
    evaluation = verdict_on(gate, [], [5])
    assert evaluation.verdict is Verdict.NO_DATA
    assert evaluation.would_pass == (
        "it would have passed with latency below 1, once there are values and second below 1"
    )


def test_a_missing_value_is_told_before_a_missing_baseline() -> None:
    (result,) = verdict_on(perfspec(relative({"upperSevere": 10})), [1.0, math.nan]).indicators
    assert result.would_pass == "latency below 10 % over an earlier run's, once there are values"
    assert "1 of 2 series is NaN" in result.sentence


def test_a_series_that_no_earlier_run_has_is_told() -> None:
    series = [Sample({"release": "new", "path": path}, 1.0, 0.0) for path in ("/", "/new")]
    earlier = [run_before(series[:1])]
    evaluation = verdict_on(perfspec(relative({"upperSevere": 10})), series, earlier=earlier)
    assert evaluation.sentence == (
        "not judged, no data: latency cannot be compared: no earlier run has a series to compare with"
    )
