"""Waiting for the cluster to become what was applied."""

from collections.abc import Sequence

from lockgate.delivery.conclusion import StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.domain.manifest import Ref
from lockgate.ports.cluster import Broken, NotYet, Ready
from lockgate.workflow.protocol import Run


async def until_ready(run: Run, outside: Outside, step: str, refs: Sequence[Ref], within: float) -> None:
    """Raises StageTroubleError with the platform's own message when *refs* cannot become ready, or do not in
    *within* seconds."""
    trouble = await how_ready(run, outside, step, refs, within)
    if trouble:
        raise StageTroubleError(trouble)


async def how_ready(run: Run, outside: Outside, step: str, refs: Sequence[Ref], within: float) -> str:
    """Empty when all *refs* are ready, else why they are not."""

    async def settled() -> Ready | Broken | None:
        state = await outside.cluster.readiness(refs)
        return None if isinstance(state, NotYet) else state

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
