"""The engine on DBOS Transact: durable runs in the database that Lockgate has anyway, with no server of its own."""

import asyncio
import contextvars
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar

import sqlalchemy
from dbos import DBOS, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error

from lockgate.kit.clock import Clock
from lockgate.workflow.attempt import Again, Wear, never_again
from lockgate.workflow.dbos_run import DbosRun
from lockgate.workflow.dbos_setup import config, sqlite_engine
from lockgate.workflow.protocol import MOST_LIVES, OtherPastError, T, Workflow

_ACTIVE = frozenset({"PENDING", "ENQUEUED", "DELAYED"})  # any other status of DBOS is an end

_log = logging.getLogger(__name__)


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
        self._mark: Callable[[], Any] = _nothing

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
        self._mark = DBOS.workflow(name="mark", max_recovery_attempts=None)(_nothing)
        # On this very thread, though it blocks for a third of a second: DBOS adopts the loop that runs here, and so
        # clients that effects share with the rest of the program stay on their loop.
        DBOS.launch()

    async def start(self, workflow: str, id: str, argument: str) -> None:
        if self._begin is None or asyncio.get_running_loop() is not self._home:
            raise RuntimeError(f"run {id!r} cannot start: the engine is not launched on this event loop, or closed")
        if workflow not in self._workflows:
            raise LookupError(f"no workflow {workflow!r} is registered: there is {', '.join(sorted(self._workflows))}")
        await _alone(_start(self._begin, id, workflow, argument))

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
        status = await _status(id)
        life = (status and status.recovery_attempts) or 1
        hold = partial(self._hold, id, life)
        if workflow not in self._workflows:
            await hold(f"this release has no workflow {workflow!r}")
        try:
            lives = life - (await _lives_held(id) if life > self._most_lives else 0)
            run = DbosRun(id, self._clock, self._again, Wear(lives, self._most_lives), hold)
            await self._workflows[workflow](run, argument)
        except OtherPastError as error:
            await hold(str(error))
        except dbos_error.DBOSException:
            raise  # the run is no longer ours: DBOS has to know
        except Exception as error:
            _log.error("run %s ended by an exception", id, exc_info=error)
            self.failures[id] = error
            return f"{type(error).__name__}: {error}"
        return ""

    async def _hold(self, id: str, life: int, why: str) -> None:
        """Until this engine is closed. Ending the run would leave half of its work where it is."""
        _log.error("run %s waits for a release that knows it: %s", id, why)
        try:
            await _alone(_start(self._mark, _held_in(id, life)))
        except Exception:  # it waits all the same: going on is what must not happen
            _log.exception("that run %s waits could not be written down: this life of it counts", id)
        self._held[id] = why
        await asyncio.Event().wait()


async def _status(id: str) -> WorkflowStatus | None:
    return await _alone(DBOS.get_workflow_status_async(id))


async def _lives_held(id: str) -> int:
    """In how many of its lives the run waited for another release."""
    marks = DBOS.list_workflows_async(workflow_id_prefix=_held_in(id, ""), load_input=False, load_output=False)
    return len(await _alone(marks))


def _held_in(id: str, life: int | str) -> str:
    """The id of a run that does nothing: DBOS counts lives by itself, so what is to be taken off is written beside."""
    return f"{id} held in life {life}"


async def _alone(call: Coroutine[Any, Any, T]) -> T:
    """In a context of its own: what is begun within a run would become its child, and what is asked one of its
    steps."""
    return await asyncio.shield(asyncio.create_task(call, context=contextvars.Context()))


async def _start(begin: Callable[..., Any], id: str, *arguments: str) -> None:
    with SetWorkflowID(id):
        await DBOS.start_workflow_async(begin, *arguments)


async def _nothing() -> None:
    return None


def _quiet(level: int) -> None:
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())  # else DBOS adds a console of its own; so its lines go where ours do
    logger.setLevel(level)
