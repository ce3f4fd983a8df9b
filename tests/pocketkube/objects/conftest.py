"""A clock that stands still until it is told otherwise, and a store in memory."""

from datetime import UTC, datetime, timedelta

import pytest

from pocketkube.objects.store import ObjectStore


class StandingClock:
    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(clock: StandingClock) -> ObjectStore:
    return ObjectStore(None, clock)
