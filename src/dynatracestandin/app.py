"""The stand-in's HTTP API, with Dynatrace's paths, token and error bodies."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dynatracestandin import metrics_v2, smartscape_v1, timeseries_v1
from dynatracestandin.entities import UnsupportedError
from dynatracestandin.measuring import Measuring, PrometheusError

WHAT = "This is a stand-in for Dynatrace, not Dynatrace: it answers from the measurements of a Prometheus."

_log = logging.getLogger("dynatrace-stand-in")

Answer = Callable[[Request, Measuring], Awaitable[dict[str, object] | list[dict[str, object]]]]


def create_app(measuring: Measuring, token: str) -> Starlette:
    """Every path but / asks for `Authorization: Api-Token <token>`."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await measuring.aclose()

    async def about(_: Request) -> Response:
        return PlainTextResponse(WHAT + "\n", headers=_SAID)

    def route(path: str, answer: Answer, *methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            _log.info("stand-in for Dynatrace asked: %s %s", request.method, request.url.path)
            given = request.headers.get("authorization", "").encode()
            if not secrets.compare_digest(given, f"Api-Token {token}".encode()):
                return _error(401, "Token Authentication failed")
            return await _answered(answer, request, measuring)

        return Route(path, endpoint, methods=list(methods))

    routes = [
        Route("/", about),
        route("/api/v2/metrics", metrics_v2.listing, "GET"),
        route("/api/v2/metrics/query", metrics_v2.query, "GET"),
        route("/api/v1/timeseries/{id:path}", timeseries_v1.points, "POST"),
        route("/api/v1/entity/services", smartscape_v1.services, "GET"),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


# A header may hold Latin letters only, and this does.
_SAID = {"X-Stand-In": WHAT}


async def _answered(answer: Answer, request: Request, measuring: Measuring) -> Response:
    try:
        return JSONResponse(await answer(request, measuring), headers=_SAID)
    except UnsupportedError as error:
        return _error(400, str(error))
    except PrometheusError as error:
        return _error(503, str(error))


def _error(code: int, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": f"{message} ({WHAT})"}}, code, headers=_SAID)
