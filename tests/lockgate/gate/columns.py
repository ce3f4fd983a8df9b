"""The columns of the gate's truth table: each metric source, and how its server or file says what a row asks for."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.lockgate.gate.situations import HELD, RELEASE, WINDOW, Held, Row, Situation
from tests.lockgate.sources.http_server import Said, document
from tests.lockgate.sources.troubles import SECRET, said_in

from lockgate.ports.metric_source import Query
from lockgate.testing.contracts.metric_source import Trouble

END = WINDOW.end.timestamp()
NOT_ASKED = "cannot happen: a file is read, not asked"
NO_TIME = "cannot be told: no time is read from its answers, and a value counts as one of the window's end"
NO_STRING = "cannot happen: its API has no result of this type"


@dataclass(frozen=True, slots=True)
class Column:
    """*said*: what the server answers in a row, or what stands in the file. *impossible*: the rows that cannot happen
    to this source, or that it cannot tell, each in a sentence; no other is left out."""

    title: str
    kind: str
    query: Query
    said: Callable[[Row], Said]
    impossible: Mapping[Row, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """*held* writes series as the API does. *error* is its error body, *wrong_type* an answer with a text as value,
    *matrix* one with many values, *string* one that is no series at all."""

    held: Callable[[Sequence[Held]], Said]
    error: object
    wrong_type: object
    matrix: object
    string: object = None

    def said(self, row: Row) -> Said:
        if isinstance(row, Trouble):
            return said_in(row, self.error, self.wrong_type)
        if row in HELD:
            return self.held(HELD[row])
        if row in (Situation.MATRIX, Situation.STRING):
            return document(self.matrix if row is Situation.MATRIX else self.string)
        return _spoilt(row, self.held(HELD[Situation.GOOD]))


def _spoilt(row: Row, good: Said) -> Said:
    """A good value that must not count: a source that read it all the same would promote."""
    match row:
        case Situation.GOOD_IN_404:
            return replace(good, status=404)
        case Situation.GOOD_IN_503:
            return replace(good, status=503)
        case Situation.GOOD_CUT:
            return replace(good, body=good.body[:-1])
        case Situation.GOOD_HANGING:
            return replace(good, ends=False)
    return good  # nobody hears it


def _prometheus(held: Sequence[Held]) -> Said:
    """A value is a text."""
    return document(_result("vector", [{"metric": _labels(one), "value": [one.at, _text(one)]} for one in held]))


def _result(kind: str, result: object) -> dict[str, Any]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


def _metric(held: Sequence[Held]) -> Said:
    """JSON has no NaN and no infinity: they are written as a careless server does, and null says no value."""
    return document(_data_points([(_labels(one), one.at, [one.value]) for one in held]))


def _data_points(rows: Sequence[tuple[Mapping[str, str], float, Sequence[object]]]) -> dict[str, Any]:
    data = [
        {
            "dimensions": list(labels.values()),
            "dimensionMap": dict(labels),
            "timestamps": [round(at * 1000)] * len(values),
            "values": list(values),
        }
        for labels, at, values in rows
    ]
    return {"totalCount": len(data), "nextPageKey": None, "resolution": "Inf", "result": [_metric_of(data)]}


def _metric_of(data: object) -> dict[str, Any]:
    return {"metricId": "latency", "data": data}


def _timeseries(held: Sequence[Held]) -> Said:
    """Series are the fields of an object, so that the same one twice is one name twice."""
    points = ", ".join(f'"SERVICE-{one.pod}": [[{round(one.at * 1000)}, {json.dumps(one.value)}]]' for one in held)
    return Said(f'{{"dataResult": {{"timeseriesId": "latency", "dataPoints": {{{points}}}}}}}'.encode())


def _points(*points: object) -> dict[str, Any]:
    return {"dataResult": {"timeseriesId": "latency", "dataPoints": {"SERVICE-carts-1": list(points)}}}


def _rows(held: Sequence[Held]) -> Said:
    return document({"rows": [{**_labels(one), "p95": _json(one)} for one in held]})


def _file(row: Row) -> Said:
    said = {
        Trouble.ERROR_IN_200: {"error": "no such metric"},
        Trouble.HANGING: {"timeout": True},
        Trouble.WRONG_TYPE: [{"key": "carts-1", "value": "slow"}],
        Situation.MATRIX: [{"key": "carts-1", "value": [0.25, 0.5]}],
    }
    if row in (Trouble.MALFORMED, Trouble.ANOTHER_PAGE, Trouble.ANOTHER_SHAPE):
        return said_in(Trouble(row), None, {"latency": [{"key": "carts-1", "value": 0.25}]})
    if row is Situation.GOOD_CUT:
        return _spoilt(row, _file(Situation.GOOD))
    if row in said:
        return document({"latency": said[row]})
    held = [{"labels": _labels(one), "value": _json(one), "timestamp": one.at} for one in HELD[row]]
    return document({"latency": held})


def _labels(held: Held) -> dict[str, str]:
    return {"release": RELEASE, "pod": held.pod}


def _text(held: Held) -> str | None:
    value = held.value
    if value is None:
        return None
    return f"{value:+.0f}".replace("inf", "Inf").replace("+nan", "NaN") if not math.isfinite(value) else repr(value)


def _json(held: Held) -> float | str | None:
    """With the texts that stand for what JSON has no number for."""
    return held.value if held.value is None or math.isfinite(held.value) else _text(held)


PROMETHEUS = Api(
    held=_prometheus,
    error={"status": "error", "errorType": "bad_data", "error": f"parse error near {SECRET}"},
    wrong_type=_result("vector", [{"metric": {}, "value": [END, "slow"]}]),
    matrix=_result("matrix", [{"metric": {}, "values": [[END - 5, "0.25"], [END, "0.5"]]}]),
    string=_result("string", [END, "0.25"]),
)
DYNATRACE_ERROR = {"error": {"code": 400, "message": f"no such metric for {SECRET}"}}
METRICS_V2 = Api(
    held=_metric,
    error=DYNATRACE_ERROR,
    wrong_type=_data_points([({}, END, ["slow"])]),
    matrix=_data_points([({}, END, [0.25, 0.5])]),
)
TIMESERIES_V1 = Api(
    held=_timeseries,
    error=DYNATRACE_ERROR,
    wrong_type=_points([END * 1000, "slow"]),
    matrix=_points([END * 1000 - 5000, 0.25], [END * 1000, 0.5]),
)
HTTP = Api(
    held=_rows,
    error={"error": f"no such metric for {SECRET}"},
    wrong_type={"rows": [{"p95": "slow"}]},
    matrix={"rows": [{"p95": [0.25, 0.5]}]},
)
ROWS_QUERY = {
    "url": "/stats",
    "series": "$.rows[*]",
    "value": "$.p95",
    "labels": {"release": "$.release", "pod": "$.pod"},
}

COLUMNS = (
    Column("Prometheus", "prometheus", 'latency{release="$RELEASE"}', PROMETHEUS.said),
    Column(
        "Dynatrace, metrics v2",
        "dynatrace",
        {"metricSelector": "latency"},
        METRICS_V2.said,
        {Situation.STRING: NO_STRING},
    ),
    Column(
        "Dynatrace, timeseries v1",
        "dynatrace",
        {"timeseriesId": "latency", "aggregation": "AVG", "tags": ["service:carts"]},
        TIMESERIES_V1.said,
        {Situation.STRING: NO_STRING},
    ),
    Column(
        "HTTP",
        "http",
        ROWS_QUERY,
        HTTP.said,
        {
            Situation.LATE: NO_TIME,
            Situation.EARLY: NO_TIME,
            Situation.STRING: "cannot happen: a result is what its paths point at",
        },
    ),
    Column(
        "File",
        "file",
        "latency",
        _file,
        {
            **dict.fromkeys((Trouble.REFUSED, Trouble.FORBIDDEN, Trouble.BUSY, Trouble.BROKEN), NOT_ASKED),
            **dict.fromkeys((Trouble.REDIRECT, Situation.AWAY), NOT_ASKED),
            **dict.fromkeys((Situation.GOOD_IN_404, Situation.GOOD_IN_503, Situation.GOOD_HANGING), NOT_ASKED),
            Situation.STRING: "cannot happen: its form has no result of this type",
        },
    ),
)
