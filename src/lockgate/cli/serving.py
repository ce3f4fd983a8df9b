"""The HTTP server, which ends the streams of its watchers before it waits for their connections."""

import asyncio
import socket

import uvicorn


class Server(uvicorn.Server):
    """*stopping* is what the streams look at: `app.state.stopping` of `create_app`."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()
        await super().shutdown(sockets)
