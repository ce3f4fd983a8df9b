"""The HTTP server, which ends the streams of its watchers before it waits for their connections."""

import socket

import uvicorn
from starlette.datastructures import State


class Server(uvicorn.Server):
    """*state* is that of an app from `create_app`: streams look at its *stopping*, its *given_up* ends the server."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    async def on_tick(self, counter: int) -> bool:
        return bool(self._state.given_up) or bool(await super().on_tick(counter))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.stopping.set()
        await super().shutdown(sockets)
