"""Any server that answers JSON: what is asked, what is read, and which hosts are never asked."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.lockgate.sources.http_server import HttpServer, Said, document, http_server
from tests.lockgate.sources.troubles import SECRET, said_in

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Window
from lockgate.sources.access import Access
from lockgate.sources.http_client import HttpClient
from lockgate.sources.http_json import PROBE, HttpJsonSource
from lockgate.testing.contracts.metric_source import HttpMetricSourceContract, Question, Series, Trouble

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
ROWS: Mapping[str, Any] = {
    "url": "/stats",
    "series": "$.rows[*]",
    "value": "$.p95",
    "labels": {"release": "$.release", "pod": "$.pod"},
}


@dataclass(frozen=True, slots=True)
class Stats:
    server: HttpServer
    client: HttpClient
    secret = SECRET

    def source(self, deadline: float = 10.0, hosts: tuple[str, ...] = ()) -> HttpJsonSource:
        access = Access(token=SECRET)
        return HttpJsonSource(self.server.address, self.client, deadline=deadline, access=access, hosts=hosts)

    async def ask(self, query: Any, said: object, hosts: tuple[str, ...] = ()) -> Answer:
        self.server.answer = lambda _: said if isinstance(said, Said) else document(said)
        return await self.source(hosts=hosts).query(query, WINDOW)

    async def holding(self, series: Sequence[Series]) -> Question:
        rows = [{**labels, "p95": shown(value)} for labels, value in series]
        self.server.answer = lambda _: document({"rows": rows})
        return Question(self.source(), ROWS, WINDOW, "/stats")

    async def refusing(self) -> Question:
        return await self.in_trouble(Trouble.REFUSED)

    async def away(self) -> Question:
        return Question(HttpJsonSource("http://127.0.0.1:1", self.client), ROWS, WINDOW)

    async def in_trouble(self, trouble: Trouble) -> Question:
        self.server.answer = lambda _: said_in(trouble, {"rows": "none"}, {"rows": [{"p95": "slow"}]})
        query = {"url": "/stats", "value": "$.rows", "series": "$"}
        if trouble is Trouble.WRONG_TYPE:
            query = {"url": "/stats", "value": "$.p95", "series": "$.rows[*]"}
        if trouble is Trouble.ANOTHER_SHAPE:
            query = {"url": "/stats", "value": "$[0]", "series": "$"}
        return Question(self.source(0.2 if trouble is Trouble.HANGING else 10.0), query, WINDOW, "/stats")

    async def without_value(self) -> Question:
        self.server.answer = lambda _: document({"rows": [{"p95": None}]})
        return Question(self.source(), ROWS, WINDOW, "/stats")


def shown(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return f"{value:+.0f}".replace("inf", "Inf") if math.isinf(value) else value


@pytest.fixture
def stats(server: HttpServer, client: HttpClient) -> Stats:
    return Stats(server, client)


class TestHttpJson(HttpMetricSourceContract):
    @pytest.fixture
    def bench(self, stats: Stats) -> Stats:
        return stats


async def test_the_windows_places_in_a_url_are_filled(stats: Stats) -> None:
    url = "/stats?from={start}&to={end}&from_ms={start_ms}&to_ms={end_ms}&for={seconds}s"
    await stats.ask({"url": url, "value": "$.p95", "headers": {"Accept": "application/json"}}, {"p95": 1})
    (asked,) = stats.server.asked
    assert asked.target == (
        "/stats?from=1795381200.000&to=1795381215.000&from_ms=1795381200000&to_ms=1795381215000&for=15s"
    )
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.headers["accept"] == "application/json"


async def test_what_follows_the_sign_of_a_fragment_is_not_sent(stats: Stats) -> None:
    for url in ("/stats?a=b#top", f"{stats.server.address}/stats?a=b#top"):
        await stats.ask({"url": url, "value": "$.p95"}, {"p95": 1})
    assert [asked.target for asked in stats.server.asked] == ["/stats?a=b"] * 2


@pytest.mark.parametrize(
    ("value", "values"),
    [
        ("$.p95", [0.5]),
        ("$.text", [0.25]),
        ("$.nothing", [math.nan]),
        ("$.missing", []),
        ("$.many[*]", [1, 2]),
        ("$.none[*]", []),
        ("$.rows[?@.name == 'b'].value", [7]),
    ],
)
async def test_a_path_gives_the_values_that_it_points_at(stats: Stats, value: str, values: list[float]) -> None:
    rows = [{"name": "a", "value": 3}, {"name": "b", "value": 7}]
    body = {"p95": 0.5, "text": "0.25", "nothing": None, "many": [1, 2], "none": [], "rows": rows}
    answer = await stats.ask({"url": "/", "value": value}, body)
    assert [sample.value for sample in answer.samples] == pytest.approx(values, nan_ok=True)
    assert len({json.dumps(dict(sample.labels)) for sample in answer.samples}) == len(values)


OTHER_ANSWERS = [
    {"error": "no such host"},
    {"rows": "none", "latency": 3},
    [],
    ["none"],
    "none",
    {"rows": False, "latency": ""},
]


@pytest.mark.parametrize("said", OTHER_ANSWERS, ids=json.dumps)
@pytest.mark.parametrize(
    "paths",
    [
        {"series": "$.rows[*]", "value": "$.p95"},
        {"series": "$.rows[?@.name == 'b'].stats", "value": "$.p95"},
        {"value": "$.rows[*].p95"},
        {"value": "$.latency.p95"},
    ],
    ids=str,
)
async def test_an_answer_without_the_place_that_a_path_looks_into_is_an_error(
    stats: Stats, paths: dict[str, str], said: object
) -> None:
    """It has another shape, as an error body has that comes with status 200."""
    with pytest.raises(PermanentError, match=r"answered with nothing at \$\['(rows|latency)'\] to look into: "):
        await stats.ask({"url": "/", **paths}, said)


@pytest.mark.parametrize("rows", [[], {}, None])
@pytest.mark.parametrize("paths", [{"series": "$.rows[*]", "value": "$.p95"}, {"value": "$.rows.p95"}], ids=str)
async def test_a_place_in_which_nothing_is_holds_no_series(stats: Stats, paths: dict[str, str], rows: object) -> None:
    assert (await stats.ask({"url": "/", **paths}, {"rows": rows})).samples == ()


async def test_a_series_whose_value_is_missing_is_no_data_and_not_left_out(stats: Stats) -> None:
    answer = await stats.ask(ROWS, {"rows": [{"release": "a", "p95": 1}, {"release": "b"}]})
    assert [dict(sample.labels) for sample in answer.samples] == [
        {"release": "a", "pod": ""},
        {"release": "b", "pod": ""},
    ]
    assert math.isnan(answer.samples[1].value)


@pytest.mark.parametrize(
    ("value", "values"),
    [
        ("$.rows[*].p95", [1, math.nan, math.nan]),
        ("$.rows[*].stats.p95", [math.nan, 2, math.nan]),
        ("$.rows[0:2].p95", [1, math.nan]),
        ("$..rows[*].p95", [1, math.nan, math.nan]),
        ("$.rows[?@.p95].p95", [1]),
    ],
)
async def test_one_of_many_that_lacks_its_value_is_no_data_unless_the_path_leaves_it_out(
    stats: Stats, value: str, values: list[float]
) -> None:
    answer = await stats.ask({"url": "/", "value": value}, {"rows": [{"p95": 1}, {"stats": {"p95": 2}}, None]})
    assert [sample.value for sample in answer.samples] == pytest.approx(values, nan_ok=True)
    assert len({json.dumps(dict(sample.labels)) for sample in answer.samples}) == len(values)


async def test_one_of_many_is_named_by_its_path_whether_it_has_a_value_or_not(stats: Stats) -> None:
    answer = await stats.ask({"url": "/", "value": "$.rows[*].p95"}, {"rows": [{"p95": 1}, {}]})
    assert [sample.labels["path"] for sample in answer.samples] == ["$['rows'][0]['p95']", "$['rows'][1]['p95']"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"p95": True}, "no number: true"),
        ({"p95": {"a": 1}}, "no number"),
        ({"p95": 1, "release": ["a"]}, "a label release that is no text"),
    ],
)
async def test_what_is_no_value_or_label_is_refused(stats: Stats, row: object, words: str) -> None:
    with pytest.raises(PermanentError, match=words):
        await stats.ask(ROWS, {"rows": [row]})
    with pytest.raises(PermanentError, match="2 values in one series"):
        await stats.ask({**ROWS, "value": "$.*"}, {"rows": [{"a": 1, "b": 2}]})


async def test_a_host_that_was_not_allowed_is_not_asked(stats: Stats) -> None:
    async with http_server() as other:
        other.answer = lambda _: document({"p95": 1})
        query = {"url": f"{other.address}/stats", "value": "$.p95"}
        host = other.address.removeprefix("http://")
        with pytest.raises(InvalidError, match=rf"{host} may not be asked, only .*--allow-host 127\.0\.0\.1 allows it"):
            await stats.ask(query, {})
        assert other.asked == []
        answer = await stats.ask(query, {}, hosts=(host,))
        assert [sample.value for sample in answer.samples] == [1]
        assert "authorization" not in other.asked[0].headers


async def test_a_redirect_to_an_allowed_host_is_not_followed_either(stats: Stats) -> None:
    async with http_server() as other:
        with pytest.raises(PermanentError, match="redirects are not followed"):
            await stats.ask(
                {"url": "/", "value": "$"}, Said(b"", 301, {"Location": other.address}), hosts=("127.0.0.1",)
            )
        assert other.asked == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("$.p95", "must be an object with url and value, such as /stats and $.latency.p95, not '$.p95'"),
        ({"url": "/"}, "field 'value' is missing"),
        ({"url": "/", "value": "$.a["}, "is no JSONPath"),
        ({"url": "/", "value": "p95"}, "is no JSONPath"),
        ({"url": "/", "value": "$[?match(@.a, '(a+)+b')]"}, "is no JSONPath"),
        ({"url": "/?x={from}", "value": "$"}, "url: unknown placeholder {from}: known are {start}"),
        ({"url": "//elsewhere/x", "value": "$"}, "url: must be a path"),
        ({"url": "file:///etc/passwd", "value": "$"}, "url: must be a path"),
        ({"url": "http://a:b@127.0.0.1/", "value": "$"}, "without a password"),
        ({"url": "http://[::1", "value": "$"}, "must be a path or an address"),
        ({"url": "http://[v1]/", "value": "$"}, "is no address: Invalid IPv6"),
        ({"url": "http://a..ü/", "value": "$"}, "is no address: Invalid IDNA"),
        ({"url": "/", "value": "$", "headers": {"Authorization": "Bearer x"}}, "may not stand in a query"),
        ({"url": "/", "value": "$", "headers": {"X": "a\r\nb"}}, "no header may hold"),
        ({"url": "/", "value": "$", "headers": ["X"]}, "headers: must be an object of texts, not a list"),
        ({"url": "/a/../b", "value": "$"}, "url: must name its page without '.' and '..'"),
        ({"url": "/%2E%2e?x=1", "value": "$"}, "url: must name its page without '.' and '..'"),
        ({"url": "/\n", "value": "$"}, "a character that no request may hold"),
        ({"url": "/\ud800", "value": "$"}, "a character that no request may hold"),
        ({"url": "/", "value": "$", "path": "$"}, "path: unknown field: Known are url, value, headers"),
    ],
)
async def test_a_question_that_is_none_is_refused_before_it_is_asked(stats: Stats, query: Any, words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        await stats.ask(query, {})
    assert words in str(caught.value)
    assert stats.server.asked == []


@pytest.mark.parametrize("status", [200, 204, 404])
async def test_a_server_that_answers_is_there_whatever_its_front_page(stats: Stats, status: int) -> None:
    assert (await stats.ask(PROBE, Said(b"", status))).samples == ()


@pytest.mark.parametrize(("status", "kind"), [(401, PermanentError), (403, PermanentError), (503, TransientError)])
async def test_a_server_that_lets_nobody_in_is_not_configured(stats: Stats, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=f"answered {status}"):
        await stats.ask(PROBE, Said(b"", status))
