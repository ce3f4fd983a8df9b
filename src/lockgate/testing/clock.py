"""A clock that stands still until somebody sleeps: then it jumps, and a scenario of hours takes milliseconds."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

_START = datetime(2026, 1, 1, tzinfo=UTC)
_YIELDS = 20  # turns of the event loop that others get to act, or to sleep for less, before time jumps


class FakeClock:
    """Sleepers wake in the order of their moments, so two that sleep at once do not add up their waits.

    Time that passes in threads and subprocesses is not seen: what waits for those must not use this clock.
    """

    def __init__(self, start: datetime = _START) -> None:
        self._now = start
        self._sleepers: list[tuple[datetime, int]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        """Let everybody else act first; when the next thing to happen is this wake-up, make it that time."""
        mine = (self._now + timedelta(seconds=max(0.0, seconds)), next(self._numbers))
        heapq.heappush(self._sleepers, mine)
        try:
            await self._until_next(mine)
            self._now = max(self._now, mine[0])
        finally:
            self._sleepers.remove(mine)
            heapq.heapify(self._sleepers)

    async def _until_next(self, mine: tuple[datetime, int]) -> None:
        while True:
            before = tuple(self._sleepers)
            for _ in range(_YIELDS):
                await asyncio.sleep(0)
            if self._sleepers[0] == mine and tuple(self._sleepers) == before:
                return
