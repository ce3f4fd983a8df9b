"""Range queries of Prometheus, and one value out of many by an aggregate that the query names."""

import json
import math
from typing import Any

import pytest
from tests.lockgate.sources.test_sources_prometheus import WINDOW, Server, client, server

from lockgate.domain.errors import InvalidError, PermanentError
from lockgate.sources.answers import AGGREGATES, reduced
from lockgate.sources.http_client import HttpClient
from lockgate.sources.prometheus import PrometheusSource

__all__ = ["client", "server"]  # fixtures

ASKED = {"query": "latency", "step": "5s", "aggregate": "max"}


def matrix(*values: str) -> bytes:
    points = [[WINDOW.start.timestamp() + 5 * n, value] for n, value in enumerate(values)]
    series = {"metric": {"release": "r"}, "values": points}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [series]}}).encode()


async def test_a_range_query_goes_over_the_window_and_gives_one_value_a_series(
    server: Server, client: HttpClient
) -> None:
    server.body = matrix("1", "3", "2")
    answer = await PrometheusSource(server.address, client).query(ASKED, WINDOW)
    assert server.heads[0].startswith("POST /api/v1/query_range ")
    (form,) = server.forms
    assert (form["start"], form["end"], form["step"]) == (["1795381200.000"], ["1795381215.000"], ["5s"])
    (sample,) = answer.samples
    assert (dict(sample.labels), sample.value, sample.timestamp) == ({"release": "r"}, 3, 1795381210)
    assert answer.request.endswith("step=5s aggregate=max query=latency")


async def asked_in_steps(server: Server, client: HttpClient, step: str) -> dict[str, list[str]]:
    """What the server is sent for a range query with this step."""
    server.body = matrix("1")
    await PrometheusSource(server.address, client).query({**ASKED, "step": step}, WINDOW)
    (form,) = server.forms
    return form


@pytest.mark.parametrize(
    ("step", "start"),
    [("1h", 15.0), ("16s", 15.0), ("15s", 0.0), ("10", 5.0), ("4s", 3.0), ("0.1s", 0.0), ("7ms", 0.006), ("0.1m", 3.0)],
)
async def test_a_range_query_ends_at_the_windows_end_whatever_its_step(
    server: Server, client: HttpClient, step: str, start: float
) -> None:
    form = await asked_in_steps(server, client, step)
    assert float(form["start"][0]) == WINDOW.start.timestamp() + start
    assert float(form["end"][0]) == WINDOW.end.timestamp()


@pytest.mark.parametrize(
    ("step", "sent"), [("1m", "1m"), ("500ms", "500ms"), ("1.5", "1.5"), ("1.5m", "90.0"), ("1.005s", "1.005")]
)
async def test_a_part_of_a_unit_is_sent_in_seconds_which_the_server_reads(
    server: Server, client: HttpClient, step: str, sent: str
) -> None:
    assert (await asked_in_steps(server, client, step))["step"] == [sent]


async def test_a_matrix_of_an_instant_query_needs_an_aggregate(server: Server, client: HttpClient) -> None:
    server.body = matrix("1", "3")
    source = PrometheusSource(server.address, client)
    (sample,) = (await source.query({"query": "latency[1m]", "aggregate": "avg"}, WINDOW)).samples
    assert sample.value == 2
    with pytest.raises(PermanentError, match="answered with a matrix"):
        await source.query({"query": "latency[1m]"}, WINDOW)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"aggregate": "median"}, "aggregate: unknown value 'median': did you mean 'min'? Known are avg, min"),
        ({"aggregate": None}, "a range query gives many values a series: name an aggregate"),
        ({"step": "often"}, "step: must be a time such as 5s or 500ms, not 'often'"),
        ({"step": "0.5ms"}, "step: must be a time such as 5s or 500ms, not '0.5ms'"),
        ({"step": "9" * 400 + "h"}, "step: must be a time such as 5s or 500ms"),
        ({"step": "0s"}, "step: must be a time such as 5s or 500ms, not '0s'"),
        ({"step": 5}, "step: must be a text, not 5"),
        ({"stepp": "5s"}, "stepp: unknown field: did you mean 'step'? Known are query, step, aggregate"),
        ({"query": ["up"]}, "query: must be a text, not a list"),
    ],
)
async def test_a_question_that_is_none_is_refused_before_it_is_asked(
    server: Server, client: HttpClient, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        await PrometheusSource(server.address, client).query({**ASKED, **change}, WINDOW)
    assert words in str(caught.value)
    assert server.heads == []


@pytest.mark.parametrize("values", [[], ["one"]])
async def test_a_series_without_readable_values_is_refused(
    server: Server, client: HttpClient, values: list[str]
) -> None:
    server.body = matrix(*values)
    with pytest.raises(PermanentError, match="has no values, or not only numbers"):
        await PrometheusSource(server.address, client).query(ASKED, WINDOW)


async def test_a_series_with_histograms_beside_its_numbers_is_refused(server: Server, client: HttpClient) -> None:
    body = json.loads(matrix("1", "2"))
    body["data"]["result"][0]["histograms"] = [[1795381215, {"count": "1", "sum": "9", "buckets": []}]]
    server.body = json.dumps(body).encode()
    with pytest.raises(PermanentError, match="has no values, or not only numbers"):
        await PrometheusSource(server.address, client).query(ASKED, WINDOW)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_one_nan_among_the_values_is_never_averaged_away(aggregate: str) -> None:
    assert math.isnan(reduced([1.0, math.nan, 2.0], aggregate))
    assert math.isnan(reduced([], aggregate))
    assert reduced([4.0], aggregate) == 4


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [("avg", 2.5), ("min", 1), ("max", 4), ("sum", 10), ("last", 2), ("p50", 2.5), ("p90", 3.7), ("p95", 3.85)],
)
def test_an_aggregate_is_what_its_name_says(aggregate: str, value: float) -> None:
    assert reduced([4.0, 1.0, 3.0, 2.0], aggregate) == pytest.approx(value)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_infinities_are_kept_and_never_break_an_aggregate(aggregate: str) -> None:
    assert not math.isfinite(reduced([math.inf, math.inf], aggregate))
    assert not math.isfinite(reduced([math.inf, -math.inf], aggregate))
