"""The HTTP server, which ends the streams of its watchers before it waits for their connections."""

import asyncio
import socket
from collections.abc import Callable

import uvicorn


class Server(uvicorn.Server):
    """*stopping* is what the streams look at: `app.state.stopping` of `create_app`. The server ends by itself when
    *given_up* says that the control plane can do no more."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event, given_up: Callable[[], bool]) -> None:
        super().__init__(config)
        self._stopping, self._given_up = stopping, given_up

    async def on_tick(self, counter: int) -> bool:
        return self._given_up() or bool(await super().on_tick(counter))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)
