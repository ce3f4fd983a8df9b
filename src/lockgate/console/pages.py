"""Routes of the pages: one a delivery, live and read-only."""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from lockgate.console.assets import packaged
from lockgate.console.delivery_page import delivery_page
from lockgate.console.live import changes
from lockgate.console.rendering import Rendering
from lockgate.delivery import queries
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import DeliveryId
from lockgate.domain.errors import NotFoundError
from lockgate.kit.streams import until_set

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_KEPT = {**HEADERS, "Cache-Control": "private, max-age=31536000, immutable"}


Make = Callable[[], Awaitable[Response]]
RequireSession = Callable[[Request], Awaitable[None]]


def router(outside: Outside, require_session: RequireSession) -> APIRouter:
    """*require_session* raises HTTPException for who may not see pages; the reason is shown."""
    assets = packaged()
    rendering = Rendering(assets)
    routes = APIRouter(include_in_schema=False)

    async def answer(request: Request, make: Make) -> Response:
        return await _answer(request, rendering, require_session, make)

    @routes.get("/deliveries/{delivery}")
    async def show(request: Request, delivery: str) -> Response:
        async def page() -> Response:
            found = delivery_page(await queries.journey(outside, DeliveryId(delivery)), outside.clock.now())
            return HTMLResponse(rendering.delivery(found), headers=dict(HEADERS))

        return await answer(request, page)

    @routes.get("/deliveries/{delivery}/stream")
    async def stream(request: Request, delivery: str) -> Response:
        async def live() -> Response:
            found = await outside.deliveries.delivery(DeliveryId(delivery))
            parts = until_set(request.app.state.stopping, changes(outside, rendering, found.id))
            return StreamingResponse(parts, media_type="text/event-stream", headers=dict(HEADERS))

        return await answer(request, live)

    @routes.get("/static/{name}")
    async def static(request: Request, name: str) -> Response:
        async def file() -> Response:
            asset = assets.asset(name)
            return Response(asset.content, media_type=asset.media_type, headers=dict(_KEPT))

        return await answer(request, file)

    return routes


async def _answer(request: Request, rendering: Rendering, require_session: RequireSession, make: Make) -> Response:
    """A browser's reader gets a page for a refusal, too."""
    try:
        await require_session(request)
        return await make()
    except HTTPException as error:
        return HTMLResponse(rendering.refusal(str(error.detail)), error.status_code, dict(HEADERS))
    except NotFoundError as error:
        return HTMLResponse(rendering.refusal(str(error)), 404, dict(HEADERS))
