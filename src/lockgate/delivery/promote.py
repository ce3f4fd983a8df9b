"""After a stage run that held: what was tried out is now what is verified there."""

import logging

from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.prune import prune
from lockgate.delivery.state import write_state
from lockgate.domain.delivery import StageRun
from lockgate.workflow.protocol import Run, StepFailedError

log = logging.getLogger(__name__)


async def verify(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    async def commit() -> str:
        message = f"{turn.place.service} {turn.artifact.tag} verified in {turn.place.stage}"
        return await write_state(outside, turn, verified=plan.wanted, candidate=None, message=message)

    await run.step("verify", commit, returns=str, retry=outside.patience.rollback_retry)


async def tidy(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> str:
    """What is left of the release that was replaced, in words. It is verified by now: nothing here takes that back."""
    if plan.before is None:
        return ""
    try:
        return await prune(run, outside, turn, gone=plan.before, stays=plan.wanted)
    except StepFailedError as error:
        return f"what only the replaced release had could not be removed: {error}"
    except Exception as bug:
        log.exception("%s left what the replaced release had", turn.id)
        return f"what only the replaced release had could not be removed, see the log of lockgate: {bug!r}"
