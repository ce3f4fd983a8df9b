"""What the contract of workflow engines is written with: a bench, a transient error, two nouns, and patience."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lockgate.workflow.protocol import Engine, Workflow

MOST = 3


class PassingError(Exception):
    """The transient error of these tests: a bench's engine is built with `again=is_passing`."""


def is_passing(error: Exception) -> bool:
    return isinstance(error, PassingError)


@dataclass(frozen=True, slots=True)
class Warm:
    note: str
    level: float


@dataclass(frozen=True, slots=True)
class Cold:
    note: str
    level: float


class Bench(Protocol):
    def engine(self) -> Engine:
        """A new engine over the same journal as the one before. `again` is `is_passing`, a run has MOST lives."""
        ...


async def eventually(condition: Callable[[], bool], within: float = 60.0) -> None:
    """Returns when *condition* holds; AssertionError after *within* seconds."""
    try:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110  # any condition, so there is nothing to be woken by
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not so within {within} s") from None


async def launched(bench: Bench, **workflows: Workflow) -> Engine:
    engine = bench.engine()
    for name, workflow in workflows.items():
        engine.register(name, workflow)
    await engine.launch()
    return engine
