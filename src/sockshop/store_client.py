"""The way from carts to carts-db: one connection, made again when it broke."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from typing import Any

from sockshop.settings import Address

PATIENCE_SECONDS = 2.0
# A readiness probe waits one second by default, and carts' health asks the store on its way.
PING_PATIENCE_SECONDS = 0.5
_MAX_ANSWER = 64 * 1024 * 1024


class StoreAwayError(Exception):
    """carts-db did not answer, or refused; the text is meant for the user."""


class StoreClient:
    """Every call answers or raises StoreAwayError within PATIENCE_SECONDS, however the store is away."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._turn = asyncio.Lock()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ping(self) -> None:
        await self._ask({"op": "ping"}, patience=PING_PATIENCE_SECONDS)

    async def values(self, key: str) -> list[Any]:
        answer = await self._ask({"op": "get", "key": key}, patience=PATIENCE_SECONDS)
        return list(answer["values"])

    async def append(self, key: str, value: Mapping[str, object]) -> None:
        """Added once, also when the connection broke before the answer and the command was sent again."""
        command = {"op": "append", "key": key, "value": value, "token": secrets.token_hex(8)}
        await self._ask(command, patience=PATIENCE_SECONDS)

    async def delete(self, key: str) -> None:
        await self._ask({"op": "delete", "key": key}, patience=PATIENCE_SECONDS)

    async def close(self) -> None:
        self._drop()

    async def _ask(self, command: Mapping[str, object], *, patience: float) -> Mapping[str, Any]:
        line = json.dumps(command).encode() + b"\n"
        try:
            async with asyncio.timeout(patience), self._turn:
                answer = json.loads(await self._twice(line))
        except TimeoutError as error:
            raise StoreAwayError(f"carts-db at {self._address} did not answer in {patience:g} s") from error
        except (OSError, ValueError) as error:
            raise StoreAwayError(f"carts-db at {self._address} is away: {error}") from error
        if not answer["ok"]:
            raise StoreAwayError(f"carts-db at {self._address}: {answer['error']}")
        return dict(answer)

    async def _twice(self, line: bytes) -> bytes:
        """A restarted store leaves a dead connection behind: only a second try tells that from an outage."""
        try:
            return await self._exchange(line)
        except ConnectionError:
            return await self._exchange(line)

    async def _exchange(self, line: bytes) -> bytes:
        try:
            reader, writer = await self._connected()
            writer.write(line)
            await writer.drain()
            answer = await reader.readline()
        except BaseException:
            # Also when time ran out: the answer that is still to come must not be taken for the next one's.
            self._drop()
            raise
        if not answer.endswith(b"\n"):
            self._drop()
            raise ConnectionResetError("it closed the connection")
        return answer

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None or self._reader.at_eof():
            self._drop()
            self._reader, self._writer = await asyncio.open_connection(
                self._address.host, self._address.port, limit=_MAX_ANSWER
            )
        return self._reader, self._writer

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None
