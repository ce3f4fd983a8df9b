"""A container's probes over time: when it has started, whether it is ready, when it must be restarted."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from pocketkube.runtime.probes import Target, Timing, ask

_HURRY = 0.2  # seconds between looks until the first success
_WARM_UP = 1.0  # seconds in which such a look that fails means nothing: hardly a program is up at once


class Listener(Protocol):
    """Who wants to know."""

    def health_changed(self, *, started: bool, ready: bool) -> None: ...

    def probe_failed(self, probe: str, text: str) -> None: ...


class Health:
    """Watches one run of a container.

    Until a first success, readiness and startup are looked at five times a second from the beginning on; such an
    early look can only succeed: failures count from initialDelaySeconds on and once in each period, as written.
    """

    def __init__(self, container: Mapping[str, Any], target: Target, listener: Listener) -> None:
        self._container = container
        self._target = target
        self._listener = listener
        self._started = False
        self._ready = False

    def resume(self, *, started: bool, ready: bool) -> None:
        """Begins where another one stopped: an adopted container is not unready just because we were away."""
        self._started, self._ready = started, ready

    async def watch(self) -> str:
        """Returns the name of the probe for whose sake the container must be restarted; else runs until cancelled."""
        if not self._started and not await self._has_started():
            return "startup"
        self._tell(started=True, ready=self._ready or not self._container.get("readinessProbe"))
        tasks = [asyncio.create_task(self._readiness()), asyncio.create_task(self._liveness())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _has_started(self) -> bool:
        probe = self._container.get("startupProbe")
        if probe:
            async for verdict in self._verdicts("Startup", probe, hurry=True):
                return verdict
        return True

    async def _readiness(self) -> str:
        probe = self._container.get("readinessProbe")
        if probe:
            async for ready in self._verdicts("Readiness", probe, hurry=not self._ready):
                self._tell(started=True, ready=ready)
        return await _for_ever()

    async def _liveness(self) -> str:
        probe = self._container.get("livenessProbe")
        if probe:
            async for alive in self._verdicts("Liveness", probe, hurry=False):
                if not alive:
                    return "liveness"
        return await _for_ever()

    async def _verdicts(self, name: str, probe: Mapping[str, Any], *, hurry: bool) -> AsyncIterator[bool]:
        """True after each look that completes successThreshold in a row, False likewise for failures."""
        timing = Timing.of(probe)
        clock = asyncio.get_running_loop().time
        due = clock() + (max(timing.initial_delay, _WARM_UP) if hurry else timing.initial_delay)
        if not hurry:
            await asyncio.sleep(timing.initial_delay)
        row = 0  # Successes in a row, or failures as a negative number.
        while True:
            answer = await ask(probe, self._target)
            counts = clock() >= due
            if counts:
                due = clock() + timing.period
            if answer.healthy:
                row = max(row, 0) + 1
            elif counts:
                row = min(row, 0) - 1
                self._listener.probe_failed(name, answer.text)
            if row >= timing.successes:
                hurry = False
                yield True
            elif row <= -timing.failures:
                yield False
            await asyncio.sleep(min(_HURRY, timing.period) if hurry else timing.period)

    def _tell(self, *, started: bool, ready: bool) -> None:
        if (started, ready) != (self._started, self._ready):
            self._started, self._ready = started, ready
            self._listener.health_changed(started=started, ready=ready)


async def _for_ever() -> str:
    await asyncio.Event().wait()
    return ""  # Never reached.
