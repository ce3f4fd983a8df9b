"""Smartscape API v1: the services seen in the timeframe. Who calls whom is not measured, so no relation is told."""

from starlette.requests import Request

from dynatracestandin.entities import Wanted
from dynatracestandin.measuring import Measuring
from dynatracestandin.timeseries_v1 import span_of


async def services(request: Request, measuring: Measuring) -> list[dict[str, object]]:
    """Raises UnsupportedError for a timeframe that is none."""
    params = request.query_params
    span = span_of(params.get("startTimestamp"), params.get("endTimestamp"))
    found = await measuring.requests(span, Wanted(tags=tuple(params.getlist("tag"))))
    return [
        {
            "entityId": service.id,
            "displayName": service.name,
            "lastSeenTimestamp": span.end,
            "tags": [{"context": "CONTEXTLESS", "key": key, "value": value} for key, value in service.tags.items()],
            "fromRelationships": {},
            "toRelationships": {},
            "standIn": True,
        }
        for service in found
    ]
