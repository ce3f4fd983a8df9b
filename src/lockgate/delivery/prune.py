"""What only a release had that is gone: its configuration goes with it, its data stays and is named."""

from lockgate.delivery.objects import copy_refs
from lockgate.delivery.outside import Outside
from lockgate.domain.delivery import StageRun
from lockgate.domain.manifest import Ref
from lockgate.domain.project import Place
from lockgate.domain.release import BlueGreenState, Release, ServiceState
from lockgate.manifests.naming import selector_of
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
        there = [ref for ref in unused if await _is_ours(outside, turn.place, ref)]
        await outside.cluster.remove([ref for ref in there if ref.kind != _HOLDS_DATA], fence=turn.token)
        return tuple(ref for ref in there if ref.kind == _HOLDS_DATA)

    kept = await run.step("prune", remove, returns=tuple[Ref, ...], retry=outside.patience.rollback_retry)
    return "; ".join(
        f"claim {ref.name} is used no more and was kept for its data: kubectl delete pvc {ref.name} -n {ref.namespace}"
        for ref in kept
    )


async def _is_ours(outside: Outside, place: Place, ref: Ref) -> bool:
    """Whether it is there, and not by now another service's of the same name."""
    held = await outside.cluster.read(ref)
    return held is not None and held["metadata"].get("labels", {}).get("app") == selector_of(place)


def _releases(state: ServiceState) -> tuple[Release, ...]:
    return (state.blue, state.green) if isinstance(state, BlueGreenState) else (state.release,)
