"""Settings that users change while Lockgate runs, such as where monitoring answers."""

from typing import Protocol


class Settings(Protocol):
    async def get(self, key: str) -> str | None: ...

    async def put(self, key: str, value: str) -> None: ...
