import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, HTTPException, Request

from lockgate.console.pages import router
from lockgate.delivery import queries
from lockgate.delivery.queries import Journey
from lockgate.domain.delivery import DeliveryId
from lockgate.testing.world import World

COOKIE = {"Cookie": "session=right"}


async def require_session(request: Request) -> None:
    if request.cookies.get("session") != "right":
        raise HTTPException(401, "open this page with a fresh link")


@dataclass
class Console:
    """A world behind its pages, asked with the right cookie unless a call says otherwise."""

    world: World
    app: FastAPI
    client: httpx.AsyncClient

    async def page(self, delivery: str) -> str:
        answer = await self.client.get(f"/deliveries/{delivery}")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def journey(self, delivery: str) -> Journey:
        return await queries.journey(self.world.outside, DeliveryId(delivery))


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


@pytest.fixture
def serve() -> Callable[[FastAPI], AbstractAsyncContextManager[str]]:
    return serving


@pytest.fixture
async def console() -> AsyncIterator[Console]:
    """The document's project: 0.6.0 is everywhere and the gate is in force; 0.6.1 is too slow for it."""
    world = World()
    await world.create()
    await world.deliver("0.6.0")
    await world.set_gate()
    world.monitoring.seconds = {"0.6.0": 0.05, "0.6.1": 1.2, "0.6.2": 0.05}
    app = FastAPI()
    app.state.stopping = asyncio.Event()
    app.include_router(router(world.outside, require_session))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=COOKIE) as client:
        yield Console(world=world, app=app, client=client)
