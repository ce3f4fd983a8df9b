"""Limits relative to earlier runs, and what a file may say of missing data."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lockgate.evaluation.cases import Values, objective, perfspec, relative, run_before, slo, verdict_on

from lockgate.domain.evaluation import Sample, Unmeasured, Verdict
from lockgate.domain.gate import Aggregate, Comparison, OnNoData, Thresholds
from lockgate.evaluation.grading import NO_VALUES

TEN = {"upperSevere": 10.0}
BOTH = {"upperWarning": 5.0, "upperSevere": 10.0}
NUMBERS = st.integers(-50, 50).map(float)
PERCENT = st.integers(0, 50).map(float)


@pytest.mark.parametrize(
    ("percent", "value", "points", "breach", "threshold"),
    [
        ({"upperSevere": 10}, 1.0999, 100, None, None),
        ({"upperSevere": 10}, 1.1, 0, "upperSeverePerc", 1.1),
        ({"upperWarning": 10}, 1.1, 50, "upperWarningPerc", 1.1),
        ({"lowerSevere": 10}, 0.9, 0, "lowerSeverePerc", 0.9),
        ({"lowerWarning": 10}, 0.9, 50, "lowerWarningPerc", 0.9),
        ({"lowerWarning": 10}, 0.9001, 100, None, None),
        ({"upperWarning": 0}, 1, 50, "upperWarningPerc", 1),
        ({"upperSevere": -20}, 0.8, 0, "upperSeverePerc", 0.8),
        ({"lowerWarning": -10, "upperWarning": -20}, 1, 25, "lowerWarningPerc", 1.1),
    ],
)
def test_a_bound_in_percent_is_reckoned_from_the_earlier_value(
    percent: dict[str, float], value: float, points: float, breach: str | None, threshold: float | None
) -> None:
    evaluation = verdict_on(perfspec(relative(percent)), [value], earlier=[run_before([1.0])])
    (result,) = evaluation.indicators
    assert result.points == points
    assert [one.breach for one in result.violations][:1] == ([breach] if breach else [])
    if threshold is not None:
        assert result.violations[0].threshold == pytest.approx(threshold)
        assert result.targets[str(breach)] == pytest.approx(threshold)


@given(
    st.dictionaries(st.sampled_from(["lowerSevere", "lowerWarning", "upperWarning", "upperSevere"]), PERCENT),
    NUMBERS,
    NUMBERS,
)
def test_relative_bounds_judge_as_the_absolute_ones_that_they_come_to(
    percent: dict[str, float], value: float, baseline: float
) -> None:
    fields = {"lowerSevere": "lower_severe", "lowerWarning": "lower_warning"}
    fields |= {"upperWarning": "upper_warning", "upperSevere": "upper_severe"}
    come_to = {
        fields[name]: baseline * (100 + number if name.startswith("upper") == (baseline >= 0) else 100 - number) / 100
        for name, number in percent.items()
    }
    against = verdict_on(perfspec(relative(percent)), [value], earlier=[run_before([baseline])])
    absolute = verdict_on(perfspec(relative({}, "latency", **come_to)), [value])
    assert (against.verdict, against.score) == (absolute.verdict, absolute.score)


def test_the_sentence_names_the_baseline() -> None:
    evaluation = verdict_on(perfspec(relative(TEN)), [1.2], earlier=[run_before([1.0])])
    assert evaluation.sentence == (
        "failed: latency 1.2 s is over 1.1 s (+10 % of 1 s, upperSeverePerc): 0 of 100 points, 90 needed"
    )
    assert evaluation.would_pass == "it would have passed with latency below 1.1 s (+10 % of 1 s)"
    assert evaluation.compared_with == ("e-0",)
    assert evaluation.indicators[0].arithmetic == (
        '{"pod":"p0","release":"new"}: 1.2 ≥ 1.1 (+10 % of 1, upperSeverePerc): 0 of 100: 0 points',
    )
    kept = verdict_on(perfspec(relative(TEN)), [1.05], earlier=[run_before([1.0])])
    assert kept.sentence.startswith("passed: latency 1.05 s is below 1.1 s (+10 % of 1 s):")
    lower = verdict_on(perfspec(relative({"lowerSevere": 5})), [0.5], earlier=[run_before([1.0])])
    assert "latency 0.5 s is under 0.95 s (-5 % of 1 s, lowerSeverePerc)" in lower.sentence


def test_criteria_compare_by_percent_and_by_change() -> None:
    gate = slo(objective("<=+10%", unit="ms"))
    assert verdict_on(gate, [110], earlier=[run_before([100.0])]).verdict is Verdict.PASS
    failed = verdict_on(gate, [111], earlier=[run_before([100.0])])
    assert "latency 111 ms is over 110 ms (+10 % of 100 ms, <=+10%)" in failed.sentence
    change = slo(objective("<+50 <600"))
    assert verdict_on(change, [149], earlier=[run_before([100.0])]).verdict is Verdict.PASS
    missed = verdict_on(change, [150], earlier=[run_before([100.0])])
    assert "latency 150 is at the limit of 150 (+50 on 100, <+50)" in missed.sentence
    assert missed.would_pass == "it would have passed with latency below 150 (+50 on 100) and below 600"
    drop = slo(objective(">=-5%"))
    assert verdict_on(drop, [95], earlier=[run_before([100.0])]).verdict is Verdict.PASS
    assert verdict_on(drop, [94], earlier=[run_before([100.0])]).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("criterion", "value", "verdict"),
    [
        (">=+5%", -10, Verdict.FAIL),
        (">=+5%", -9.5, Verdict.PASS),
        ("<=-5%", -10, Verdict.FAIL),
        ("<=-5%", -10.5, Verdict.PASS),
        ("<=+10%", -9, Verdict.PASS),
        ("<=+10%", -8.9, Verdict.FAIL),
    ],
)
def test_more_than_a_baseline_below_zero_is_more(criterion: str, value: float, verdict: Verdict) -> None:
    gate = slo(objective(criterion))
    assert verdict_on(gate, [value], earlier=[run_before([-10])]).verdict is verdict


def test_a_relative_bound_around_a_baseline_below_zero_lets_the_same_value_pass() -> None:
    gate = perfspec(relative({"lowerSevere": 10, "upperSevere": 10}))
    evaluation = verdict_on(gate, [-10], earlier=[run_before([-10])])
    assert evaluation.verdict is Verdict.PASS
    assert evaluation.indicators[0].targets == {"lowerSeverePerc": -11, "upperSeverePerc": -9}


def test_an_absolute_and_a_relative_bound_of_one_name_must_both_hold() -> None:
    gate = perfspec(relative(TEN, upper_severe=1.05))
    earlier = [run_before([1.0])]
    assert verdict_on(gate, [1.04], earlier=earlier).verdict is Verdict.PASS
    assert [one.breach for one in verdict_on(gate, [1.06], earlier=earlier).indicators[0].violations] == ["upperSevere"]
    both = verdict_on(gate, [1.2], earlier=earlier).indicators[0]
    assert [one.breach for one in both.violations] == ["upperSevere", "upperSeverePerc"]
    assert both.would_pass == "latency below 1.05 s"
    halves = perfspec(relative({"upperWarning": 10}, upper_warning=1.05))
    assert verdict_on(halves, [1.2], earlier=earlier).score == 50


def test_several_runs_make_one_baseline_by_the_gates_aggregate() -> None:
    earlier = [run_before([value], id=f"e{n}") for n, value in enumerate((1.0, 1.0, 4.0))]
    gate = replace(perfspec(relative(TEN)), comparison=Comparison(results=3))
    assert verdict_on(gate, [2.1], earlier=earlier).verdict is Verdict.PASS
    median = replace(gate, comparison=Comparison(results=3, aggregate=Aggregate.P50))
    failed = verdict_on(median, [2.1], earlier=earlier)
    assert failed.verdict is Verdict.FAIL
    assert failed.compared_with == ("e0", "e1", "e2")


def test_a_run_that_lacks_the_indicator_stands_in_no_other_ones_way() -> None:
    earlier = [run_before([], id="lacks"), run_before([math.nan], id="empty"), run_before([1.0], id="has")]
    failed = verdict_on(perfspec(relative(TEN)), [1.2], earlier=[*earlier, run_before([9.0], id="older")])
    assert failed.verdict is Verdict.FAIL
    assert failed.compared_with == ("has",)


def test_each_series_has_its_own_baseline_and_the_strictest_is_told() -> None:
    def labelled(path: str, value: float, release: str = "new") -> Sample:
        return Sample({"path": path, "release": release}, value, 0.0)

    earlier = [run_before([labelled("/", 1.0), labelled("/cart", 3.0)])]
    gate = perfspec(relative(TEN))
    evaluation = verdict_on(gate, [labelled("/", 1.0), labelled("/cart", 3.2)], earlier=earlier)
    assert evaluation.verdict is Verdict.PASS
    (result,) = evaluation.indicators
    assert result.targets == {"upperSeverePerc": pytest.approx(1.1)}
    assert [dict(targets) for _, targets in result.individual] == [
        {"upperSeverePerc": pytest.approx(1.1)},
        {"upperSeverePerc": pytest.approx(3.3)},
    ]
    turned = verdict_on(gate, [labelled("/cart", 3.2), labelled("/", 1.0)], earlier=earlier)
    assert turned.indicators[0].targets == result.targets
    swapped = verdict_on(gate, [labelled("/", 3.0), labelled("/cart", 1.0)], earlier=earlier)
    assert [one.threshold for one in swapped.indicators[0].violations] == [pytest.approx(1.1)]
    criteria = verdict_on(slo(objective("<+10%")), [labelled("/", 1.0), labelled("/cart", 3.2)], earlier=earlier)
    assert criteria.indicators[0].would_pass == "latency below 1.1 (+10 % of 1)"
    partly = verdict_on(gate, [labelled("/", 1.0), labelled("/new", 1.0)], earlier=earlier)
    assert partly.verdict is Verdict.NO_DATA
    assert "no earlier run has a series to compare with" in partly.sentence
    assert partly.indicators[0].would_pass == (
        "latency below 10 % over an earlier run's, once there are values to compare with"
    )


def test_individual_results_share_the_targets_where_nothing_tells_the_series_apart() -> None:
    (result,) = verdict_on(perfspec(relative({}, upper_severe=2.0)), [1, 2]).indicators
    assert result.targets_each == ()
    assert [(sample.value, dict(targets)) for sample, targets in result.individual] == [
        (1, {"upperSevere": 2.0}),
        (2, {"upperSevere": 2.0}),
    ]


def test_without_an_earlier_run_there_is_nothing_to_judge() -> None:
    evaluation = verdict_on(perfspec(relative(TEN)), [1.0])
    assert (evaluation.verdict, evaluation.score) == (Verdict.NO_DATA, 0)
    assert evaluation.sentence == (
        "not judged, no data: latency cannot be compared: there is no earlier run to compare with "
        "(firstRun: pass would accept a first run)"
    )
    assert evaluation.would_pass == (
        "it would have passed with latency below 10 % over an earlier run's, once there are values to compare with"
    )
    assert evaluation.indicators[0].targets == {}
    assert evaluation.compared_with == ()
    assert verdict_on(slo(objective("<=+10%")), [1.0]).verdict is Verdict.NO_DATA


def test_a_first_run_passes_where_the_file_says_so() -> None:
    first = replace(relative(TEN), first_run_passes=True)
    evaluation = verdict_on(perfspec(first), [1.0])
    assert (evaluation.verdict, evaluation.score) == (Verdict.PASS, 100)
    assert evaluation.indicators[0].notes == (
        "there is no earlier run to compare with: passes, as the file asks (firstRun: pass)",
    )
    assert "1 s has no earlier run to be compared with (firstRun: pass): 100 of 100" in evaluation.sentence
    several = verdict_on(perfspec(first), [3.0, 2.0, 4.0])
    assert "latency 2 s has no earlier run to be compared with (firstRun: pass): 100 of 100" in several.sentence
    assert verdict_on(perfspec(first), [2.0], earlier=[run_before([1.0])]).verdict is Verdict.FAIL
    guarded = replace(relative(TEN, upper_severe=5.0), first_run_passes=True)
    assert verdict_on(perfspec(guarded), [6.0]).verdict is Verdict.FAIL
    kept = verdict_on(perfspec(guarded), [4.0])
    assert kept.verdict is Verdict.PASS
    assert "4 s is below 5 s, and has no earlier run to be compared with (firstRun: pass)" in kept.sentence
    assert verdict_on(perfspec(first), []).verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        (("<=+50% <600",), "500 is below 600, and has no earlier run to be compared with (firstRun: pass)"),
        (("<=+50%", "<=-20"), "500 has no earlier run to be compared with (firstRun: pass)"),
    ],
)
def test_the_sentence_of_a_first_run_claims_no_comparison(criteria: tuple[str, ...], said: str) -> None:
    evaluation = verdict_on(slo(replace(objective(*criteria), first_run_passes=True)), [500.0])
    assert evaluation.verdict is Verdict.PASS
    assert said in evaluation.sentence


def test_an_alternative_without_a_baseline_is_not_named_as_what_let_a_value_pass() -> None:
    evaluation = verdict_on(slo(objective("<=+10%", "<600 <=+20", "<700")), [500.0])
    assert evaluation.sentence.startswith("passed: latency 500 is below 700: ")


def test_a_missing_baseline_matters_only_where_it_could_change_something() -> None:
    guarded = perfspec(relative(BOTH, upper_severe=5.0))
    assert verdict_on(guarded, [6.0]).verdict is Verdict.FAIL
    assert verdict_on(guarded, [4.0]).verdict is Verdict.NO_DATA
    either = slo(objective("<=+10%", "<600"))
    assert verdict_on(either, [500]).verdict is Verdict.PASS
    assert verdict_on(either, [700]).verdict is Verdict.NO_DATA
    neither = slo(objective("<=+10% <600"))
    assert verdict_on(neither, [700]).verdict is Verdict.FAIL
    assert verdict_on(neither, [500]).verdict is Verdict.NO_DATA
    halved = slo(objective("<=+10%", warning=["<600"]), warning=50)
    open_still = verdict_on(halved, [500])
    assert (open_still.verdict, open_still.score) == (Verdict.NO_DATA, 0)


def test_a_bound_beyond_all_numbers_is_no_bound_that_a_value_could_keep() -> None:
    assert verdict_on(perfspec(relative(TEN)), [1.0], earlier=[run_before([1.7e308])]).verdict is Verdict.NO_DATA
    change = slo(objective("<+1e308 <=+0%"))
    evaluation = verdict_on(change, [1.0], earlier=[run_before([1.7e308])])
    assert evaluation.verdict is Verdict.NO_DATA
    assert evaluation.sentence == (
        "not judged, no data: latency cannot be compared: what an earlier run measured makes a limit beyond all numbers"
    )


def test_a_percentage_is_taken_of_a_baseline_below_one_as_well() -> None:
    assert verdict_on(slo(objective("<=+10%")), [0.54], earlier=[run_before([0.5])]).verdict is Verdict.PASS
    assert verdict_on(slo(objective("<=+10%")), [0.56], earlier=[run_before([0.5])]).verdict is Verdict.FAIL


def test_ignoring_no_data_does_not_ignore_a_missing_baseline() -> None:
    ignoring = perfspec(replace(relative(TEN), on_no_data=OnNoData.IGNORE))
    assert verdict_on(ignoring, []).verdict is Verdict.PASS
    assert verdict_on(ignoring, [1.0]).verdict is Verdict.NO_DATA


@pytest.mark.parametrize("values", [[], [math.nan], [0.1, math.inf]])
def test_no_data_fails_where_the_file_says_so(values: list[float]) -> None:
    failing = replace(relative({}, upper_severe=1.0), on_no_data=OnNoData.FAIL, metadata={"team": "a"})
    evaluation = verdict_on(perfspec(failing), values)
    assert (evaluation.verdict, evaluation.score) == (Verdict.FAIL, 0)
    (result,) = evaluation.indicators
    (violation,) = result.violations
    assert (violation.breach, violation.key, violation.value) == (NO_VALUES, "", None)
    assert violation.metadata == {"team": "a"}
    assert "latency has no data: " in evaluation.sentence
    assert " (onNoData: fail): 0 of 100 points" in evaluation.sentence
    assert result.arithmetic[-1].endswith(", onNoData fail: 0 points")
    assert evaluation.would_pass == "it would have passed with latency below 1"


def test_a_failure_for_want_of_data_counts_like_any_other_lost_points() -> None:
    failing = replace(relative({}, upper_severe=1.0), on_no_data=OnNoData.FAIL)
    other = replace(relative({}, id="second", upper_severe=1.0))
    gate = perfspec(failing, other, passing=200, warning=100)
    assert verdict_on(gate, [], [0.1]).verdict is Verdict.WARNING
    assert verdict_on(replace(gate, objectives=replace(gate.objectives, warning=101)), [], []).verdict is Verdict.FAIL
    assert verdict_on(gate, [], []).verdict is Verdict.NO_DATA
    assert verdict_on(gate, Unmeasured("refused"), [0.1]).verdict is Verdict.ERROR


def test_a_missing_baseline_fails_where_no_data_does() -> None:
    failing = replace(relative(TEN), on_no_data=OnNoData.FAIL)
    evaluation = verdict_on(perfspec(failing), [1.0])
    assert evaluation.verdict is Verdict.FAIL
    assert "to compare with (firstRun: pass would accept a first run) (onNoData: fail)" in evaluation.sentence


def test_an_informational_objective_fails_nothing_for_want_of_data() -> None:
    shown = replace(objective(id="throughput"), on_no_data=OnNoData.FAIL)
    evaluation = verdict_on(slo(objective("<600"), shown), [1], [])
    assert evaluation.verdict is Verdict.PASS
    assert evaluation.indicators[1].verdict is Verdict.NO_DATA


@pytest.mark.parametrize(
    ("values", "policy", "verdict"),
    [
        ([0.1, 0.1], None, Verdict.NO_DATA),
        ([0.1, 0.1, 0.1], None, Verdict.PASS),
        ([0.1, 5.0], None, Verdict.FAIL),
        ([0.1, 0.1], OnNoData.FAIL, Verdict.FAIL),
        ([0.1, 0.1], OnNoData.IGNORE, Verdict.PASS),
    ],
)
def test_fewer_series_than_asked_for_are_no_data(values: Values, policy: OnNoData | None, verdict: Verdict) -> None:
    few = replace(relative({}, upper_severe=1.0), min_samples=3, on_no_data=policy)
    evaluation = verdict_on(perfspec(few), values)
    assert evaluation.verdict is verdict
    if verdict is Verdict.NO_DATA:
        assert "latency has no data: 2 series, and minSamples asks for 3" in evaluation.sentence


def test_violations_carry_the_metadata_of_their_indicator() -> None:
    one = replace(relative({}, upper_severe=1.0), metadata={"team": {"name": "a"}})
    (violation,) = verdict_on(perfspec(one), [2]).indicators[0].violations
    assert violation.metadata == {"team": {"name": "a"}}


def test_a_hundred_thousand_series_are_told_in_a_page() -> None:
    one = replace(relative({}, upper_severe=1.0), grading=Thresholds(upper_severe=1.0))
    many = verdict_on(perfspec(one), [0.5] * 1000 + [2.0] + [0.5] * 1000).indicators[0]
    assert len(many.judged) == 2001
    assert len(many.arithmetic) == 202
    assert "2 ≥ 1 (upperSevere)" in many.arithmetic[0]
    assert many.arithmetic[-2] == "and 1801 more series"
