"""Metrics API v2: response time and requests of services, with the resolution Inf."""

import re

from starlette.requests import Request

from dynatracestandin.entities import Service, UnsupportedError, Wanted, parse_selector
from dynatracestandin.measuring import Measuring, Span
from dynatracestandin.timeseries_v1 import span_of, value_of

RESPONSE_TIME, REQUESTS = "builtin:service.response.time", "builtin:service.requestCount.total"
_UNITS = {RESPONSE_TIME: "MicroSecond", REQUESTS: "Count"}
_SELECTOR = re.compile(
    r'(?P<key>builtin:[A-Za-z.]+)(?::splitBy\("dt\.entity\.service"\))?(?::(?P<how>[a-z]+)(?:\((?P<percent>[0-9.]+)\))?)?'
)
_WARNING = "measured by a stand-in for Dynatrace, not by Dynatrace"


async def listing(_request: Request, _measuring: Measuring) -> dict[str, object]:
    metrics = [{"metricId": key, "unit": unit} for key, unit in _UNITS.items()]
    return {"totalCount": len(metrics), "nextPageKey": None, "metrics": metrics, "warnings": [_WARNING]}


async def query(request: Request, measuring: Measuring) -> dict[str, object]:
    """Raises UnsupportedError for a question that the stand-in cannot answer."""
    params = request.query_params
    if params.get("resolution", "Inf").casefold() != "inf":
        raise UnsupportedError("the stand-in knows the resolution Inf only: one value over the timeframe")
    span, wanted = span_of(params.get("from"), params.get("to")), parse_selector(params.get("entitySelector", ""))
    selector = params.get("metricSelector", "")
    found = await _measured(measuring, selector, span, wanted)
    data = [_series(service, value, span) for service, value in found.items()]
    result = [{"metricId": selector, "dataPointCountRatio": 0.0, "dimensionCountRatio": 0.0, "data": data}]
    page = {"totalCount": len(data), "nextPageKey": None, "resolution": "Inf"}
    return {**page, "result": result, "warnings": [_WARNING]}


async def _measured(measuring: Measuring, selector: str, span: Span, wanted: Wanted) -> dict[Service, float]:
    asked = _SELECTOR.fullmatch(selector)
    key, how = (asked["key"], asked["how"]) if asked else ("", None)
    if key == RESPONSE_TIME and asked and how in (None, "avg", "median", "percentile"):
        aggregation = (how or "avg").upper()
        if how == "percentile" and not asked["percent"]:
            raise UnsupportedError("percentile needs a number, such as :percentile(95)")
        return await measuring.response_time(aggregation, float(asked["percent"] or 50), span, wanted)
    if key == REQUESTS and how in (None, "value", "sum"):
        return await measuring.requests(span, wanted)
    known = f"{RESPONSE_TIME} (avg, median, percentile(N)) and {REQUESTS} (value)"
    raise UnsupportedError(f"the stand-in has {known}, each split by dt.entity.service, and not {selector!r}")


def _series(service: Service, value: float, span: Span) -> dict[str, object]:
    dimensions = {"dt.entity.service": service.id, "release": service.release}
    return {
        "dimensions": list(dimensions.values()),
        "dimensionMap": dimensions,
        "timestamps": [span.end],
        "values": [value_of(value)],
    }
