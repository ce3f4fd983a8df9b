"""The level-triggered loop that every controller runs in: changed objects become keys, keys are reconciled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

from pocketkube.kit.trees import copy_tree
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

Key: TypeAlias = tuple[str, str]
_FIRST_RETRY, _LONGEST_RETRY = 0.1, 10.0  # seconds

_log = logging.getLogger(__name__)


async def reconcile_forever(
    store: ObjectStore,
    kinds: Sequence[str],
    key_of: Callable[[KubeObject], Iterable[Key]],
    reconcile: Callable[[str, str], Awaitable[float | None]],
) -> None:
    """Calls `reconcile(namespace, name)` for each key that changed, until cancelled.

    Starts with every existing object. A key never runs twice at a time, different keys do; changes during a run
    lead to one more. A returned number means: again after so many seconds, if nothing comes first. An exception
    is logged and the key tried again, after 0.1 s up to 10 s.
    """
    async with store.subscribe(*kinds) as subscription, asyncio.TaskGroup() as tasks:
        loop = _Loop(tasks, reconcile)
        while True:
            change = await subscription.next_change()
            states = [change.object] if change.previous is None else [change.object, change.previous]
            # An object whose labels or owner changed concerns whom it belonged to before, too.
            for key in {key for state in states for key in key_of(copy_tree(state))}:
                loop.wake(key)


class _Loop:
    """Which keys run, which must run again, and the timers of the rest."""

    def __init__(self, tasks: asyncio.TaskGroup, reconcile: Callable[[str, str], Awaitable[float | None]]) -> None:
        self._tasks = tasks
        self._reconcile = reconcile
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}

    def wake(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if key in self._running:
            self._again.add(key)
            return
        self._running.add(key)
        self._tasks.create_task(self._run(key))

    async def _run(self, key: Key) -> None:
        while True:
            self._again.discard(key)
            delay = await self._once(key)
            if key not in self._again:
                break
        self._running.discard(key)
        if delay is not None:
            self._timers[key] = asyncio.get_running_loop().call_later(delay, self._ring, key)

    def _ring(self, key: Key) -> None:
        self._timers.pop(key, None)
        self.wake(key)

    async def _once(self, key: Key) -> float | None:
        try:
            delay = await self._reconcile(*key)
        except Exception:
            failures = self._failures[key] = self._failures.get(key, 0) + 1
            _log.exception("reconciling %s/%s failed (%d in a row)", *key, failures)
            return min(_FIRST_RETRY * (1 << min(failures - 1, 10)), _LONGEST_RETRY)
        self._failures.pop(key, None)
        return delay
