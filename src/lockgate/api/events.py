"""Routes of events: posted ones are announcements of artifacts, read ones are what happened."""

import json
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from lockgate.api.access import Access
from lockgate.api.incoming import TAKEN, read_event
from lockgate.api.pages import page_link
from lockgate.api.shapes import AcceptedShape, EventsShape
from lockgate.api.views import event_json
from lockgate.delivery import intake
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import DeliveryId
from lockgate.domain.errors import InvalidError
from lockgate.kit.streams import until_set

_HEARTBEAT_SECONDS = 10.0
_BATCH = 500

_MOST = 2**63 - 1

_STREAMED: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}

Since = Annotated[int, Query(ge=0, le=_MOST, description="Events with a higher cursor")]
OfDelivery = Annotated[str | None, Query(description="Only events of this delivery")]


def router(outside: Outside, access: Access) -> APIRouter:
    routes = APIRouter(prefix="/v1/events", tags=["events"])

    @routes.post("", status_code=202, response_model=AcceptedShape, openapi_extra=TAKEN)
    async def announce(request: Request) -> dict[str, Any]:
        """A CloudEvent `sh.keptn.events.new-artifact`, structured or binary, version 0.2 or 1.0."""
        incoming = read_event(dict(request.headers), await request.body(), outside.clock.now())
        accepted = await intake.accept(outside, incoming.new)
        id_ = accepted.delivery.id
        return {
            "delivery": id_,
            "event": {"id": incoming.new.id, "source": incoming.new.source, "given": incoming.given},
            "page": await page_link(request, access, id_),
            "follow": f"lockgate get delivery {id_} --watch",
            "warnings": list(accepted.warnings),
        }

    @routes.get("", response_model=EventsShape)
    async def read(
        since: Since = 0, delivery: OfDelivery = None, limit: Annotated[int, Query(ge=1, le=1000)] = 500
    ) -> Any:
        await _known(outside, delivery)
        found = await outside.events.since(since, context=delivery, limit=limit)
        cursor = found[-1].cursor if found else since
        return {"events": [event_json(event) for event in found], "cursor": cursor}

    @routes.get("/stream", response_class=StreamingResponse, responses=_STREAMED)
    async def stream(
        request: Request,
        since: Since = 0,
        delivery: OfDelivery = None,
        last_event_id: Annotated[str | None, Header(description="Where an interrupted stream goes on")] = None,
    ) -> StreamingResponse:
        """Server-sent events; the id of each is its cursor."""
        await _known(outside, delivery)
        start = _cursor(last_event_id) if last_event_id else since
        return StreamingResponse(
            until_set(request.app.state.stopping, server_sent(outside, start, delivery)), media_type="text/event-stream"
        )

    return routes


async def server_sent(
    outside: Outside, cursor: int, delivery: str | None, quiet: float = _HEARTBEAT_SECONDS
) -> AsyncGenerator[str, None]:
    """Until the reader is gone: what is there after *cursor*, then what comes, and a comment as a sign of life after
    *quiet* seconds of nothing."""
    yield ": here are the events\n\n"
    while True:
        found = await outside.events.since(cursor, limit=_BATCH)
        for event in found:
            cursor = event.cursor
            if delivery in (None, event.context):
                text = json.dumps(event_json(event))
                yield f"id: {event.cursor}\nevent: {event.type}\ndata: {text}\n\n"
        if not found and not await outside.events.wait_beyond(cursor, quiet):
            yield ": still here\n\n"


async def _known(outside: Outside, delivery: str | None) -> None:
    """Nobody shall wait for events of a delivery that there is not."""
    if delivery is not None:
        await outside.deliveries.delivery(DeliveryId(delivery))


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < len(str(_MOST))):
        raise InvalidError(f"Last-Event-ID {text!r} is not a cursor: send the id of the last event you saw")
    return int(text)
