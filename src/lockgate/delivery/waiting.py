"""Waiting for the cluster to become what was applied."""

import logging
from collections.abc import Sequence

from lockgate.delivery.conclusion import StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.delivery.telling import stage_fields, tell
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import LockgateError
from lockgate.domain.event import EventType
from lockgate.domain.manifest import Ref
from lockgate.ports.cluster import Broken, NotYet, Ready
from lockgate.workflow.protocol import Run

log = logging.getLogger(__name__)

_MOST_TOLD = 20  # of one wait: a reason may hold a number that never stands still


async def until_ready(
    run: Run, outside: Outside, step: str, refs: Sequence[Ref], within: float, told: StageRun | None = None
) -> None:
    """Raises StageTroubleError with the platform's own message when *refs* cannot become ready, or do not in
    *within* seconds. Meanwhile users of *told* are shown why it takes so long."""
    trouble = await how_ready(run, outside, step, refs, within, told)
    if trouble:
        raise StageTroubleError(trouble)


async def how_ready(
    run: Run, outside: Outside, step: str, refs: Sequence[Ref], within: float, told: StageRun | None = None
) -> str:
    """Empty when all *refs* are ready, else why they are not. Meanwhile users of *told* are shown why it takes so
    long."""
    teller = _Teller(outside, told, step) if told else None

    async def settled() -> Ready | Broken | None:
        state = await outside.cluster.readiness(refs)
        if not isinstance(state, NotYet):
            return state
        if teller:
            try:
                await teller.hear(state.reason)
            except LockgateError as error:  # a wait does not fail for what is only said of it
                log.warning("what %s waits for could not be told: %s", step, error)
        return None

    found = await run.wait_for(step, settled, Ready | Broken, every=outside.patience.poll, within=within)
    match found:
        case Ready():
            return ""
        case Broken(reason):
            return reason
        case _:
            reason = await run.step(
                f"{step}: what is missing",
                lambda: outside.cluster.why_not(refs),
                returns=str,
                retry=outside.patience.retry,
            )
            return f"not ready after {within:g} s: {reason}" if reason else ""


class _Teller:
    """Tells a reason when it changes, not when it is heard again. After a restart it begins anew: an event that was
    stored then keeps its id."""

    def __init__(self, outside: Outside, turn: StageRun, step: str) -> None:
        self._outside, self._turn, self._step = outside, turn, step
        self._since = outside.clock.now()
        self._last = ""
        self._times = 0

    async def hear(self, reason: str) -> None:
        waited = (self._outside.clock.now() - self._since).total_seconds()
        if reason == self._last or self._times == _MOST_TOLD or waited < self._outside.patience.quiet:
            return
        data = {**stage_fields(self._turn, None, None), "waitingfor": reason}
        step = f"{self._step}: {self._times}: {reason}"
        await tell(self._outside, self._turn, step, EventType.WAITING, data)
        self._last, self._times = reason, self._times + 1
