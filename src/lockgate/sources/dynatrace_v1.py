"""Dynatrace's timeseries and smartscape APIs v1, for perfspecs written for Keptn 0.2.2 and its Pitometer.

Shapes after https://docs.dynatrace.com/docs/dynatrace-api/environment-api/ pages metric-v1/read-data-points and
topology-and-smartscape; what is asked is what Pitometer asked, but for the token, which goes into a header and not into
the address.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lockgate.domain.errors import InvalidError, TransientError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.sources.answers import MalformedError, clip, is_number, read_json
from lockgate.sources.asking import Asker, Question, Sent, document
from lockgate.sources.dynatrace_v2 import milliseconds
from lockgate.specs.queries.dynatrace import SmartscapeQuery, TimeseriesQuery

_Points = dict[str, tuple[float, float]]
"""Entity → (epoch seconds, value) of its point; null is NaN."""

_REQUESTS = "com.dynatrace.builtin:service.server_side_requests"
_ENTITIES = {"Service": "services", "Application": "applications", "Process": "infrastructure/processes"}


async def timeseries(
    asker: Asker, question: Question, query: TimeseriesQuery, window: Window, service_tags: tuple[str, ...]
) -> Answer:
    """The one point of each entity over the whole window. Where the query names neither entities nor tags, the
    busiest service with *service_tags* is measured."""
    entities = query.entities
    if not entities and not query.tags:
        entities = (await _busiest(asker, question, service_tags, window),)
    percentile = {} if query.percentile is None else {"percentile": query.percentile}
    body = {"aggregationType": query.aggregation, **percentile, **_times(window), "queryMode": "TOTAL"}
    body |= {"timeseriesId": query.id}
    body |= {"entities": list(entities)} if entities else {}
    body |= {"tags": list(query.tags)} if query.tags else {}
    points = await _points(asker, question, query.id, body)
    silent = () if query.tags else _without_a_point(entities, points)
    points |= dict.fromkeys(silent, (0.0, math.nan))
    samples = tuple(Sample({"entity": entity}, value, moment) for entity, (moment, value) in points.items())
    request = f"POST {asker.shown}{_path(query.id)} {json.dumps(body, ensure_ascii=False)}"
    return question.answer(samples, request)


async def smartscape(asker: Asker, question: Question, query: SmartscapeQuery, window: Window) -> Answer:
    """How many relations of a kind each entity has; none is 0, since the entity itself was there to be counted."""
    path = f"/api/v1/entity/{_ENTITIES[query.entity_type]}"
    asked = [*_times(window).items(), *(("tag", tag) for tag in query.tags)]
    params = [(name, str(value)) for name, value in asked]
    body = await question.ask("GET", asker.at(path), Sent(params=params))
    samples = await question.read(body, lambda text: _entities(text, query, window.end.timestamp()))
    return question.answer(samples, f"GET {asker.shown}{path}?{'&'.join(f'{name}={value}' for name, value in params)}")


async def _busiest(asker: Asker, question: Question, tags: tuple[str, ...], window: Window) -> str:
    """The service with *tags* that had the most requests in the window. A service that has just been deployed may
    not be known yet, so none is a reason to ask again."""
    if not tags:
        raise InvalidError(question.message("cannot be asked this: the query names neither entityIds nor tags"))
    wanted = {"aggregationType": "COUNT", **_times(window), "queryMode": "TOTAL"}
    body = {**wanted, "tags": list(tags), "timeseriesId": _REQUESTS}
    points = await _points(asker, question, _REQUESTS, body)
    busy = {entity: value for entity, (_, value) in points.items() if value > 0}  # NaN is not
    if not busy:
        raise TransientError(question.message(f"knows no service with requests and the tags {', '.join(tags)}"))
    return max(busy, key=lambda entity: busy[entity])


async def _points(asker: Asker, question: Question, id: str, asked: Mapping[str, Any]) -> _Points:
    body = await question.ask("POST", asker.at(_path(id)), document(asked))
    return await question.read(body, _entity_points)


def _without_a_point(entities: Sequence[str], points: _Points) -> Sequence[str]:
    """Those that were asked for by name and have none: what they lack may be the bad one. With tags besides, they may
    have been left out by them. A point of several dimensions names them all, `SERVICE-1, HOST-2`."""
    answered = {part.strip() for key in points for part in key.split(",")}
    return [entity for entity in entities if entity not in answered]


def _entity_points(text: str) -> _Points:
    """An entity without a point has no data. The mode TOTAL gives one; of several none is the value of the window, so
    they are refused."""
    match read_json(text):
        case {"error": error}:
            raise MalformedError(f"answered 200 with an error: {clip(str(error))}")
        # Clients of this API read one name or the other; both are accepted.
        case {"dataResult": {"dataPoints": dict(points)}} | {"result": {"dataPoints": dict(points)}}:
            return {str(entity): _point(rows) for entity, rows in points.items()}
        case answer:
            raise MalformedError(f"answered with what is no timeseries: {clip(str(answer))}")


def _point(rows: Any) -> tuple[float, float]:
    match rows:
        case []:
            return 0.0, math.nan
        case [[moment, None]] if is_number(moment):
            return float(moment) / 1000, math.nan
        case [[moment, value]] if is_number(moment) and is_number(value):
            return float(moment) / 1000, float(value)
        case [_, _, *_]:
            raise MalformedError(f"answered with {len(rows)} points an entity, and a gate needs one: {clip(str(rows))}")
        case _:
            raise MalformedError(f"answered with points that cannot be read: {clip(str(rows))}")


def _entities(text: str, query: SmartscapeQuery, end: float) -> tuple[Sample, ...]:
    rows = read_json(text)
    if not isinstance(rows, list):
        raise MalformedError(f"answered with what is no list of entities: {clip(str(rows))}")
    return tuple(_counted(row, query.direction, query.relation, end) for row in rows)


def _counted(row: Any, direction: str, relation: str, end: float) -> Sample:
    """One that was seen after the window's *end* as well was there in it: the API was asked for those alone."""
    match row:
        case {"entityId": str(entity)}:
            relations, moment = row.get(direction) or {}, row.get("lastSeenTimestamp") or 0
            related = relations.get(relation) or [] if isinstance(relations, dict) else None
            if isinstance(related, list) and is_number(moment):
                return Sample({"entity": entity}, float(len(related)), min(float(moment) / 1000, end))
    raise MalformedError(f"answered with what is no entity: {clip(str(row))}")


def _times(window: Window) -> dict[str, int]:
    start, end = milliseconds(window)
    return {"startTimestamp": start, "endTimestamp": end}


def _path(id: str) -> str:
    return f"/api/v1/timeseries/{quote(id, safe='')}"
