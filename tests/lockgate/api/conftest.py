import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from lockgate.api.access import Access
from lockgate.api.app import create_app
from lockgate.delivery.onboarding import Templates
from lockgate.ports.metric_source import SourceWish
from lockgate.testing.world import IMAGE, LOCUST_FILE, PERFSPEC, World

TOKEN = "the-token-of-this-test"
ADDRESS = "http://127.0.0.1:7676"


@dataclass
class Api:
    """A world behind its API, asked with the right token unless a call says otherwise."""

    world: World
    access: Access
    app: FastAPI
    client: httpx.AsyncClient
    monitoring: dict[str, str] = field(default_factory=dict)
    breaks: Exception | None = None

    async def configure(self, wish: SourceWish) -> str:
        """As wiring's: the URL that is now in force."""
        if self.breaks:
            raise self.breaks
        name = str(wish.name)
        self.monitoring[name] = wish.settings.url or "http://own:9090"
        return self.monitoring[name]

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query or None)

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(path, json=body)

    async def announce(self, tag: str, **attributes: Any) -> httpx.Response:
        return await self.post("/v1/events", envelope(tag, **attributes))

    async def deliver(self, tag: str) -> str:
        """Announced over HTTP and carried to its end; the delivery's id."""
        answer = await self.announce(tag, id=f"id-{tag}")
        assert answer.status_code == 202, answer.text
        await self.world.settle()
        return str(answer.json()["delivery"])


def envelope(tag: str, **attributes: Any) -> dict[str, Any]:
    """A structured CloudEvent 1.0; an attribute that is None is left out."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "id-1",
        "source": "test",
        "type": "sh.keptn.events.new-artifact",
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "data": {"project": "sockshop", "service": "carts", "image": IMAGE, "tag": tag},
    }
    return {key: value for key, value in {**event, **attributes}.items() if value is not None}


def headers_of(token: str = TOKEN) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """A real server, for answers that do not end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def api_of(world: World) -> AsyncIterator[Api]:
    access = Access(world.store, world.clock)
    await world.store.add("first", TOKEN, world.clock.now())

    async def configure(wish: SourceWish) -> str:
        return await api.configure(wish)

    templates = Templates({"tests/locustfile.py": LOCUST_FILE, "perfspec/perfspec_prometheus.json": PERFSPEC})
    app = create_app(world.outside, access, templates=templates, configure=configure)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers_of()) as client:
        api = Api(world=world, access=access, app=app, client=client)
        yield api


@pytest.fixture
def serve() -> Callable[[FastAPI], AbstractAsyncContextManager[str]]:
    return serving


@pytest.fixture
async def bare() -> AsyncIterator[Api]:
    """Nothing was created yet."""
    async with api_of(World()) as api:
        yield api


@pytest.fixture
async def shop(bare: Api) -> Api:
    """The project of the document with its two services, nothing sent yet."""
    await bare.world.create()
    return bare


@pytest.fixture
async def seeded(shop: Api) -> Api:
    """0.6.0 is everywhere and the gate is in force: 0.6.1 is too slow for it, 0.6.2 is not."""
    await shop.deliver("0.6.0")
    await shop.world.set_gate()
    shop.world.monitoring.seconds = {"0.6.0": 0.05, "0.6.1": 1.2, "0.6.2": 0.05}
    return shop
