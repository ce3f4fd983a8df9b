"""A query that is an object is read at the push, by the rules of the source that it is for."""

import json
from typing import Any

import pytest

from lockgate.domain.errors import Fault, InvalidError, SpecError
from lockgate.domain.source_name import KINDS
from lockgate.sources.answers import AGGREGATES as REDUCED
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.placeholders import resolve
from lockgate.specs.queries.dynatrace import MetricsQuery, SmartscapeQuery, TimeseriesQuery, read_dynatrace
from lockgate.specs.queries.http_json import read_http
from lockgate.specs.queries.prometheus import PrometheusQuery, read_prometheus
from lockgate.specs.queries.reading import AGGREGATES, parsed
from lockgate.specs.queries.samples import read_samples
from lockgate.specs.sli import parse_sli
from lockgate.specs.sources import DEFAULT_SOURCE

METRICS = {"metricSelector": "builtin:host.cpu.usage"}
TIMESERIES = {"timeseriesId": "com.dynatrace.builtin:service.responsetime"}
SMARTSCAPE = {"smartscape": "toRelationships:calls", "entityType": "Service", "aggregation": "count"}
HTTP = {"url": "/stats", "value": "$.p95"}


def faults(source: str, query: object) -> tuple[Fault, ...]:
    """Of an SLI file that asks this, a query a line."""
    text = f"indicators:\n  a:\n    source: {source}\n    query: {json.dumps(query)}\n"
    try:
        parse_sli("sli.yaml", text)
    except SpecError as error:
        return error.faults
    return ()


def said(source: str, query: object) -> str:
    return "\n".join(map(str, faults(source, query)))


@pytest.mark.parametrize(
    ("source", "query", "words"),
    [
        ("prometheus", {"query": "up", "agregate": "max"}, "query.agregate: unknown field: did you mean 'aggregate'?"),
        ("prometheus", {"query": "up", "aggregate": "median"}, "query.aggregate: unknown value 'median'"),
        ("prometheus", {"query": "up", "step": "5s"}, "a.query: a range query gives many values a series"),
        ("prometheus", {"query": "up", "step": "soon", "aggregate": "max"}, "query.step: must be a time such as 5s"),
        ("prometheus", TIMESERIES, "query.timeseriesId: unknown field: Known are query, step, aggregate"),
        ("dynatrace", {"selector": "m"}, "name metricSelector, timeseriesId or smartscape"),
        ("dynatrace", {**METRICS, "aggregate": "mean"}, "query.aggregate: unknown value 'mean'"),
        ("dynatrace", {**METRICS, "timeseriesId": "x"}, "query.timeseriesId: unknown field"),
        ("dynatrace", {**TIMESERIES, "aggregation": "MEAN"}, "unknown aggregation 'MEAN': known are AVG, COUNT, MAX"),
        ("dynatrace", {**TIMESERIES, "tags": "service:carts"}, "query.tags: must be a list of texts"),
        ("dynatrace", {**TIMESERIES, "tags": "$SERVICE"}, "query.tags: must be a list of texts"),
        ("http", "$SERVICE", "query: must be an object with url and value"),
        ("http", {**HTTP, "headers": "$SERVICE"}, "query.headers: must be an object of texts"),
        ("dynatrace", {**TIMESERIES, "entityIds": ["A", 5]}, "query.entityIds[1]: must be a text, not 5"),
        ("dynatrace", {**SMARTSCAPE, "smartscape": "calls"}, "query.smartscape: must be such as toRelationships:calls"),
        ("dynatrace", {**SMARTSCAPE, "entityType": "Servce"}, "query.entityType: unknown value 'Servce'"),
        ("dynatrace", {**SMARTSCAPE, "smartscape": 5}, "query.smartscape: must be a text, not 5"),
        ("dynatrace", {"smartscape": "toRelationships:calls"}, "field 'entityType' is missing"),
        ("http", "$.p95", "query: must be an object with url and value"),
        ("http", {"url": "/stats"}, "query: field 'value' is missing"),
        ("http", {**HTTP, "value": "p95"}, "query.value: 'p95' is no JSONPath"),
        ("http", {**HTTP, "series": "$.a["}, "query.series: '$.a[' is no JSONPath"),
        ("http", {**HTTP, "labels": {"pod": "name"}}, "query.labels.pod: 'name' is no JSONPath"),
        ("http", {**HTTP, "labels": ["$"]}, "query.labels: must be an object of texts, not a list"),
        ("http", {**HTTP, "headers": {"X": 5}}, "query.headers.X: must be a text, not 5"),
        ("http", {**HTTP, "headers": {"Cookie": "a=b"}}, "header Cookie may not stand in a query"),
        ("http", {**HTTP, "headers": {"X Y": "a"}}, "'X Y' is no name of a header"),
        ("http", {**HTTP, "url": "stats"}, "query.url: must be a path or an address"),
        ("http", {**HTTP, "url": "/stats?from={begin}"}, "unknown placeholder {begin}: known are {start}, {end}"),
        ("http", {**HTTP, "url": "/../admin"}, "must name its page without '.' and '..'"),
        ("http", {**HTTP, "url": "/a\tb"}, "a character that no request may hold"),
        ("file", {"sample": "x"}, "query.sample: unknown field: did you mean 'samples'?"),
        ("file", ["x"], "query: must be a text, not a list"),
    ],
)
def test_a_query_that_its_source_would_refuse_is_refused_at_the_push(source: str, query: object, words: str) -> None:
    assert {each.line for each in faults(source, query)} == {4}
    assert words in said(source, query)


def test_a_fault_is_told_in_the_line_where_it_stands() -> None:
    indicator: dict[str, Any] = {
        "id": "a",
        "source": "Dynatrace/eu",
        "query": {**METRICS, "aggregate": "mean", "resolution": 5},
        "grading": {"type": "Threshold", "thresholds": {"upperSevere": 1}, "metricScore": 1},
    }
    text = json.dumps({"indicators": [indicator], "objectives": {"pass": 1}}, indent=1)
    with pytest.raises(SpecError) as caught:
        parse_perfspec("perfspec.json", text)
    lines = {number: line.strip().split('"')[1] for number, line in enumerate(text.splitlines(), 1) if '"' in line}
    assert [(lines[each.line], each.field) for each in caught.value.faults] == [
        ("aggregate", "indicators[0].query.aggregate"),
        ("resolution", "indicators[0].query.resolution"),
    ]


@pytest.mark.parametrize(
    ("source", "query"),
    [
        ("prometheus", {"query": "up{stage='$STAGE'}", "step": "$LABEL.step", "aggregate": "$LABEL.how"}),
        ("dynatrace", {**SMARTSCAPE, "entityType": "$LABEL.kind", "tags": ["service:$SERVICE"]}),
        ("dynatrace", {**TIMESERIES, "aggregation": "$LABEL.how"}),
        ("http", {"url": "$LABEL.base/$SERVICE?from={start}", "value": "$.rows[$LABEL.row].p95"}),
        ("http", {**HTTP, "headers": {"X-Stage": "$STAGE"}}),
        ("file", "$SERVICE"),
    ],
)
def test_what_a_placeholder_stands_in_is_read_when_it_is_known(source: str, query: object) -> None:
    assert faults(source, query) == ()


@pytest.mark.parametrize(
    ("source", "query", "words"),
    [
        ("dynatrace", {**METRICS, "entitySelecter": "tag($SERVICE)"}, "field: did you mean 'entitySelector'?"),
        ("prometheus", {"query": "up", "window": "${DURATION}"}, "query.window: unknown field"),
        ("http", {**HTTP, "url": "/$SERVICE?from={strat}"}, "unknown placeholder {strat}: known are {start}"),
        ("http", {**HTTP, "url": "//other/$SERVICE"}, "query.url: must be a path or an address"),
        ("http", {**HTTP, "url": "/$SERVICE/../admin"}, "must name its page without '.' and '..'"),
        ("http", {**HTTP, "url": "/$SERVICE\tb"}, "a character that no request may hold"),
        ("http", {**HTTP, "headers": {"Cookie": "a=$STAGE"}}, "header Cookie may not stand in a query"),
        ("http", {**HTTP, "headers": {"X Y": "$STAGE"}}, "'X Y' is no name of a header"),
    ],
)
def test_what_no_placeholder_can_mend_is_refused_at_the_push(source: str, query: object, words: str) -> None:
    assert words in said(source, query)


@pytest.mark.parametrize("number", ["1e999999999", "9" * 400])
def test_a_path_with_a_number_beyond_all_is_refused_and_breaks_nothing(number: str) -> None:
    assert "is no JSONPath" in said("http", {**HTTP, "value": f"$.rows[?@.a == {number}].p95"})


def test_what_is_wrong_with_a_path_is_told_in_one_short_sentence() -> None:
    assert said("http", {**HTTP, "value": "$['" + "a" * 1000}).endswith('… is no JSONPath: unexpected token "\'"')


@pytest.mark.parametrize("place", ["h:port", "h:1:2", "[::1", "::1"])
def test_an_address_whose_port_is_none_is_refused_at_the_push(place: str) -> None:
    assert "query.url: must be a path or an address" in said("http", {**HTTP, "url": f"http://{place}/stats"})


@pytest.mark.parametrize("place", ["h", "h:", "h:8080", "[::1]", "[::1]:8080", "h?a=b:c@d", "h#:"])
def test_an_address_may_have_a_port(place: str) -> None:
    assert faults("http", {**HTTP, "url": f"http://{place}"}) == ()


def test_what_a_placeholder_makes_of_a_query_is_read_before_it_is_asked() -> None:
    query = {"url": "/$LABEL.page/stats", "value": "$.p95"}
    assert parsed(read_http, resolve(query, {"LABEL.page": "eu"}), "Http").url == "/eu/stats"
    with pytest.raises(InvalidError, match=r"^Http cannot be asked this: url: must name its page without"):
        parsed(read_http, resolve(query, {"LABEL.page": ".."}), "Http")


def test_everything_that_is_wrong_with_a_question_is_told_at_once() -> None:
    with pytest.raises(InvalidError) as caught:
        parsed(read_prometheus, {"step": "soon", "window": 5}, "Prometheus")
    assert str(caught.value) == (
        "Prometheus cannot be asked this: window: unknown field: Known are query, step, aggregate; field 'query' is "
        "missing; step: must be a time such as 5s or 500ms, not 'soon'; a range query gives many values a series: "
        "name an aggregate, such as max"
    )


@pytest.mark.parametrize(
    ("step", "ms"),
    [("5s", 5000), ("500ms", 500), ("1.5m", 90_000), ("30", 30_000), ("0.5h", 1_800_000), ("1.005s", 1005)],
)
def test_a_step_is_counted_in_milliseconds(step: str, ms: int) -> None:
    assert parsed(read_prometheus, {"query": "up", "step": step, "aggregate": "max"}, "p").step_ms == ms
    assert PrometheusQuery("up").step_ms == 0


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_a_tool_leaves_empty_counts_as_not_given(nothing: object) -> None:
    assert parsed(read_prometheus, {"query": "up", "aggregate": nothing}, "p") == PrometheusQuery("up")
    given = {**TIMESERIES, "aggregation": nothing, "entityIds": nothing, "startTimestamp": nothing}
    assert parsed(read_dynatrace, given, "d") == TimeseriesQuery(TIMESERIES["timeseriesId"])


def test_dynatrace_is_asked_by_either_of_its_apis() -> None:
    assert parsed(read_dynatrace, "m:avg", "d") == MetricsQuery({"metricSelector": "m:avg"})
    assert parsed(read_dynatrace, {**TIMESERIES, "aggregation": "p95"}, "d") == TimeseriesQuery(
        TIMESERIES["timeseriesId"], "PERCENTILE", 95.0
    )
    asked = parsed(read_dynatrace, {**SMARTSCAPE, "entityType": "SERVICE", "tags": ["a"]}, "d")
    assert asked == SmartscapeQuery("Service", "toRelationships", "calls", ("a",))


def test_a_text_that_says_nothing_asks_nothing() -> None:
    for read in (read_prometheus, read_dynatrace, read_samples):
        with pytest.raises(InvalidError, match="must not be empty"):
            parsed(read, " ", "x")


def test_a_text_is_no_question_to_a_server_that_answers_json() -> None:
    with pytest.raises(InvalidError, match=r"must be an object with url and value, .* not '\$\.p95'"):
        parsed(read_http, "$.p95", "Http")


def test_each_kind_of_source_has_its_rules() -> None:
    assert DEFAULT_SOURCE.casefold() in KINDS
    for kind in KINDS:
        assert "must not be empty" in said(kind, {})
        assert said(kind, {"nonsense": 1})


def test_each_aggregate_that_a_file_may_name_can_be_reckoned() -> None:
    assert set(AGGREGATES) == set(REDUCED)
