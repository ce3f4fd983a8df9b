"""The HTTP API as one application: routes, who may ask, and how errors are answered."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager

from fastapi import Depends, FastAPI

from lockgate.api import deliveries, errors, evaluations, events, metrics, monitoring, pages, projects
from lockgate.api.access import Access
from lockgate.api.guard import Guard
from lockgate.delivery.onboarding import Templates
from lockgate.delivery.outside import Outside

HOSTS = ("127.0.0.1", "localhost", "::1")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    outside: Outside,
    access: Access,
    *,
    templates: Templates,
    configure: monitoring.Configure,
    hosts: Collection[str] = HOSTS,
    lifespan: Lifespan | None = None,
) -> FastAPI:
    """Every route but /health and /open asks for the token. The interactive pages of FastAPI are off: they load code
    from elsewhere."""
    app = FastAPI(title="Lockgate", version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.state.stopping = asyncio.Event()  # set by the server that is about to stop: streams end then
    app.state.given_up = ""  # why the control plane can do no more: the server ends then
    errors.install(app)
    app.add_middleware(Guard, hosts=hosts)

    @app.get("/health", tags=["health"])
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    asked = [Depends(access.require_token)]

    @app.get("/v1/whoami", tags=["access"], dependencies=asked)
    async def whoami() -> dict[str, str]:
        return {"status": "authenticated"}

    @app.get("/openapi.json", include_in_schema=False, dependencies=asked)
    async def openapi() -> dict[str, object]:
        return app.openapi()

    for routes in (
        projects.router(outside, templates),
        events.router(outside, access),
        deliveries.router(outside, access),
        evaluations.router(outside),
        monitoring.router(configure, outside),
        metrics.router(outside),
    ):
        app.include_router(routes, dependencies=asked, responses=errors.DESCRIBED)
    app.include_router(pages.router(access))
    return app
