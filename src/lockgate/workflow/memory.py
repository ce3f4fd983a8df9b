"""An engine whose journal is a list, which dies at the point a test names and whose hours pass in milliseconds."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from lockgate.kit.clock import Clock, parse_rfc3339
from lockgate.workflow.attempt import (
    Again,
    Sleep,
    StepNames,
    Wear,
    attempt,
    never_again,
    outcome,
    recorded,
    replayed,
)
from lockgate.workflow.journal import Journal, Replay
from lockgate.workflow.protocol import MOST_LIVES, OtherPastError, Retry, T, Workflow

_log = logging.getLogger(__name__)


class Crash(BaseException):
    """The process died here, as by kill -9. No `except Exception` of the code under test can survive it."""

    def __init__(self, point: str) -> None:
        self.point = point
        super().__init__(f"died at {point}")


class _HeldError(BaseException):
    """Leaves the run's code as a Crash does, and the run in the journal as it is."""


class MemoryEngine:
    """Crash points are `<step>:before` (nothing done yet) and `<step>:after` (done, not recorded), for steps, sleeps
    and waits alike, and the same for a workflow's own name (`<workflow>:after`: returned, not recorded as ended)."""

    def __init__(
        self,
        clock: Clock,
        *,
        again: Again = never_again,
        sleep: Sleep = asyncio.sleep,
        journal: Journal | None = None,
        most_lives: int = MOST_LIVES,
    ) -> None:
        """*sleep* passes the time between attempts and while waiting: `FakeClock.sleep` in a scenario."""
        self.journal = journal if journal is not None else Journal()
        self.most_lives = most_lives
        self.points: list[str] = []
        self.crashed: str | None = None
        self._held: dict[str, str] = {}
        self._clock, self._again, self._sleep = clock, again, sleep
        self._workflows: dict[str, Workflow] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._crash = ("", 1)
        self._open = False

    @property
    def failures(self) -> dict[str, Exception]:
        """Runs that ended by an exception, with it: bugs, since a story ends its troubles by itself."""
        return {run: error for run, error in self.journal.ended.items() if error is not None}

    def crash_at(self, point: str, nth: int = 1) -> None:
        """Die the *nth* time this engine reaches *point*; `*` is any point (`points` lists those reached so far)."""
        self._crash = (point, nth)

    @property
    def held(self) -> Mapping[str, str]:
        return self._held

    def register(self, name: str, workflow: Workflow) -> None:
        if self._open:
            raise RuntimeError(f"workflow {name!r} is registered after launch: register it before")
        if name in self._workflows:
            raise ValueError(f"a workflow called {name!r} is registered already")
        self._workflows[name] = workflow

    async def launch(self) -> None:
        self._open = True
        for run in self.journal.runs:
            if run not in self.journal.ended:
                self._take_up(run)

    async def start(self, workflow: str, id: str, argument: str) -> None:
        self._alive()
        if not self._open:
            raise RuntimeError(f"run {id!r} cannot start: the engine is not launched, or closed")
        self._registered(workflow)
        if id not in self.journal.runs:
            self.journal.runs[id] = (workflow, argument)
            self._take_up(id)

    async def is_over(self, id: str) -> bool:
        return id in self.journal.ended

    async def settle(self) -> None:
        """Wait until no run can move: each has ended, or the engine has crashed or was closed."""
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    async def close(self) -> None:
        self._open = False
        for task in list(self._tasks.values()):
            task.cancel()
        await self.settle()

    def _registered(self, name: str) -> Workflow:
        if name not in self._workflows:
            raise LookupError(f"no workflow {name!r} is registered: there is {', '.join(sorted(self._workflows))}")
        return self._workflows[name]

    def _take_up(self, id: str) -> None:
        name, argument = self.journal.runs[id]
        self.journal.lives[id] = self.journal.lives.get(id, 0) + 1
        self._tasks[id] = asyncio.create_task(self._execute(id, name, self._registered(name), argument), name=id)
        # Removed by the task's end itself and not by its code: a task cancelled before its first step runs no code.
        self._tasks[id].add_done_callback(lambda task: self._tasks.pop(id, None))

    async def _execute(self, id: str, name: str, workflow: Workflow, argument: str) -> None:
        failure: Exception | None = None
        try:
            self.reach(f"{name}:before")
            try:
                await workflow(_MemoryRun(id, self), argument)
            except OtherPastError:
                raise
            except Exception as error:
                failure = error
            self.reach(f"{name}:after")
        except Crash as crash:
            self.kill(crash.point)
            return
        except (_HeldError, OtherPastError) as held:
            self.journal.lives[id] -= 1
            self._held[id] = str(held)
            return
        if failure is not None:
            _log.error("run %s ended by an exception", id, exc_info=failure)
        self.journal.ended[id] = failure

    def kill(self, point: str = "kill") -> None:
        """Die now: nothing is executed or recorded any more, and every further call raises Crash."""
        self.crashed = self.crashed or point
        for task in self._tasks.values():
            if task is not asyncio.current_task():
                task.cancel()

    def reach(self, point: str) -> None:
        """Called by a run at each crash point. Raises Crash when the engine is dead or dies here."""
        self._alive()
        self.points.append(point)
        wanted, nth = self._crash
        reached = len(self.points) if wanted == "*" else self.points.count(wanted)
        if wanted in ("*", point) and reached >= nth:
            self.kill(point)
            raise Crash(point)

    def _alive(self) -> None:
        if self.crashed is not None:
            raise Crash(self.crashed)

    def replay(self, run: str) -> Replay:
        return Replay(self.journal, run)

    async def perform(self, replay: Replay, name: str, effect: Callable[[], Awaitable[Any]], returns: Any) -> Any:
        """Give what is recorded under *name*, else carry *effect* out between its two crash points and record it."""
        text = replay.meet(name)
        if text is not None:
            return replayed(name, text, returns)
        self.reach(f"{name}:before")
        text, error = await outcome(effect, returns)
        self.reach(f"{name}:after")
        return recorded(name, replay.write(name, text), returns, error)

    async def attempt(self, effect: Callable[[], Awaitable[Any]], retry: Retry | None) -> Any:
        return await attempt(effect, retry, self._again, self._sleep)

    def moment_in(self, replay: Replay, name: str, seconds: float) -> datetime:
        """The moment recorded under *name*; recorded as *seconds* from now the first time."""
        text = replay.meet(name)
        return parse_rfc3339(text or replay.write(name, (self._clock.now() + timedelta(seconds=seconds)).isoformat()))

    def left(self, until: datetime) -> float:
        """Seconds from now."""
        return (until - self._clock.now()).total_seconds()

    async def pass_time(self, seconds: float) -> None:
        if seconds > 0:
            await self._sleep(seconds)

    async def ask(self, check: Callable[[], Awaitable[T | None]]) -> T | None:
        try:
            return await check()
        except Exception as error:
            if self._again(error):
                return None
            raise


class _MemoryRun:
    def __init__(self, id: str, engine: MemoryEngine) -> None:
        self._id, self._engine = id, engine
        self._names, self._replay = StepNames(id), engine.replay(id)
        self._wear = Wear(engine.journal.lives[id], engine.most_lives)

    @property
    def id(self) -> str:
        return self._id

    async def step(self, name: str, effect: Callable[[], Awaitable[T]], returns: Any, retry: Retry | None = None) -> T:
        self._names.take(name)
        tries = self._wear.spare(partial(self._engine.attempt, effect, retry))
        result: T = await self._perform(name, tries, returns)
        return result

    async def patched(self, name: str) -> bool:
        self._names.take(name)
        if self._replay.next not in (None, _marker(name)):
            return False
        with _holding():
            if self._replay.meet(_marker(name)) is None:
                self._replay.write(_marker(name), "")
        return True

    async def sleep(self, name: str, seconds: float) -> None:
        self._names.take(name)
        end = self._moment_in(name, seconds)
        await self._perform(name, lambda: self._engine.pass_time(self._engine.left(end)), None)

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
        deadline = self._moment_in(name, within)

        async def ask() -> T | None:
            while True:
                left = self._engine.left(deadline)
                answer = await self._engine.ask(check)
                if answer is not None or left <= 0:
                    return answer
                await self._engine.pass_time(min(every, left))

        answer: T | None = await self._perform(name, self._wear.spare(ask), returns | None)
        return answer

    def _moment_in(self, name: str, seconds: float) -> datetime:
        with _holding():
            return self._engine.moment_in(self._replay, f"{name}/until", seconds)

    async def _perform(self, name: str, effect: Callable[[], Awaitable[Any]], returns: Any) -> Any:
        with _holding():
            return await self._engine.perform(self._replay, name, effect, returns)


@contextmanager
def _holding() -> Iterator[None]:
    try:
        yield
    except OtherPastError as error:
        raise _HeldError(str(error)) from error


def _marker(patch: str) -> str:
    return f"patch {patch}"
