"""The log of what happened."""

from typing import Protocol

from lockgate.domain.event import Event


class EventLog(Protocol):
    async def append(self, event: Event) -> bool:
        """False when (source, id) was there already: nothing is written then."""
        ...

    async def since(self, cursor: int, *, context: str | None = None, limit: int = 500) -> tuple[Event, ...]:
        """Events with a higher cursor, oldest first."""
        ...

    async def wait_beyond(self, cursor: int, within: float) -> bool:
        """Wait until the log holds an event with a higher cursor; False when *within* seconds are over first."""
        ...
