"""What a durable workflow may do, and who runs it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

T = TypeVar("T")

Workflow = Callable[["Run", str], Awaitable[None]]
"""The workflow's code and its one input, a text. It must be deterministic outside its steps."""


class StepFailedError(Exception):
    """A step ended with an exception. *error* is the exception's class name, *message* its text."""

    def __init__(self, step: str, error: str, message: str) -> None:
        self.step, self.error, self.message = step, error, message
        super().__init__(f"{step}: {message}")


class OtherPastError(Exception):
    """What is recorded of a run is not what the story of this release did or could read. The text says what. A
    workflow raises it of an argument that it cannot read."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How often, and how long apart (seconds, doubling, capped at *longest*), a step is tried again on an
    error for which the engine's `again` predicate holds."""

    attempts: int = 8
    first: float = 0.5
    longest: float = 15.0


MOST_LIVES = 25
"""How often a run is taken up (its start and each restart of the process count) before it is suspected of ending the
process itself."""


class Run(Protocol):
    """One durable execution. A step that is recorded is never executed again; one that was under way when the
    process died is executed again, so each states absolute desired state.

    In a run that was taken up too often the first step that is not recorded is not executed: it fails with a
    WornOutError. The steps after it are executed, so that the run can put back what it began.

    A run whose record is not what its code does or can read (a step renamed, moved or taken away, a result of another
    form, OtherPastError from its code) is held: it neither ends nor does anything until a release is started that knows
    it, and the lives in which it was held are not counted."""

    @property
    def id(self) -> str: ...

    async def patched(self, name: str) -> bool:
        """Whether this run takes the new branch of a change to its code, recorded under *name* (unique in the run).

        False in a run whose record goes on behind this point without *name*: it did what the code said before the
        change. True in any other, and in all its lives to come. The step that was under way at this point when the
        process ended may have had its effect without being recorded: the new branch must be good for that, too.
        """
        ...

    async def step(self, name: str, effect: Callable[[], Awaitable[T]], returns: Any, retry: Retry | None = None) -> T:
        """Execute *effect* once and record its result under *name* (unique in the run).

        *returns* is the result's type (what kit/typed_json.py can read back: dataclasses, unions, None). With *retry*,
        errors that the engine's `again` predicate accepts (transient ones) are tried again. An exception that leaves
        the step is recorded too and raised as StepFailedError, the first time and on every replay alike.
        """
        ...

    async def sleep(self, name: str, seconds: float) -> None:
        """Durable: after a restart only the rest is slept."""
        ...

    async def wait_for(
        self,
        name: str,
        check: Callable[[], Awaitable[T | None]],
        returns: Any,
        *,
        every: float,
        within: float,
    ) -> T | None:
        """Ask *check* (a read without effects) every so many seconds until it answers; None when *within* seconds
        from the first asking are over. The answer and the deadline are recorded; no single step lasts longer than ~5 s.
        Transient errors of *check* count as no answer yet."""
        ...


class Engine(Protocol):
    @property
    def held(self) -> Mapping[str, str]:
        """Runs of this process that wait for a release that knows them: id → why."""
        ...

    def register(self, name: str, workflow: Workflow) -> None:
        """Before launch. A name is registered once."""
        ...

    async def launch(self) -> None:
        """Take up every unfinished run where it stopped."""
        ...

    async def start(self, workflow: str, id: str, argument: str) -> None:
        """Returns when the run is durable. The same id again: nothing happens."""
        ...

    async def is_over(self, id: str) -> bool:
        """Whether a run that was started has ended, in whatever way."""
        ...

    async def close(self) -> None:
        """Stop executing; unfinished runs stay for the next launch."""
        ...
