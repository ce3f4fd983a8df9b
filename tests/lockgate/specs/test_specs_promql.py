"""What is seen of a PromQL text without running it."""

import math
from typing import Any

import pytest

from lockgate.domain.promql import lookback_seconds, lookbacks, mixes_releases, promql_in, selects_release


@pytest.mark.parametrize(
    ("query", "mixes"),
    [
        ("up", False),
        ("rate(sum_total[5m])", False),
        ("x_sum{a='b'}", False),
        ("max_over_time(x[5m])", False),
        ("topk(3, x)", False),
        ("sum(x)", True),
        ("SUM (x)", True),
        ("sum(x) / sum(y{release='$RELEASE'})", True),
        ("sum(x{release='$RELEASE'}) / sum(y{release=\"$RELEASE\"})", False),
        ("sum(x{a='1', release=~'$RELEASE'})", False),
        ("sum(x{release!='$RELEASE'})", True),
        ("sum(x{xrelease='$RELEASE'})", True),
        ("sum(x{release='other'})", True),
        ("sum by (release) (x)", False),
        ("sum by(job, release)(x)", False),
        ("sum by (job) (x)", True),
        ("sum(x) by (release)", False),
        ("sum(rate(x[5m])) without (instance)", False),
        ("sum without (release) (x)", True),
        ("sum without () (x)", False),
        ("histogram_quantile(0.9, sum(rate(x_bucket[1m])) by (le))", True),
        ("avg by (release) (sum by (pod) (x))", True),
        ("label_replace(x, 'a', 'sum(', 'b', '')", False),
        ("sum(x{a=')'}) by (release)", False),
        ("sum(x", True),
    ],
)
def test_an_aggregation_mixes_releases_unless_it_keeps_or_selects_them(query: str, mixes: bool) -> None:
    assert mixes_releases(query) is mixes


def test_a_resolved_query_selects_by_the_release_itself() -> None:
    assert selects_release("x{release='r.1'} / y{release=\"r.1\"}", "r.1")
    assert not selects_release("x{release='rx1'}", "r.1")
    assert not selects_release("x{release='r.1'} / y{a='b'}", "r.1")
    assert not selects_release("x", "r.1")


@pytest.mark.parametrize(
    ("query", "texts", "seconds"),
    [
        ("up", (), 0),
        ("rate(x[5m])", ("5m",), 300),
        ("rate(x[30s]) + rate(y[ 1h30m ])", ("30s", "1h30m"), 5400),
        ("max_over_time(rate(x[1m])[1d:5m])", ("1m", "1d"), 86400),
        ("x{a=~'[0-9]'}", (), 0),
        ("x[500ms]", ("500ms",), 0.5),
        ("x[$DURATION_MINUTESm]", ("$DURATION_MINUTESm",), 0),
        pytest.param(f"x[{'9' * 400}ms]", (f"{'9' * 400}ms",), math.inf, id="beyond all floats"),
        pytest.param(
            f"x[{'9' * 5000}s]", (f"{'9' * 5000}s",), math.inf, id="more digits than are read as a whole number"
        ),
    ],
)
def test_the_longest_range_is_the_lookback(query: str, texts: tuple[str, ...], seconds: float) -> None:
    assert lookbacks(query) == texts
    assert lookback_seconds(query) == seconds


@pytest.mark.parametrize(
    ("source", "query", "found"),
    [
        ("Prometheus", "up", "up"),
        ("prometheus/eu", {"query": "up", "step": "5s"}, "up"),
        ("Prometheus", {"query": 1}, None),
        ("Dynatrace", "up", None),
        ("Http", {"query": "up"}, None),
    ],
)
def test_promql_is_found_where_a_prometheus_is_asked(
    source: str, query: str | dict[str, Any], found: str | None
) -> None:
    assert promql_in(source, query) == found
