"""What earlier runs measured, as one number a series."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lockgate.evaluation.cases import run_before

from lockgate.domain.evaluation import Sample
from lockgate.domain.gate import Aggregate, Comparison
from lockgate.evaluation.baseline import Baseline, aggregated, baseline_of, identity

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def series(value: float, **labels: str) -> Sample:
    return Sample(labels, value, 0.0)


def test_labels_that_name_a_release_or_a_process_do_not_tell_runs_apart() -> None:
    passing = {"release": "a", "pod": "b", "instance": "c", "deployment": "d", "colour": "e", "__name__": "f"}
    assert identity(series(1, path="/", **passing)) == identity(series(1, path="/")) == {("path", "/")}
    assert identity(series(1, path="/", job="")) == identity(series(1, path="/"))
    assert identity(series(1, path="/")) != identity(series(1, path="/cart"))


def test_series_are_matched_by_what_is_left_of_their_labels() -> None:
    run = [series(1, path="/", release="a", pod="x"), series(5, path="/cart", release="a", pod="x")]
    baseline = Baseline([run])
    assert baseline.of(series(9, path="/cart", release="b", pod="y"), alone=False) == 5
    assert baseline.of(series(9, path="/", release="b", pod="y"), alone=True) == 1
    assert baseline.of(series(9, path="/new", release="b"), alone=False) is None
    assert baseline.of(series(9, path="/new", release="b"), alone=True) is None


def test_one_series_on_both_sides_matches_whatever_its_labels_are() -> None:
    baseline = Baseline([[series(3, version="1", node="n1")]])
    assert baseline.of(series(9, node="n2"), alone=True) == 3
    assert baseline.of(series(9, node="n2"), alone=False) is None


def test_pods_of_one_run_are_averaged_before_runs_are() -> None:
    runs = [[series(1, pod="a"), series(3, pod="b")], [series(8, pod="c")]]
    assert Baseline(runs).of(series(0, pod="d"), alone=False) == 5
    assert Baseline(runs, Aggregate.P95).of(series(0, pod="d"), alone=False) == 8


def test_runs_without_the_series_or_without_numbers_count_for_nothing() -> None:
    runs = [[series(math.nan)], [], [series(2, path="/")], [series(7, path="/x"), series(math.inf, path="/y")]]
    baseline = Baseline(runs)
    assert baseline.of(series(0, path="/"), alone=False) == 2
    assert baseline.of(series(0, path="/y"), alone=False) is None
    assert not baseline.is_empty
    assert Baseline([[series(math.nan)]]).is_empty


def test_the_baseline_of_an_indicator_is_read_from_what_was_judged_under_its_id() -> None:
    earlier = [run_before([1.0], [10.0]), run_before([3.0]), run_before([])]
    assert baseline_of("latency", earlier, Comparison(results=2)).of(series(0), alone=True) == 2
    assert baseline_of("second", earlier, Comparison(results=2)).of(series(0), alone=True) == 10
    assert baseline_of("third", earlier, Comparison(results=2)).is_empty


@pytest.mark.parametrize(
    ("values", "aggregate", "expected"),
    [
        ([4], Aggregate.P50, 4),
        ([1, 2, 3], Aggregate.AVERAGE, 2),
        ([3, 1, 2], Aggregate.P50, 2),
        ([1, 2, 3, 10], Aggregate.P50, 2.5),
        ([1, 2, 3, 10], Aggregate.P90, 10),
        (list(range(1, 11)), Aggregate.P90, 9.9),
        (list(range(1, 20)), Aggregate.P95, 19),
        (list(range(1, 40)), Aggregate.P95, 38),
        (list(range(1, 31)), Aggregate.P95, 29.45),
    ],
)
def test_several_runs_are_aggregated_to_one_number(values: list[float], aggregate: Aggregate, expected: float) -> None:
    assert aggregated(values, aggregate) == pytest.approx(expected)


@given(st.lists(FLOATS, min_size=1, max_size=20), st.sampled_from(Aggregate))
def test_an_aggregate_lies_among_its_values(values: list[float], aggregate: Aggregate) -> None:
    found = aggregated(values, aggregate)
    slack = 1e-9 * max(abs(value) for value in values)
    assert min(values) - slack <= found <= max(values) + slack
    assert found == aggregated(values[::-1], aggregate)


@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_a_higher_percentile_is_never_lower(values: list[float]) -> None:
    found = [aggregated(values, one) for one in (Aggregate.P50, Aggregate.P90, Aggregate.P95)]
    slack = 1e-9 * max(abs(value) for value in values)
    assert all(lower <= higher + slack for lower, higher in itertools.pairwise(found))


def test_a_mean_of_numbers_whose_sum_is_beyond_all_floats_is_still_a_mean() -> None:
    assert aggregated([1.6e308, 1.6e308], Aggregate.AVERAGE) == pytest.approx(1.6e308)
