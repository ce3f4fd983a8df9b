"""carts: the service that the demo delivers, `python -m sockshop.carts`.

It listens on POD_IP (127.0.0.1) : PORT (8080) and keeps its carts in carts-db (CARTS_DB_SERVICE_HOST and _PORT).
"""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sockshop.cart import BadItemError, Item, added_up, item_of, parse_item
from sockshop.clock import rfc3339_now
from sockshop.limits import SettingsError
from sockshop.metrics import CONTENT_TYPE, PostMetrics
from sockshop.pages import start_page
from sockshop.settings import CartsSettings, carts_settings
from sockshop.store_client import StoreAwayError, StoreClient
from sockshop.switches import Switches

MAX_CART_ID = 200
# A proxy keeps idle connections to us; closing them first would break the request that it sends at that moment.
_KEEP_IDLE_CONNECTIONS_SECONDS = 3600
_FINISH_REQUESTS_SECONDS = 20
_log = logging.getLogger("carts")


class Carts:
    """The endpoints of one pod."""

    def __init__(self, settings: CartsSettings) -> None:
        self._settings = settings
        self._store = StoreClient(settings.store)
        self._switches = Switches(settings.delay_ms)
        self._metrics = PostMetrics()

    def app(self) -> Starlette:
        items = "/carts/{cart}/items"
        return Starlette(
            lifespan=self._lifespan,
            routes=[
                Route("/", self._start),
                Route("/version", self._version),
                Route("/health", self._health),
                Route("/prometheus", self._prometheus),
                Route("/carts/{cart}", self._cart),
                Route("/carts/{cart}", self._delete_cart, methods=["DELETE"]),
                Route(items, self._items),
                Route(items, self._post_item, methods=["POST"]),
                Route(items + "/delay/{ms}", self._set_delay),
                Route(items + "/promotion/{rate}", self._set_promotion),
            ],
            exception_handlers={
                StoreAwayError: _answers(503),
                BadItemError: _answers(400),
                SettingsError: _answers(400),
            },
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        yield
        await self._store.close()

    async def _start(self, _request: Request) -> Response:
        return HTMLResponse(start_page(self._settings.pod, self._settings.version, self._switches))

    async def _version(self, _request: Request) -> Response:
        return PlainTextResponse(f"Version = {self._settings.version}")

    async def _health(self, _request: Request) -> Response:
        """Says 200 while carts itself works: a pod must not leave traffic because a store all pods share is away."""
        try:
            await self._store.ping()
            store = {"service": "carts-db", "status": "OK", "date": rfc3339_now()}
        except StoreAwayError as error:
            store = {"service": "carts-db", "status": "err", "date": rfc3339_now(), "message": str(error)}
        return JSONResponse({"health": [{"service": "carts", "status": "OK", "date": rfc3339_now()}, store]})

    async def _prometheus(self, _request: Request) -> Response:
        return Response(self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def _cart(self, request: Request) -> Response:
        items = await self._items_of(request)
        return JSONResponse({"customerId": _cart_id(request), "items": [item.as_json() for item in items]})

    async def _delete_cart(self, request: Request) -> Response:
        await self._store.delete(_key(request))
        return Response(status_code=202)

    async def _items(self, request: Request) -> Response:
        return JSONResponse([item.as_json() for item in await self._items_of(request)])

    async def _items_of(self, request: Request) -> list[Item]:
        lines = await self._store.values(_key(request))
        return added_up(item_of(line) for line in lines)

    async def _post_item(self, request: Request) -> Response:
        with self._metrics.around_request():
            item = parse_item(await request.body())
            await asyncio.sleep(self._switches.delay_ms / 1000)
            if self._switches.next_is_promoted():
                return PlainTextResponse("promotion campaign not yet implemented", status_code=500)
            await self._store.append(_key(request), item.as_json())
            return JSONResponse(item.as_json(), status_code=201)

    async def _set_delay(self, request: Request) -> Response:
        self._switches.set_delay(request.path_params["ms"])
        return PlainTextResponse(f"POST items now waits {self._switches.delay_ms} ms")

    async def _set_promotion(self, request: Request) -> Response:
        self._switches.set_promotion_rate(request.path_params["rate"])
        return PlainTextResponse(f"{self._switches.promotion_rate} % of POST items now fail")


def main() -> int:
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    try:
        settings = carts_settings(os.environ)
    except SettingsError as error:
        _log.error("carts cannot run: %s", error)
        return 1
    # uvicorn raises the signal again when it has finished; this makes that the end of a normal run, exit code 0.
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    _log.info("carts %s on %s, carts-db at %s", settings.version, settings.listen, settings.store)
    uvicorn.run(
        Carts(settings).app(),
        host=settings.listen.host,
        port=settings.listen.port,
        loop="asyncio",
        http="h11",
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_IDLE_CONNECTIONS_SECONDS,
        timeout_graceful_shutdown=_FINISH_REQUESTS_SECONDS,
    )
    return 0


def _answers(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(_request: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), status_code=status)

    return answer


def _cart_id(request: Request) -> str:
    cart = str(request.path_params["cart"])
    if len(cart) > MAX_CART_ID:
        raise BadItemError(f"the cart's id is longer than {MAX_CART_ID} characters")
    return cart


def _key(request: Request) -> str:
    return f"carts/{_cart_id(request)}"


if __name__ == "__main__":
    sys.exit(main())
