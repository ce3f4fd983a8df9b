"""What only a release had that is gone: its configuration goes with it, its data stays and is named."""

from lockgate.delivery.objects import copy_refs
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import StageRun
from lockgate.domain.manifest import Ref
from lockgate.domain.release import BlueGreenState, Release, ServiceState
from lockgate.workflow.protocol import Run

_HOLDS_DATA = "PersistentVolumeClaim"


async def prune(run: Run, outside: Outside, turn: StageRun, *, gone: ServiceState, stays: ServiceState) -> str:
    """Remove what *gone* brought along and *stays* has not. What is left all the same, in words and with the way out;
    empty when nothing is. Raises StepFailedError."""
    if {release.revision for release in _releases(gone)} <= {release.revision for release in _releases(stays)}:
        return ""

    async def remove() -> tuple[Ref, ...]:
        ours = await copy_refs(outside, turn.place, stays)
        unused = [ref for ref in await copy_refs(outside, turn.place, gone) if ref not in ours]
        await outside.cluster.remove([ref for ref in unused if ref.kind != _HOLDS_DATA], fence=turn.token)
        claims = [ref for ref in unused if ref.kind == _HOLDS_DATA]
        return tuple([ref for ref in claims if await outside.cluster.read(ref) is not None])

    kept = await run.step("prune", remove, returns=tuple[Ref, ...], retry=outside.patience.rollback_retry)
    return "; ".join(
        f"claim {ref.name} is used no more and was kept for its data: kubectl delete pvc {ref.name} -n {ref.namespace}"
        for ref in kept
    )


def _releases(state: ServiceState) -> tuple[Release, ...]:
    return (state.blue, state.green) if isinstance(state, BlueGreenState) else (state.release,)
