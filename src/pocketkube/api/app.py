"""The API over HTTP: a request comes in at the door, is taken apart, answered, and every refusal becomes a Status."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pocketkube.api import discovery
from pocketkube.api.access import Doorkeeper
from pocketkube.api.answers import as_json
from pocketkube.api.cells import ColumnStyle
from pocketkube.api.endpoints import Endpoints, media_type_of, request_tree
from pocketkube.api.scraping import target_groups
from pocketkube.api.statuses import status_of
from pocketkube.api.targets import parse_target
from pocketkube.objects.errors import NotFoundError, StoreError
from pocketkube.objects.store import ObjectStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What an installation may choose: where pods keep their logs, and how tables look."""

    pods: Path
    columns: ColumnStyle = "document"


def api_app(store: ObjectStore, settings: ApiSettings, token: str, closing: asyncio.Event) -> Starlette:
    """The ASGI application; `closing` ends watches and followed logs, so that a server can stop."""
    door = Doorkeeper(token)
    endpoints = Endpoints(store, settings.pods, settings.columns, closing)

    async def endpoint(request: Request) -> Response:
        return await _guarded(request, door, lambda: _answer(request, store, endpoints))

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[Route("/{path:path}", endpoint, methods=methods)])


async def _guarded(request: Request, door: Doorkeeper, answer: Callable[[], Awaitable[Response]]) -> Response:
    try:
        door.check(request.url.path, request.headers)
        return await answer()
    except StoreError as error:
        return as_json(status_of(error, _target_if_any(request)), error.code)
    except ClientDisconnect:
        return Response(status_code=499)
    except Exception:
        _log.exception("%s %s failed", request.method, request.url.path)
        failure = StoreError("an internal error occurred; the log of pocketkube has the details")
        return as_json(status_of(failure), failure.code)


def _target_if_any(request: Request) -> Any:
    try:
        return parse_target(request.url.path)
    except StoreError:
        return None


async def _answer(request: Request, store: ObjectStore, endpoints: Endpoints) -> Response:
    path = request.url.path.rstrip("/")
    if path in ("/healthz", "/livez", "/readyz"):
        return PlainTextResponse("ok")
    if request.method == "POST" and (review := discovery.review_kind(path)):
        return as_json(discovery.review(review, request_tree(await request.body(), media_type_of(request))), 201)
    if request.method == "GET":
        if path == "/sd/pods":
            return as_json(target_groups(store.list("Pod")))
        found = _discovered(path, request.headers.get("host", ""))
        if found is not None:
            return as_json(found)
    return await endpoints.answer(request, parse_target(path))


def _discovered(path: str, host: str) -> dict[str, Any] | None:
    """The documents that say what is here; None when the path is about objects."""
    fixed: dict[str, Callable[[], dict[str, Any]]] = {
        "": lambda: {
            "paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/sd/pods", "/version"]
        },
        "/version": discovery.version,
        "/api": lambda: discovery.core_versions(host),
        "/apis": discovery.groups,
        "/openapi/v3": discovery.openapi_index,
    }
    if path in fixed:
        return fixed[path]()
    parts = path.strip("/").split("/")
    match parts:
        case ["openapi", "v3", *rest]:
            found = discovery.openapi("/".join(rest))
        case ["api", version]:
            found = discovery.resources(version)
        case ["apis", name]:
            found = discovery.group(name)
        case ["apis", name, version]:
            found = discovery.resources(f"{name}/{version}")
        case _:
            return None
    if found is None:
        raise NotFoundError("the server could not find the requested resource")
    return found
