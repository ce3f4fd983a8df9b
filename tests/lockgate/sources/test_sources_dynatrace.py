"""Dynatrace's metrics API v2, its timeseries and smartscape APIs v1, and everything that is no answer of them."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.lockgate.sources.http_server import Asked, HttpServer, Said, document
from tests.lockgate.sources.troubles import SECRET, said_in

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.sources.access import Access
from lockgate.sources.dynatrace import PROBE, DynatraceSource
from lockgate.sources.http_client import HttpClient
from lockgate.testing.contracts.metric_source import HttpMetricSourceContract, Question, Series, Trouble

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
BEGIN, END = 1795381200000, 1795381215000
SELECTOR = 'builtin:service.response.time:splitBy("dt.entity.service"):avg'
V2: Mapping[str, Any] = {"metricSelector": SELECTOR}
V1: Mapping[str, Any] = {
    "timeseriesId": "com.dynatrace.builtin:service.responsetime",
    "aggregation": "AVG",
    "startTimestamp": "",
    "endTimestamp": "",
}
ENTITY = "SERVICE-64F930D2B8E888FF"
SMARTSCAPE: Mapping[str, Any] = {
    "entityType": "Service",
    "smartscape": "toRelationships:calls",
    "aggregation": "count",
    "tags": [],
}
ERROR = {"error": {"code": 400, "message": f"no such metric for {SECRET}"}}
TAGS = ("service:carts", "environment:sockshop-staging")


def metric_data(*rows: tuple[Mapping[str, str], Sequence[object]], **more: Any) -> dict[str, Any]:
    data = [
        {
            "dimensions": list(dimensions.values()),
            "dimensionMap": dict(dimensions),
            "timestamps": [END - 1000 * n for n in reversed(range(len(values)))],
            "values": list(values),
        }
        for dimensions, values in rows
    ]
    result = [{"metricId": SELECTOR, "dataPointCountRatio": 0.1, "dimensionCountRatio": 0.1, "data": data}]
    return {"totalCount": len(rows), "nextPageKey": None, "resolution": "Inf", "result": result, **more}


def timeseries(points: Mapping[str, object]) -> dict[str, Any]:
    return {"dataResult": {"timeseriesId": V1["timeseriesId"], "unit": "MicroSecond (µs)", "dataPoints": points}}


@dataclass(frozen=True, slots=True)
class Tenant:
    server: HttpServer
    client: HttpClient

    def source(self, deadline: float = 10.0, tags: tuple[str, ...] = ()) -> DynatraceSource:
        access = Access("Api-Token", token=SECRET)
        return DynatraceSource(self.server.address, self.client, access, tags, deadline=deadline)

    async def ask(self, query: Any, said: object, tags: tuple[str, ...] = ()) -> Answer:
        self.server.answer = lambda _: said if isinstance(said, Said) else document(said)
        return await self.source(tags=tags).query(query, WINDOW)


@pytest.fixture
def tenant(server: HttpServer, client: HttpClient) -> Tenant:
    return Tenant(server, client)


@dataclass(frozen=True, slots=True)
class TenantBench:
    """*wrong*: an answer with a text as value; *empty*: one whose value is null."""

    tenant: Tenant
    query: Mapping[str, Any]
    wrong: object
    empty: object
    shown: str
    secret = SECRET

    async def in_trouble(self, trouble: Trouble) -> Question:
        self.tenant.server.answer = lambda _: said_in(trouble, ERROR, self.wrong)
        deadline = 0.2 if trouble is Trouble.HANGING else 10.0
        return Question(self.tenant.source(deadline), self.query, WINDOW, self.shown)

    async def without_value(self) -> Question:
        self.tenant.server.answer = lambda _: document(self.empty)
        return self.question()

    async def refusing(self) -> Question:
        return await self.in_trouble(Trouble.REFUSED)

    async def away(self) -> Question:
        access = Access("Api-Token", token=SECRET)
        return Question(DynatraceSource("http://127.0.0.1:1", self.tenant.client, access), self.query, WINDOW)

    def question(self) -> Question:
        return Question(self.tenant.source(), self.query, WINDOW, self.shown)

    async def holding(self, series: Sequence[Series]) -> Question:
        """JSON has no infinity, and null is what Dynatrace says for no value."""
        if any(math.isinf(value) for _, value in series):
            pytest.skip("JSON has no infinity")
        rows = [(labels, [None if math.isnan(value) else value]) for labels, value in series]
        self.tenant.server.answer = lambda _: document(metric_data(*rows))
        return self.question()


class TestMetricsV2(HttpMetricSourceContract):
    @pytest.fixture
    def bench(self, tenant: Tenant) -> TenantBench:
        wrong, empty = metric_data(({"release": "r"}, ["1"])), metric_data(({"release": "r"}, [None]))
        return TenantBench(tenant, {"metricSelector": "latency"}, wrong, empty, "latency")


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize(
    ("query", "wrong"), [({**V1, "tags": ["a:b"]}, timeseries({ENTITY: [[END, "1"]]})), (SMARTSCAPE, [{"entityId": 1}])]
)
async def test_trouble_with_v1_is_an_error_and_never_a_value(
    tenant: Tenant, query: Mapping[str, Any], wrong: object, trouble: Trouble
) -> None:
    bench = TenantBench(tenant, query, wrong, None, "")
    question = await bench.in_trouble(trouble)
    transient = trouble in (Trouble.BUSY, Trouble.BROKEN, Trouble.HANGING)
    with pytest.raises(TransientError if transient else PermanentError) as caught:
        await question.ask()
    assert SECRET not in str(caught.value)


async def test_metrics_v2_are_asked_for_the_window_as_one_value_with_the_token_in_a_header(tenant: Tenant) -> None:
    query = {**V2, "entitySelector": f'entityId("{ENTITY}")'}
    answer = await tenant.ask(query, metric_data(({"dt.entity.service": ENTITY}, [1014676.0082135524])))
    (asked,) = tenant.server.asked
    assert (asked.method, asked.path) == ("GET", "/api/v2/metrics/query")
    expected = {**query, "resolution": "Inf", "from": str(BEGIN), "to": str(END)}
    assert asked.params == expected
    assert asked.headers["authorization"] == f"Api-Token {SECRET}"
    assert answer.samples == (Sample({"dt.entity.service": ENTITY}, 1014676.0082135524, END / 1000),)
    assert answer.request == (
        f"GET {tenant.server.address}/api/v2/metrics/query?metricSelector={SELECTOR}"
        f'&entitySelector=entityId("{ENTITY}")&resolution=Inf&from={BEGIN}&to={END}'
    )


async def test_a_text_is_a_metric_selector(tenant: Tenant) -> None:
    await tenant.ask(SELECTOR, metric_data())
    assert tenant.server.asked[0].params["metricSelector"] == SELECTOR


async def test_every_page_is_read_and_warnings_are_kept(tenant: Tenant) -> None:
    pages = {
        None: metric_data(({"pod": "a"}, [1]), nextPageKey="second", warnings=["sampled"]),
        "second": metric_data(({"pod": "b"}, [2]), nextPageKey="third"),
        "third": metric_data(({"pod": "c"}, [3])),
    }
    tenant.server.answer = lambda asked: document(pages[asked.params.get("nextPageKey")])
    answer = await tenant.source().query(V2, WINDOW)
    assert [sample.value for sample in answer.samples] == [1, 2, 3]
    assert answer.warnings == ("sampled",)
    assert [list(asked.params) for asked in tenant.server.asked[1:]] == [["nextPageKey"], ["nextPageKey"]]


async def test_pages_without_end_are_refused(tenant: Tenant) -> None:
    with pytest.raises(PermanentError, match="names itself as the next one"):
        await tenant.ask(V2, metric_data(nextPageKey="again"))
    numbers = iter(range(1000))
    tenant.server.answer = lambda _: document(metric_data(nextPageKey=f"page {next(numbers)}"))
    with pytest.raises(PermanentError, match="more than 100 pages"):
        await tenant.source().query(V2, WINDOW)


@pytest.mark.parametrize(
    ("aggregate", "values", "value"),
    [("avg", [1, None, 3], 2), ("max", [1, None, 3], 3), ("last", [1, 2, None], 2), ("sum", [None, None], math.nan)],
)
async def test_many_values_become_one_by_the_aggregate_and_null_is_never_zero(
    tenant: Tenant, aggregate: str, values: list[float | None], value: float
) -> None:
    query = {**V2, "resolution": "5s", "aggregate": aggregate}
    (sample,) = (await tenant.ask(query, metric_data(({}, values)))).samples
    assert sample.value == pytest.approx(value, nan_ok=True)
    assert tenant.server.asked[0].params["resolution"] == "5s"
    assert "aggregate" not in tenant.server.asked[0].params


async def test_many_values_without_an_aggregate_are_refused(tenant: Tenant) -> None:
    with pytest.raises(PermanentError, match="answered with 2 values a series, and a gate needs one"):
        await tenant.ask(V2, metric_data(({}, [1, 2])))


async def test_series_of_several_metrics_say_which_they_are_of(tenant: Tenant) -> None:
    both = metric_data(({}, [1]))
    both["result"].append({"metricId": "other", "data": [{"dimensionMap": {}, "timestamps": [END], "values": [2]}]})
    answer = await tenant.ask(V2, both)
    assert [sample.labels["metricId"] for sample in answer.samples] == [SELECTOR, "other"]


@pytest.mark.parametrize(
    "row",
    [
        {"dimensionMap": {}, "timestamps": [END], "values": []},
        {"dimensionMap": {}, "timestamps": [], "values": []},
        {"dimensionMap": {}, "timestamps": [END], "values": [True]},
        {"dimensionMap": {"a": 1}, "timestamps": [END], "values": [1]},
        {"dimensionMap": {}, "timestamps": ["now"], "values": [1]},
        {"dimensionMap": {}, "timestamps": [END], "values": [10**400]},
        None,
    ],
)
async def test_a_series_that_cannot_be_read_is_refused(tenant: Tenant, row: object) -> None:
    with pytest.raises(PermanentError, match="answered with"):
        await tenant.ask(V2, {"result": [{"metricId": "m", "data": [row]}]})


async def test_an_old_perfspec_asks_as_pitometer_did(tenant: Tenant) -> None:
    query = {**V1, "entityIds": [ENTITY], "startTimestamp": 1, "endTimestamp": 2}
    answer = await tenant.ask(query, timeseries({ENTITY: [[END, 1014676.5]]}))
    (asked,) = tenant.server.asked
    assert (asked.method, asked.target) == (
        "POST",
        "/api/v1/timeseries/com.dynatrace.builtin%3Aservice.responsetime",
    )
    assert asked.headers["authorization"] == f"Api-Token {SECRET}"
    assert asked.json() == {
        "aggregationType": "AVG",
        "startTimestamp": BEGIN,
        "endTimestamp": END,
        "queryMode": "TOTAL",
        "timeseriesId": V1["timeseriesId"],
        "entities": [ENTITY],
    }
    assert answer.samples == (Sample({"entity": ENTITY}, 1014676.5, END / 1000),)
    assert answer.request.startswith(f"POST {tenant.server.address}/api/v1/timeseries/com.dynatrace.builtin%3Aservice.")
    assert json.loads(answer.request.split(" ", 2)[2]) == asked.json()


@pytest.mark.parametrize(
    ("points", "value"), [([[END, None]], math.nan), ([], math.nan), ([[END, 0]], 0), ([[END, 2.5]], 2.5)]
)
async def test_a_point_of_v1_that_is_null_or_missing_is_no_data(tenant: Tenant, points: object, value: float) -> None:
    (sample,) = (await tenant.ask({**V1, "tags": ["a:b"]}, {"result": {"dataPoints": {ENTITY: points}}})).samples
    assert sample.value == pytest.approx(value, nan_ok=True)
    assert tenant.server.asked[0].json()["tags"] == ["a:b"]


@pytest.mark.parametrize("points", [[[END - 5000, 0.2], [END, 3]], [[END - 5000, None], [END, 0.2]]])
async def test_of_several_points_of_v1_none_is_taken_for_the_value(tenant: Tenant, points: object) -> None:
    with pytest.raises(PermanentError, match="answered with 2 points an entity, and a gate needs one"):
        await tenant.ask({**V1, "tags": ["a:b"]}, timeseries({ENTITY: points}))


async def test_an_entity_that_comes_twice_is_refused_whichever_value_is_the_good_one(tenant: Tenant) -> None:
    points = f'"{ENTITY}": [[{END}, 3]], "{ENTITY}": [[{END}, 0.2]]'
    with pytest.raises(PermanentError, match=f'answered with an object that has "{ENTITY}" twice'):
        await tenant.ask({**V1, "tags": ["a:b"]}, Said(f'{{"dataResult": {{"dataPoints": {{{points}}}}}}}'.encode()))


async def test_an_error_beside_points_of_v1_is_an_error(tenant: Tenant) -> None:
    with pytest.raises(PermanentError, match=r"answered 200 with an error: .*no such metric"):
        await tenant.ask({**V1, "entityIds": [ENTITY]}, {**timeseries({ENTITY: [[END, 0.2]]}), **ERROR})


async def test_an_entity_that_was_asked_for_and_has_no_point_is_a_series_without_data(tenant: Tenant) -> None:
    query = {**V1, "entityIds": [ENTITY, "SERVICE-GONE"]}
    there, gone = (await tenant.ask(query, timeseries({f"{ENTITY}, HOST-1": [[END, 7.0]]}))).samples
    assert (there.labels, there.value) == ({"entity": f"{ENTITY}, HOST-1"}, 7.0)
    assert (gone.labels, math.isnan(gone.value)) == ({"entity": "SERVICE-GONE"}, True)


async def test_no_entity_with_the_tags_is_no_series(tenant: Tenant) -> None:
    assert (await tenant.ask({**V1, "tags": ["a:b"]}, timeseries({}))).samples == ()
    assert (await tenant.ask({**V1, "tags": ["a:b"], "entityIds": [ENTITY]}, timeseries({}))).samples == ()


@pytest.mark.parametrize(
    ("aggregation", "sent"),
    [
        ("p95", {"aggregationType": "PERCENTILE", "percentile": 95}),
        ("P99.9", {"aggregationType": "PERCENTILE", "percentile": 99.9}),
        ("count", {"aggregationType": "COUNT"}),
    ],
)
async def test_aggregations_are_sent_as_the_api_calls_them(
    tenant: Tenant, aggregation: str, sent: dict[str, object]
) -> None:
    await tenant.ask({**V1, "aggregation": aggregation, "tags": ["a:b"]}, timeseries({}))
    assert sent.items() <= tenant.server.asked[0].json().items()


async def test_without_an_entity_the_busiest_service_of_the_place_is_measured(tenant: Tenant) -> None:
    requests = "com.dynatrace.builtin:service.server_side_requests"

    def answer(asked: Asked) -> Said:
        counts = {"SERVICE-IDLE": [[END, None]], "SERVICE-0SOME": [[END, 3]], ENTITY: [[END, 150]]}
        return document(timeseries(counts if asked.path.endswith(requests) else {ENTITY: [[END, 7.0]]}))

    tenant.server.answer = answer
    (sample,) = (await tenant.source(tags=TAGS).query(V1, WINDOW)).samples
    assert (sample.labels["entity"], sample.value) == (ENTITY, 7)
    looked, measured = (asked.json() for asked in tenant.server.asked)
    assert looked == {
        "aggregationType": "COUNT",
        "startTimestamp": BEGIN,
        "endTimestamp": END,
        "queryMode": "TOTAL",
        "tags": list(TAGS),
        "timeseriesId": requests,
    }
    assert measured["entities"] == [ENTITY]


@pytest.mark.parametrize("points", [{}, {ENTITY: [[END, 0]]}, {ENTITY: [[END, None]]}])
async def test_a_service_that_is_not_known_yet_is_a_reason_to_ask_again(tenant: Tenant, points: object) -> None:
    with pytest.raises(TransientError, match="knows no service with requests and the tags service:carts, environment:"):
        await tenant.ask(V1, {"dataResult": {"dataPoints": points}}, tags=TAGS)


@pytest.mark.parametrize(
    "row", [{"entityId": ENTITY, "toRelationships": "x"}, {"entityId": ENTITY, "toRelationships": {"calls": 1}}, None]
)
async def test_relations_that_cannot_be_read_are_refused(tenant: Tenant, row: object) -> None:
    with pytest.raises(PermanentError, match="what is no entity"):
        await tenant.ask(SMARTSCAPE, [row])


@pytest.mark.parametrize(
    "query",
    [{"metricSelector": "\ud800"}, {"timeseriesId": "\ud800", "tags": ["a:b"]}, {**SMARTSCAPE, "tags": ["\ud800"]}],
)
async def test_half_a_character_is_refused_in_words_that_can_be_stored(tenant: Tenant, query: Any) -> None:
    with pytest.raises(InvalidError, match="a character that no request may hold") as caught:
        await tenant.ask(query, metric_data())
    assert str(caught.value).encode()


async def test_smartscape_counts_relations(tenant: Tenant) -> None:
    rows = [
        {"entityId": ENTITY, "lastSeenTimestamp": END, "toRelationships": {"calls": ["A", "B"]}},
        {"entityId": "SERVICE-ALONE", "lastSeenTimestamp": END + 86_400_000, "toRelationships": {}},
        {"entityId": "SERVICE-BARE"},
    ]
    answer = await tenant.ask({**SMARTSCAPE, "tags": ["service:carts", "x"]}, rows)
    assert [(sample.labels["entity"], sample.value) for sample in answer.samples] == [
        (ENTITY, 2),
        ("SERVICE-ALONE", 0),
        ("SERVICE-BARE", 0),
    ]
    assert [sample.timestamp for sample in answer.samples] == [END / 1000, END / 1000, 0]
    (asked,) = tenant.server.asked
    expected = f"/api/v1/entity/services?startTimestamp={BEGIN}&endTimestamp={END}&tag=service%3Acarts&tag=x"
    assert (asked.method, asked.target) == ("GET", expected)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"q": 1}, "unsupported query type: name metricSelector, timeseriesId or smartscape"),
        ({**V2, "selector": "x"}, "selector: unknown field: did you mean 'mzSelector'? Known are metricSelector"),
        ({"metricSelector": ""}, "metricSelector: must not be empty"),
        ({**V2, "resolution": 5}, "resolution: must be a text, not 5"),
        ({**V2, "aggregate": "median"}, "aggregate: unknown value 'median': did you mean 'min'? Known are avg, min"),
        (V1, "names neither entityIds nor tags"),
        ({**V1, "aggregation": "MEAN"}, "unknown aggregation 'MEAN': known are AVG"),
        ({**V1, "entityIds": ENTITY}, "entityIds: must be a list of texts"),
        ({**V1, "entities": []}, "entities: unknown field: did you mean 'entityIds'?"),
        ({**SMARTSCAPE, "aggregation": "avg"}, "aggregation: unknown value 'avg': Known are count"),
        (
            {**SMARTSCAPE, "entityType": "Host"},
            "entityType: unknown value 'Host': Known are Application, Process, Service",
        ),
        ({**SMARTSCAPE, "smartscape": "calls"}, "smartscape: must be such as toRelationships:calls, not 'calls'"),
    ],
)
async def test_a_question_that_is_none_is_refused_before_it_is_asked(
    tenant: Tenant, query: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        await tenant.ask(query, metric_data())
    assert words in str(caught.value)
    assert tenant.server.asked == []


async def test_one_deadline_counts_for_all_pages(tenant: Tenant) -> None:
    tenant.server.answer = lambda asked: (
        Said(b"{", ends=False) if asked.params.get("nextPageKey") else document(metric_data(nextPageKey="more"))
    )
    with pytest.raises(TransientError, match=r"gave no answer in 0\.3 s"):
        await tenant.source(deadline=0.3).query(V2, WINDOW)
    assert len(tenant.server.asked) == 2


async def test_a_probe_sees_whether_the_token_reads_metrics(tenant: Tenant) -> None:
    await tenant.ask(PROBE, {"totalCount": 1, "metrics": [{"metricId": "m"}]})
    assert tenant.server.asked[0].target == "/api/v2/metrics?pageSize=1"
    with pytest.raises(PermanentError, match="answered 401: Token Authentication failed"):
        await tenant.ask(PROBE, document({"error": {"code": 401, "message": "Token Authentication failed"}}, 401))
    with pytest.raises(PermanentError, match="no list of metrics"):
        await tenant.ask(PROBE, {"welcome": "here"})
