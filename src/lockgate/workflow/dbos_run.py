"""A run on DBOS: its steps are DBOS's, its waits are rounds short enough to be steps."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from dbos import DBOS
from dbos import error as dbos_error

from lockgate.kit.clock import Clock, parse_rfc3339
from lockgate.workflow.attempt import Again, StepNames, Wear, attempt, outcome, recorded, replayed
from lockgate.workflow.protocol import OtherPastError, Retry, T

_ROUND = 5.0  # seconds a step of a wait lasts at most

Hold = Callable[[str], Awaitable[None]]
"""Ends only by being cancelled; its text says why."""


class DbosRun:
    def __init__(self, id: str, clock: Clock, again: Again, wear: Wear, hold: Hold) -> None:
        self._id, self._clock, self._again, self._wear = id, clock, again, wear
        self._names, self._hold = StepNames(id), hold

    @property
    def id(self) -> str:
        return self._id

    async def step(self, name: str, effect: Callable[[], Awaitable[T]], returns: Any, retry: Retry | None = None) -> T:
        self._names.take(name)
        tries = self._wear.spare(partial(attempt, effect, retry, self._again, asyncio.sleep))
        result: T = await self._record(name, tries, returns)
        return result

    async def patched(self, name: str) -> bool:
        self._names.take(name)
        return await DBOS.patch_async(name)

    async def sleep(self, name: str, seconds: float) -> None:
        self._names.take(name)
        try:
            await DBOS.sleep_async(seconds)
        except dbos_error.DBOSUnexpectedStepError as error:
            await self._hold(_other_step(error))

    async def wait_for(
        self,
        name: str,
        check: Callable[[], Awaitable[T | None]],
        returns: Any,
        *,
        every: float,
        within: float,
    ) -> T | None:
        self._names.take(name)

        async def until() -> str:
            return (self._clock.now() + timedelta(seconds=within)).isoformat()

        deadline = parse_rfc3339(await self._record(f"{name}/until", until, str))
        patience = _Patience(lambda: (deadline - self._clock.now()).total_seconds(), every, self._again)
        number = 0
        while True:
            number += 1
            asking = self._wear.spare(partial(patience.ask, check))
            over, answer = await self._record(f"{name}/{number}", asking, tuple[bool, returns | None])
            if over:
                return answer  # type: ignore[no-any-return]

    async def _record(self, name: str, effect: Callable[[], Awaitable[Any]], returns: Any) -> Any:
        try:
            return await _record(name, effect, returns)
        except OtherPastError as error:
            await self._hold(str(error))


class _Patience:
    """Asks again and again, in rounds short enough to be steps."""

    def __init__(self, left: Callable[[], float], every: float, again: Again) -> None:
        self._left, self._every, self._again = left, every, again
        self._next = 0.0  # in the loop's time; after a restart the next asking is at once

    async def ask(self, check: Callable[[], Awaitable[T | None]]) -> tuple[bool, T | None]:
        """One round: (over, answer)."""
        time = asyncio.get_running_loop().time
        end = time() + _ROUND
        while True:
            if time() >= self._next:
                left = self._left()
                answer = await self._try(check)
                if answer is not None or left <= 0:
                    return True, answer
                self._next = time() + min(self._every, left)
            if time() >= end:
                return False, None
            await asyncio.sleep(max(0.0, min(self._next, end) - time()))

    async def _try(self, check: Callable[[], Awaitable[T | None]]) -> T | None:
        try:
            return await check()
        except Exception as error:
            if self._again(error):
                return None
            raise


async def _record(name: str, effect: Callable[[], Awaitable[Any]], returns: Any) -> Any:
    """Raises OtherPastError when what DBOS has here is another step's, or of a form that this release cannot read."""
    cause: Exception | None = None
    fresh = False

    async def perform() -> str:
        nonlocal cause, fresh
        fresh = True
        text, cause = await outcome(effect, returns)
        return text

    try:
        text = await DBOS.run_step_async({"name": name}, perform)
    except dbos_error.DBOSUnexpectedStepError as error:
        raise OtherPastError(_other_step(error)) from error
    return recorded(name, text, returns, cause) if fresh else replayed(name, text, returns)


def _other_step(error: dbos_error.DBOSUnexpectedStepError) -> str:
    _, _, wanted, there = error.inputs
    return f"its journal goes on with {there!r}, and the story of this release with {wanted!r}"
