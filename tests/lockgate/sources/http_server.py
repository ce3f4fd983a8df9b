"""A real HTTP server for tests of sources: it says what a test lays down, whole or by halves."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Said:
    """*ends* False: its last bytes never come."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ends: bool = True


def document(value: object, status: int = 200) -> Said:
    return Said(json.dumps(value).encode(), status, {"Content-Type": "application/json"})


class HttpServer:
    def __init__(self) -> None:
        self.address = ""
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Said] = lambda _: Said(b"nothing was laid down", 500)
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def connections(self) -> int:
        """How many there ever were."""
        return len(self._writers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while True:
                asked = await _read(reader)
                self.asked.append(asked)
                writer.write(_written(self.answer(asked)))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def http_server() -> AsyncIterator[HttpServer]:
    server = HttpServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield server
    server.close()
    listening.close()


async def _read(reader: asyncio.StreamReader) -> Asked:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, target, _ = first.split(" ")
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def _written(said: Said) -> bytes:
    headers = {"Content-Length": str(len(said.body) + (0 if said.ends else 10)), **said.headers}
    head = [f"HTTP/1.1 {said.status} X", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(head).encode() + said.body
