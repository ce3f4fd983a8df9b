"""Grading against an independent retelling of Pitometer's rules, and what counts as no data."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lockgate.domain.evaluation import Answer, Measurement, Sample, Unmeasured, Verdict
from lockgate.domain.gate import Indicator, OnNoData, Thresholds
from lockgate.evaluation.comparison import Moments, select
from lockgate.evaluation.criteria import key_of, mark
from lockgate.evaluation.grading import Grade, grade, violations, worst
from lockgate.evaluation.limits import in_force
from lockgate.evaluation.numbers import readable, told_apart

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-5, 5).map(float)
LIMITS = st.none() | NUMBERS
THRESHOLDS = st.builds(Thresholds, LIMITS, LIMITS, LIMITS, LIMITS)
NOT_FINITE = st.sampled_from([math.nan, math.inf, -math.inf])
POINTS = st.floats(0, 1000, allow_nan=False)


def indicator(thresholds: Thresholds, points: float = 100, ignore_empty: bool = False) -> Indicator:
    return Indicator("i", "Prometheus", "up", thresholds, points, OnNoData.IGNORE if ignore_empty else None)


def graded(one: Indicator, *values: float | tuple[float, str]) -> Grade:
    """A value alone belongs to release `new`; with a second part it belongs to that one, or to none for ''."""
    pairs = [value if isinstance(value, tuple) else (value, "new") for value in values]
    samples = tuple(
        Sample({"n": str(n)} | ({"release": release} if release else {}), value, 0.0)
        for n, (value, release) in enumerate(pairs)
    )
    return grade(one, Measurement("i", "Prometheus", "up", Answer(samples, "GET")), "new")


def told_again(value: float, limits: Thresholds, points: float) -> float:
    """Section 7.2 of the description of Keptn 0.2.2, line by line, with 0 as a bound."""
    score = points
    if limits.lower_severe is not None and value <= limits.lower_severe:
        score = 0
    elif limits.lower_warning is not None and value <= limits.lower_warning:
        score /= 2
    if limits.upper_severe is not None and value >= limits.upper_severe:
        score = 0
    elif limits.upper_warning is not None and value >= limits.upper_warning:
        score /= 2
    return score


@given(THRESHOLDS, POINTS, st.lists(NUMBERS, min_size=1, max_size=5))
def test_the_worst_series_counts_as_pitometer_counted_it(
    limits: Thresholds, points: float, values: list[float]
) -> None:
    result = graded(indicator(limits, points), *values)
    assert result.points == pytest.approx(min(told_again(value, limits, points) for value in values))
    assert result.attainable == result.points
    assert len(result.judged) == len(values)
    assert (result.verdict is Verdict.PASS) == (not result.breaches)


@given(THRESHOLDS, st.lists(NUMBERS, min_size=1, max_size=4), NUMBERS)
def test_one_more_series_never_raises_the_points(limits: Thresholds, values: list[float], more: float) -> None:
    one = indicator(limits)
    assert graded(one, *values, more).points <= graded(one, *values).points


@given(THRESHOLDS, st.lists(NUMBERS, max_size=3), NOT_FINITE, st.booleans())
def test_what_is_no_number_never_passes(limits: Thresholds, values: list[float], odd: float, first: bool) -> None:
    result = graded(indicator(limits), *([odd, *values] if first else [*values, odd]))
    assert result.verdict in (Verdict.NO_DATA, Verdict.FAIL)
    assert result.points == 0
    assert len(result.set_aside) == 1
    severe = any(mark(value, in_force(limits, None)).most == 0 for value in values)
    assert (result.verdict is Verdict.FAIL) == severe


@given(THRESHOLDS, st.lists(NUMBERS, max_size=3), st.lists(NUMBERS | NOT_FINITE, min_size=1, max_size=3))
def test_another_releases_series_change_no_points(limits: Thresholds, mine: list[float], others: list[float]) -> None:
    assume(mine)
    alone = graded(indicator(limits), *mine)
    beside = graded(indicator(limits), *mine, *((value, "old") for value in others))
    assert (beside.verdict, beside.points) == (alone.verdict, alone.points)
    assert [aside.sample.value for aside in beside.set_aside] == pytest.approx(others, nan_ok=True)


@given(THRESHOLDS, NUMBERS)
def test_a_side_is_broken_once_and_severely_first(limits: Thresholds, value: float) -> None:
    broken = [limit.bound for limit in mark(value, in_force(limits, None)).broken if limit.bound]
    assert len([bound for bound in broken if bound.is_upper]) <= 1
    assert len([bound for bound in broken if not bound.is_upper]) <= 1
    for bound, limit in limits:
        reached = value >= limit if bound.is_upper else value <= limit
        if reached and bound.is_severe:
            assert bound in broken
        if bound in broken:
            assert reached


UPPER = Thresholds(upper_warning=0.8, upper_severe=1)
LOWER = Thresholds(lower_severe=5, lower_warning=10)


@pytest.mark.parametrize(
    ("limits", "value", "points", "verdict"),
    [
        (UPPER, 0.79999, 100, Verdict.PASS),
        (UPPER, 0.8, 50, Verdict.WARNING),
        (UPPER, 0.99999, 50, Verdict.WARNING),
        (UPPER, 1, 0, Verdict.FAIL),
        (UPPER, 2, 0, Verdict.FAIL),
        (LOWER, 10.001, 100, Verdict.PASS),
        (LOWER, 10, 50, Verdict.WARNING),
        (LOWER, 5.001, 50, Verdict.WARNING),
        (LOWER, 5, 0, Verdict.FAIL),
        (Thresholds(upper_severe=0), 0, 0, Verdict.FAIL),
        (Thresholds(upper_severe=0), -0.1, 100, Verdict.PASS),
        (Thresholds(lower_severe=0), 0, 0, Verdict.FAIL),
        (Thresholds(lower_warning=0), 0, 50, Verdict.WARNING),
        (Thresholds(upper_warning=0), 0.0, 50, Verdict.WARNING),
        (Thresholds(lower_warning=10, upper_warning=5), 7, 25, Verdict.WARNING),
        (Thresholds(lower_severe=10, upper_severe=5), 7, 0, Verdict.FAIL),
        (Thresholds(lower_warning=10, upper_severe=5), 7, 0, Verdict.FAIL),
        (Thresholds(), 7, 100, Verdict.PASS),
    ],
)
def test_bounds_are_inclusive_and_zero_counts(
    limits: Thresholds, value: float, points: float, verdict: Verdict
) -> None:
    result = graded(indicator(limits), value)
    assert (result.points, result.verdict) == (points, verdict)


def test_contradictory_bounds_give_two_violations() -> None:
    result = graded(indicator(Thresholds(lower_severe=10, upper_severe=5)), 7)
    assert [(one.breach, one.value, one.threshold) for one in violations(indicator(UPPER), result)] == [
        ("lowerSevere", 7, 10),
        ("upperSevere", 7, 5),
    ]


def test_violations_name_their_series_in_the_order_of_the_answer() -> None:
    result = graded(indicator(UPPER), 0.9, 0.1, 3)
    assert [(one.key, one.breach, one.value, one.threshold) for one in violations(indicator(UPPER), result)] == [
        ('{"n":"0","release":"new"}', "upperWarning", 0.9, 0.8),
        ('{"n":"2","release":"new"}', "upperSevere", 3, 1),
    ]
    assert result.points == 0
    assert result.verdict is Verdict.FAIL
    named = worst(result.breaches)
    assert named is not None
    assert named.sample.value == 3


def test_the_severe_violation_is_named_before_a_warning_that_is_farther_off() -> None:
    broken = graded(indicator(Thresholds(lower_severe=1, upper_warning=5)), 900, 0.5).breaches
    named = worst(broken)
    assert named is not None
    assert named.limit.name == "lowerSevere"
    assert worst(()) is None


@pytest.mark.parametrize(
    ("limits", "values", "named"),
    [
        (Thresholds(lower_severe=10, upper_severe=20), [21, 1], "lowerSevere"),
        (Thresholds(lower_severe=5.5, upper_severe=0), [3], "upperSevere"),
        (Thresholds(lower_warning=10, upper_severe=5), [5.5], "upperSevere"),
    ],
)
def test_of_equal_violations_the_farthest_is_named(limits: Thresholds, values: list[float], named: str) -> None:
    found = worst(graded(indicator(limits), *values).breaches)
    assert found is not None
    assert found.limit.name == named


def test_no_series_is_no_data_unless_the_file_ignores_it() -> None:
    assert graded(indicator(UPPER)).verdict is Verdict.NO_DATA
    assert graded(indicator(UPPER)).trouble == "the query returned no series"
    ignoring = graded(indicator(UPPER, ignore_empty=True))
    assert (ignoring.verdict, ignoring.points) == (Verdict.PASS, 100)
    assert ignoring.notes == ("the query returned no series: ignored, as the file asks (ignoreEmpty)",)
    assert ignoring.arithmetic == ("no data, ignoreEmpty: 100 points",)


def test_only_series_of_other_releases_is_no_data() -> None:
    result = graded(indicator(UPPER), (0.1, "old"), (0.1, "older"))
    assert result.verdict is Verdict.NO_DATA
    assert result.trouble == "all 2 series name another release"
    assert [aside.reason for aside in result.set_aside] == [
        "it names release old, and new is under test",
        "it names release older, and new is under test",
    ]


def test_ignore_empty_still_judges_the_numbers_that_there_are() -> None:
    result = graded(indicator(UPPER, ignore_empty=True), 0.9, math.nan)
    assert (result.verdict, result.points) == (Verdict.WARNING, 50)
    assert "1 of 2 series is NaN (0 divided by 0: no requests): ignored" in result.notes[0]
    assert result.arithmetic == ('{"n":"0","release":"new"}: 0.9 ≥ 0.8 (upperWarning): a half of 100: 50 points',)


def test_ignore_empty_does_not_ignore_a_source_that_could_not_answer() -> None:
    measurement = Measurement("i", "Prometheus", "up", Unmeasured("timed out"))
    result = grade(indicator(UPPER, ignore_empty=True), measurement, "new")
    assert (result.verdict, result.points, result.trouble) == (Verdict.ERROR, 0, "timed out")


def test_a_missing_value_beside_a_warning_could_still_have_earned_half() -> None:
    result = graded(indicator(UPPER), 0.9, math.inf)
    assert (result.verdict, result.points, result.attainable) == (Verdict.NO_DATA, 0, 50)
    assert result.set_aside[0].reason == "+Inf is no data"


def test_series_without_a_release_are_judged_and_an_empty_label_is_none() -> None:
    empty = Sample({"release": ""}, 1.0, 0.0)
    bare = Sample({}, 2.0, 0.0)
    selection = select([empty, bare, Sample({"release": "old"}, -math.inf, 0.0)], "new")
    assert selection.usable == (empty, bare)
    assert len(selection.other) == 1
    assert selection.empty == ()


def test_without_a_release_under_test_no_named_series_is_judged() -> None:
    selection = select([Sample({"release": "old"}, 1.0, 0.0)], "")
    assert selection.usable == ()
    assert selection.other[0].reason == "it names release old, and none is under test"


def test_several_kinds_of_no_number_are_named() -> None:
    assert graded(indicator(UPPER), 0.1, math.inf, math.nan, -math.inf).trouble == (
        "3 of 4 series are +Inf or -Inf or NaN (0 divided by 0: no requests)"
    )


def test_no_requests_are_guessed_at_for_nan_only() -> None:
    assert graded(indicator(UPPER), math.inf).trouble == "1 of 1 series is +Inf"


@pytest.mark.parametrize(
    ("timestamp", "lacks"),
    [
        (-1, ("stale",)),
        (0, ()),
        (0.5, ("stale",)),
        (99.9, ("stale",)),
        (100, ()),
        (200, ()),
        (200.1, ("of a time to come",)),
        (150_000, ("of a time to come",)),  # a moment in milliseconds, taken for seconds
    ],
)
def test_a_sample_is_no_data_outside_of_the_moments_that_may_count(timestamp: float, lacks: tuple[str, ...]) -> None:
    selection = select([Sample({}, 1.0, timestamp)], "new", Moments(100.0, 200.0))
    assert selection.lacks == lacks
    assert (len(selection.usable), len(selection.empty)) == ((0, 1) if lacks else (1, 0))


def test_what_series_lack_is_said_once_each() -> None:
    values = [Sample({"n": str(n)}, value, 1.0) for n, value in enumerate((math.nan, math.inf, math.nan))]
    assert select(values, "new").lacks == ("+Inf", "NaN")


def test_minus_infinity_is_named_as_it_is() -> None:
    assert select([Sample({}, -math.inf, 0.0)], "new").empty[0].reason == "-Inf is no data"


def test_a_breach_weighs_nothing_where_there_are_no_points() -> None:
    result = graded(indicator(UPPER, points=0), 5)
    assert (result.points, result.verdict) == (0, Verdict.FAIL)


def test_the_arithmetic_is_told_series_by_series() -> None:
    assert graded(indicator(UPPER), 0.5, 0.9).arithmetic == (
        '{"n":"0","release":"new"} = 0.5: within its bounds, 100 points',
        '{"n":"1","release":"new"}: 0.9 ≥ 0.8 (upperWarning): a half of 100: 50 points',
        "the worst of 2 series counts: 50 points",
    )
    assert graded(indicator(Thresholds(lower_severe=1, upper_warning=0)), 1).arithmetic == (
        '{"n":"0","release":"new"}: 1 ≤ 1 (lowerSevere): 0, 1 ≥ 0 (upperWarning): a half of 100: 0 points',
    )
    assert graded(indicator(UPPER), math.nan).arithmetic == (
        "1 of 1 series is NaN (0 divided by 0: no requests): 0 points",
    )


def test_the_key_of_a_series_does_not_depend_on_the_order_of_its_labels() -> None:
    assert (
        key_of(Sample({"b": "ü", "a": "1"}, 0, 0)) == key_of(Sample({"a": "1", "b": "ü"}, 0, 0)) == '{"a":"1","b":"ü"}'
    )


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (1.0234, 1, ("1.02", "1")),
        (1.0004, 1, ("1.0004", "1")),
        (1.00041234, 1, ("1.0004", "1")),
        (0.99996, 1, ("0.99996", "1")),
        (1, 1, ("1", "1")),
        (0.85, 0.8, ("0.85", "0.8")),
        (1014676.0082, 1000000, ("1014676", "1000000")),
        (999_999.5, 1_000_000.25, ("999999.5", "1000000")),
        (1234.5, 2, ("1234", "2")),
        (-0.0, 0.001, ("0", "0.001")),
        (2e20, 1, ("2e+20", "1")),
        (math.nextafter(1.0, 2.0), 1, ("1.0000000000000002", "1")),
        (1e15, 1e15 + 2, ("1000000000000000", "1000000000000002")),
    ],
)
def test_two_numbers_that_differ_are_shown_different(value: float, limit: float, shown: tuple[str, str]) -> None:
    assert told_apart(value, limit) == shown


@given(NUMBERS, NUMBERS)
def test_no_two_different_numbers_look_alike(first: float, second: float) -> None:
    shown = told_apart(first, second)
    assert (shown[0] == shown[1]) == (first == second)


def test_a_number_reads_in_three_digits_and_whole_ones_in_full() -> None:
    assert [readable(value) for value in (0.0, -0.0, 100.0, 1014676.0, 33.333333, 1e15, 1e18)] == [
        "0",
        "0",
        "100",
        "1014676",
        "33.3",
        "1e+15",
        "1e+18",
    ]
