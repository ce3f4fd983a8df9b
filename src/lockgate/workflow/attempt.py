"""How every engine carries out a step and what it writes down of it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from lockgate.kit.typed_json import from_json, to_json
from lockgate.workflow.protocol import OtherPastError, Retry, StepFailedError

Again = Callable[[Exception], bool]
"""Whether a step that ended with this error may be tried again: true for transient ones."""

Sleep = Callable[[float], Awaitable[None]]


class WornOutError(Exception):
    """The run was under way at too many ends of the process to be tried once more."""


class Wear:
    """Lets one step of a worn-out run fail instead of being executed; *lives* counts how often it was taken up."""

    def __init__(self, lives: int, most: int) -> None:
        self._lives = lives
        self._worn = lives > most

    def spare(self, effect: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        """*effect*, or what fails in its place; either is called only when its step is not recorded."""

        async def spared() -> Any:
            if self._worn:
                self._worn = False
                raise WornOutError(
                    f"given up: lockgate ended {self._lives - 1} times while this was under way, see its log"
                )
            return await effect()

        return spared


class StepNames:
    """The names that a run has given to its steps; each names one."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._taken: set[str] = set()

    def take(self, name: str) -> None:
        if name in self._taken:
            raise ValueError(f"run {self._run!r} names two steps {name!r}: a step's name is unique in its run")
        self._taken.add(name)


def never_again(_: Exception) -> bool:
    return False


async def attempt(effect: Callable[[], Awaitable[Any]], retry: Retry | None, again: Again, sleep: Sleep) -> Any:
    """Call *effect* until it succeeds, its error is final, or the attempts are used up."""
    left, pause = (retry.attempts, retry.first) if retry else (1, 0.0)
    while True:
        left -= 1
        try:
            return await effect()
        except Exception as error:
            if retry is None or left <= 0 or not again(error):
                raise
            await sleep(min(pause, retry.longest))
            pause = pause * 2


async def outcome(effect: Callable[[], Awaitable[Any]], returns: Any) -> tuple[str, Exception | None]:
    """The text to record for *effect*: its result or the error it ended with, and that error."""
    try:
        value = await effect()
        return f'{{"value":{to_json(value, returns)}}}', None
    except Exception as error:
        return json.dumps({"error": type(error).__name__, "message": str(error)}), error


def replayed(step: str, text: str, returns: Any) -> Any:
    """As `recorded`, of a *text* from an earlier life. Raises OtherPastError when this release cannot read it."""
    try:
        return recorded(step, text, returns)
    except StepFailedError:
        raise
    except Exception as error:
        raise OtherPastError(f"what is recorded of {step!r} cannot be read by this release: {error}") from error


def recorded(step: str, text: str, returns: Any, cause: Exception | None = None) -> Any:
    """What a recorded *text* stands for. Raises StepFailedError, the same the first time and on every replay."""
    record = json.loads(text)
    if "error" in record:
        raise StepFailedError(step, record["error"], record["message"]) from cause
    return from_json(json.dumps(record["value"]), returns)
