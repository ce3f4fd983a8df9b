"""The way back: traffic first, then git, then the idle colour gets back what it ran before."""

import logging
from collections.abc import Awaitable
from functools import partial

from lockgate.delivery.conclusion import Conclusion
from lockgate.delivery.objects import all_refs, deployments, release_objects, routes
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.prune import prune
from lockgate.delivery.state import write_state
from lockgate.delivery.telling import stage_fields, tell
from lockgate.delivery.waiting import how_ready
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import FencedError
from lockgate.domain.event import EventType
from lockgate.domain.manifest import Ref, ref_of
from lockgate.domain.release import ServiceState
from lockgate.workflow.protocol import Run, StepFailedError

log = logging.getLogger(__name__)


def is_fenced(error: StepFailedError) -> bool:
    """A later turn of the lane is at work: nothing more may be written."""
    return error.error == FencedError.__name__


async def roll_back(run: Run, outside: Outside, turn: StageRun, plan: Plan, why: Conclusion) -> str:
    """Git and the cluster agree when this is over. Each part is tried, whatever became of the one before; what could
    not be made so again stands in the event and is returned, empty when all is as before."""
    before, left, kept = plan.before, [], ""
    if before is not None:
        left.append(await _tried(_routes_back(run, outside, turn, plan, before)))
    left.append(await _tried(_state_back(run, outside, turn, plan)))
    if before is not None:
        left.append(await _tried(_objects_back(run, outside, turn, plan, before)))
        if not any(left):  # else the release that is put away may still be needed
            kept = await _tried(prune(run, outside, turn, gone=plan.wanted, stays=before))
    else:
        left.append(await _tried(_remove_all(run, outside, turn, plan)))
    missing = "; ".join(text for text in left if text)
    tell_it = partial(_tell, outside, turn, plan, why, "; ".join(text for text in (missing, kept) if text))
    await run.step("tell rollback", tell_it, returns=None, retry=outside.patience.retry)
    return missing


async def _tried(part: Awaitable[str]) -> str:
    """What *part* says is missing, or why it could not be carried out."""
    try:
        return await part
    except StepFailedError as error:
        if is_fenced(error):
            raise
        return str(error)
    except Exception as bug:
        log.exception("a part of the way back broke off")
        return f"internal error, see the log of lockgate: {bug!r}"


async def _routes_back(run: Run, outside: Outside, turn: StageRun, plan: Plan, before: ServiceState) -> str:
    routing = routes(outside, turn.place, before, http=plan.before_http)
    await run.step(
        "traffic back",
        lambda: outside.cluster.apply([routing], fence=turn.token),
        returns=None,
        retry=outside.patience.rollback_retry,
    )
    return await how_ready(run, outside, "until routed back", [ref_of(routing)], outside.patience.routes)


async def _state_back(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> str:
    async def commit() -> str:
        message = f"{turn.place.service} {turn.artifact.tag} did not hold in {turn.place.stage}: back to "
        message += plan.before.serving.artifact.tag if plan.before else "nothing, as before"
        return await write_state(outside, turn, verified=plan.before, candidate=None, message=message)

    await run.step("state back", commit, returns=str, retry=outside.patience.rollback_retry)
    return ""


async def _objects_back(run: Run, outside: Outside, turn: StageRun, plan: Plan, before: ServiceState) -> str:
    async def apply() -> tuple[Ref, ...]:
        objects = await release_objects(outside, turn.place, before, plan.changed)
        await outside.cluster.apply(objects, fence=turn.token)
        return deployments(objects)

    refs = await run.step("release back", apply, returns=tuple[Ref, ...], retry=outside.patience.rollback_retry)
    return await how_ready(run, outside, "until back", refs, outside.patience.rollout)


async def _remove_all(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> str:
    async def remove() -> None:
        await outside.cluster.remove(await all_refs(outside, turn.place, plan.wanted), fence=turn.token)

    await run.step("remove", remove, returns=None, retry=outside.patience.rollback_retry)
    return ""


async def _tell(outside: Outside, turn: StageRun, plan: Plan, why: Conclusion, more: str) -> None:
    restored = plan.before.serving.artifact if plan.before else None
    fields = stage_fields(turn, plan.strategy, None, restored)
    changed = {**fields, "rejectedtag": turn.artifact.tag, "rollback": True}
    await tell(outside, turn, "rollback", EventType.CONFIGURATION_CHANGED, changed)
    removed = "" if restored else "there was no verified release: routes and objects of the service were removed"
    data = {**fields, "restored": restored.reference if restored else "", "reason": why.reason}
    note = "; ".join(text for text in (removed, more) if text)
    await tell(outside, turn, "rollback", EventType.ROLLBACK_FINISHED, {**data, "note": note})
