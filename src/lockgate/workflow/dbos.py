"""The engine on DBOS Transact: durable runs in the database that Lockgate has anyway, with no server of its own."""

import asyncio
import contextvars
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import sqlalchemy
from dbos import DBOS, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error

from lockgate.kit.clock import Clock, parse_rfc3339
from lockgate.workflow.attempt import (
    Again,
    OtherPastError,
    StepNames,
    Wear,
    attempt,
    never_again,
    outcome,
    recorded,
    replayed,
)
from lockgate.workflow.dbos_setup import config, sqlite_engine
from lockgate.workflow.protocol import MOST_LIVES, Retry, T, Workflow

_ACTIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})  # any other status of DBOS is an end
_ROUND = 5.0  # seconds a step of a wait lasts at most

_log = logging.getLogger(__name__)

Hold = Callable[[str], Awaitable[None]]
"""Ends only by being cancelled; its text says why."""


class DbosEngine:
    """*url* as SQLAlchemy writes it. Workflows and effects run on the event loop that calls launch.

    DBOS is one to a process, so one engine is launched at a time. *executor* names who a run belongs to: a process
    takes up what its own name left unfinished, and two that live at once must not share one.
    """

    _live: ClassVar["DbosEngine | None"] = None  # DBOS itself is a global of the process; this only says whose it is

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        again: Again = never_again,
        executor: str = "local",
        most_lives: int = MOST_LIVES,
    ) -> None:
        self.failures: dict[str, Exception] = {}
        self._held: dict[str, str] = {}
        self._most_lives = most_lives
        self._url, self._clock, self._again, self._executor = url, clock, again, executor
        self._workflows: dict[str, Workflow] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stories: set[asyncio.Task[Any]] = set()  # those of _tasks whose end is not being recorded yet
        self._home: asyncio.AbstractEventLoop | None = None
        self._database: sqlalchemy.Engine | None = None
        self._begin: Callable[[str, str], Any] | None = None

    @property
    def held(self) -> Mapping[str, str]:
        return self._held

    def register(self, name: str, workflow: Workflow) -> None:
        if self._begin is not None:
            raise RuntimeError(f"workflow {name!r} is registered after launch: register it before")
        if name in self._workflows:
            raise ValueError(f"a workflow called {name!r} is registered already")
        self._workflows[name] = workflow

    async def launch(self) -> None:
        if DbosEngine._live is not None:
            raise RuntimeError(
                "an engine on DBOS is launched already, and DBOS is one to a process: close that one first"
            )
        DbosEngine._live, self._home = self, asyncio.get_running_loop()
        try:
            self._launch()
        except BaseException:
            await self.close()
            raise

    def _launch(self) -> None:
        self._database = sqlite_engine(self._url) if self._url.startswith("sqlite:") else None
        _quiet(logging.WARNING)
        DBOS(config=config(self._url, self._executor, self._database))

        async def run(workflow: str, argument: str) -> str:
            return await self._execute_here(workflow, argument)

        # No limit of DBOS's on recoveries, which would end a run without putting anything back: ours is Wear.
        self._begin = DBOS.workflow(name="run", max_recovery_attempts=None)(run)
        # On this very thread, though it blocks for a third of a second: DBOS adopts the loop that runs here, and so
        # clients that effects share with the rest of the program stay on their loop.
        DBOS.launch()

    async def start(self, workflow: str, id: str, argument: str) -> None:
        if self._begin is None or asyncio.get_running_loop() is not self._home:
            raise RuntimeError(f"run {id!r} cannot start: the engine is not launched on this event loop, or closed")
        if workflow not in self._workflows:
            raise LookupError(f"no workflow {workflow!r} is registered: there is {', '.join(sorted(self._workflows))}")
        # In a context of its own: called from within a step of another run, it would become that run's child.
        begun = asyncio.create_task(_start(self._begin, id, workflow, argument), context=contextvars.Context())
        await asyncio.shield(begun)

    async def is_over(self, id: str) -> bool:
        status = await _status(id)
        return status is not None and status.status not in _ACTIVE

    async def close(self) -> None:
        if DbosEngine._live is not self or self._home is None:
            return
        self._begin = None
        _quiet(logging.ERROR)  # DBOS warns of each task that is cancelled, which is what we do here
        for task in self._stories:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with ThreadPoolExecutor(max_workers=1) as own:
            await self._home.run_in_executor(own, partial(DBOS.destroy, destroy_registry=True))
        # DBOS has put its own, now closed, pool of threads under asyncio.to_thread.
        self._home.set_default_executor(ThreadPoolExecutor())
        if self._database is not None:
            self._database.dispose()
        DbosEngine._live = None

    async def _execute_here(self, workflow: str, argument: str) -> str:
        task, id = asyncio.current_task(), DBOS.workflow_id
        if task is None or id is None:
            raise RuntimeError("DBOS called a workflow outside a task")
        if self._begin is None:
            raise asyncio.CancelledError  # started a moment before close: it stays for the next launch
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)  # later than the end of this function: DBOS records the end first
        self._stories.add(task)
        try:
            return await self._execute(id, workflow, argument)
        finally:
            self._stories.discard(task)

    async def _execute(self, id: str, workflow: str, argument: str) -> str:
        if workflow not in self._workflows:
            await self.hold(id, f"this release has no workflow {workflow!r}")
        try:
            status = await _status(id)
            wear = Wear((status and status.recovery_attempts) or 1, self._most_lives)
            run = _DbosRun(id, self._clock, self._again, wear, partial(self.hold, id))
            await self._workflows[workflow](run, argument)
        except dbos_error.DBOSException:
            raise  # the run is no longer ours: DBOS has to know
        except Exception as error:
            _log.error("run %s ended by an exception", id, exc_info=error)
            self.failures[id] = error
            return f"{type(error).__name__}: {error}"
        return ""

    async def hold(self, id: str, why: str) -> None:
        """Until this engine is closed. Ending the run would leave half of its work where it is."""
        self._held[id] = why
        _log.error("run %s waits for a release that knows it: %s", id, why)
        await asyncio.Event().wait()


class _DbosRun:
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


async def _status(id: str) -> WorkflowStatus | None:
    # In a context of its own: asked for from within a run, the answer would become one of that run's steps.
    asking = asyncio.create_task(DBOS.get_workflow_status_async(id), context=contextvars.Context())
    return await asyncio.shield(asking)


async def _start(begin: Callable[[str, str], Any], id: str, workflow: str, argument: str) -> None:
    with SetWorkflowID(id):
        await DBOS.start_workflow_async(begin, workflow, argument)


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


def _quiet(level: int) -> None:
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else DBOS adds a console of its own; so its lines go where ours do
    logger.setLevel(level)
