"""Timeseries API v1: response time and requests of services, in the mode TOTAL."""

import json
import math
from typing import Any

from starlette.requests import Request

from dynatracestandin.entities import Service, UnsupportedError, Wanted
from dynatracestandin.measuring import Measuring, Span

RESPONSE_TIME = "com.dynatrace.builtin:service.responsetime"
REQUESTS = "com.dynatrace.builtin:service.server_side_requests"
_MOST_BYTES = 100_000


async def points(request: Request, measuring: Measuring) -> dict[str, object]:
    """Raises UnsupportedError for a question that the stand-in cannot answer."""
    body, id = await _body(request), request.path_params["id"]
    if body.get("queryMode") != "TOTAL":
        raise UnsupportedError("the stand-in knows the queryMode TOTAL only")
    span = span_of(body.get("startTimestamp"), body.get("endTimestamp"))
    wanted = Wanted(frozenset(_texts(body, "entities")), tuple(_texts(body, "tags")))
    aggregation = str(body.get("aggregationType", "")).upper()
    found = await _measured(measuring, id, aggregation, _percentile(body), span, wanted)
    result = {
        "dataPoints": {service.id: [[span.end, value_of(value)]] for service, value in found.items()},
        "entities": {service.id: f"{service.name} {service.release}" for service in found},
        "unit": "MicroSecond (µs)" if id == RESPONSE_TIME else "Count (count)",
        "timeseriesId": id,
        "aggregationType": aggregation,
    }
    return {"timeseriesId": id, "dataResult": result, "standIn": True}


async def _measured(
    measuring: Measuring, id: str, aggregation: str, percentile: float, span: Span, wanted: Wanted
) -> dict[Service, float]:
    if id == RESPONSE_TIME:
        return await measuring.response_time(aggregation, percentile, span, wanted)
    if id == REQUESTS and aggregation == "COUNT":
        return await measuring.requests(span, wanted)
    raise UnsupportedError(
        f"the stand-in has no {aggregation} of {id}: it has {RESPONSE_TIME}, and COUNT of {REQUESTS}"
    )


def span_of(start: object, end: object) -> Span:
    """Raises UnsupportedError unless both are UTC milliseconds, the first before the second."""
    try:
        span = Span(int(str(start)), int(str(end)))
    except ValueError as error:
        raise UnsupportedError(f"the timeframe must be in UTC milliseconds, not {start} to {end}") from error
    if not 0 <= span.start <= span.end:
        raise UnsupportedError(f"the timeframe ends before it starts: {start} to {end}")
    return span


def value_of(value: float) -> float | None:
    """Null where nothing was measured."""
    return value if math.isfinite(value) else None


def _percentile(body: dict[str, Any]) -> float:
    percentile = body.get("percentile", 50)
    if isinstance(percentile, bool) or not isinstance(percentile, int | float) or not 0 <= percentile <= 100:
        raise UnsupportedError(f"percentile is {percentile!r}: it must be a number from 0 to 100")
    return float(percentile)


def _texts(body: dict[str, Any], field: str) -> list[str]:
    texts = body.get(field, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UnsupportedError(f"{field} must be a list of texts")
    return texts


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw) if len(raw) <= _MOST_BYTES else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise UnsupportedError("the body must be a small JSON object")
    return body
