"""The story of a stage run."""

import logging
from dataclasses import replace

from lockgate.delivery.assess import assess
from lockgate.delivery.conclusion import Conclusion, StageTroubleError, trouble
from lockgate.delivery.configure import configure
from lockgate.delivery.deploy import deploy
from lockgate.delivery.finish import finish, tell_evaluation
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan, make_plan
from lockgate.delivery.promote import tidy, verify
from lockgate.delivery.rollback import is_fenced, roll_back
from lockgate.delivery.telling import stage_fields, tell, tell_step
from lockgate.delivery.test import run_tests
from lockgate.domain.delivery import StageRun
from lockgate.domain.event import EventType
from lockgate.workflow.protocol import Run, StepFailedError

log = logging.getLogger(__name__)


async def deliver(run: Run, outside: Outside, turn: StageRun) -> None:
    """Carry one artifact through one stage: promoted, or everything put back, and a reason told either way."""
    plan = await _plan(run, outside, turn)
    if isinstance(plan, Conclusion):
        await _end(run, outside, turn, None, plan)
    elif plan.settled:
        await _end(run, outside, turn, plan, Conclusion(verdict=None, reason="it runs there as wanted already"))
    else:
        await _end(run, outside, turn, plan, await _carry_through(run, outside, turn, plan))


async def _end(run: Run, outside: Outside, turn: StageRun, plan: Plan | None, ended: Conclusion) -> None:
    """What was concluded is done already, so it is what must be stored, even when the first try to store it failed."""
    try:
        await finish(run, outside, turn, plan, ended)
    except StepFailedError as error:
        if is_fenced(error):
            raise
        log.error("%s could not store its end, which is tried once more: %s", turn.id, error)
        await finish(run, outside, turn, plan, ended, step="finish again")


async def _carry_through(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> Conclusion:
    """From here on something is begun: whatever goes wrong, it is put back before the turn ends."""
    ended: Conclusion | None = None
    try:
        ended = await _try_out(run, outside, turn, plan)
        await tell_evaluation(run, outside, turn, plan, ended)
        if ended.promotes:
            await verify(run, outside, turn, plan)
            left = await tidy(run, outside, turn, plan)
            return replace(ended, reason=f"{ended.reason}; {left}") if left else ended
    except StepFailedError as error:
        if is_fenced(error):
            return trouble(f"a later turn of this lane is at work, so this one wrote nothing more: {error.message}")
        ended = _spoilt(ended, str(error))
    except Exception as bug:
        log.exception("%s broke off and is put back", turn.id)
        ended = _spoilt(ended, f"internal error, see the log of lockgate: {bug!r}")
    return await _put_back(run, outside, turn, plan, ended)


def _spoilt(ended: Conclusion | None, why: str) -> Conclusion:
    """A verdict against the artifact stands, whatever broke after it."""
    return trouble(why) if ended is None or ended.promotes else replace(ended, reason=f"{ended.reason}; then {why}")


async def _plan(run: Run, outside: Outside, turn: StageRun) -> Plan | Conclusion:
    try:
        await run.step(
            "tell stage started", lambda: _tell_started(outside, turn), returns=None, retry=outside.patience.retry
        )
        return await run.step("plan", lambda: make_plan(outside, turn), returns=Plan, retry=outside.patience.retry)
    except StepFailedError as error:
        return trouble(error.message)


async def _try_out(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> Conclusion:
    """Whatever goes wrong on the way is a conclusion, since what was begun must be put back."""
    try:
        await configure(run, outside, turn, plan)
        await deploy(run, outside, turn, plan)
        window = await run_tests(run, outside, turn, plan)
        if plan.tests is not None:
            await run.step(
                "tell evaluation",
                lambda: tell_step(outside, turn, "evaluation_done"),
                returns=None,
                retry=outside.patience.retry,
            )
        if isinstance(window, Conclusion):
            return window
        return await assess(run, outside, turn, plan, window)
    except StageTroubleError as error:
        return trouble(str(error))
    except StepFailedError as error:
        if is_fenced(error):
            raise
        return trouble(error.message or f"{error.step} ended with {error.error}, see the log of lockgate")


async def _put_back(run: Run, outside: Outside, turn: StageRun, plan: Plan, ended: Conclusion) -> Conclusion:
    try:
        left = await roll_back(run, outside, turn, plan, ended)
    except StepFailedError as error:
        left = str(error)
    except Exception as bug:
        log.exception("%s could not be put back", turn.id)
        left = repr(bug)
    return replace(ended, reason=f"{ended.reason}; and it could not all be put back: {left}") if left else ended


async def _tell_started(outside: Outside, turn: StageRun) -> None:
    await tell(outside, turn, "start", EventType.STAGE_STARTED, stage_fields(turn, None, None))
