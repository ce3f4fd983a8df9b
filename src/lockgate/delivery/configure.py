"""Step `configure`: git says what is tried out, before the cluster does."""

from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.state import write_state
from lockgate.delivery.telling import stage_fields, tell
from lockgate.domain.delivery import StageRun
from lockgate.domain.event import EventType
from lockgate.workflow.protocol import Run


async def configure(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    async def commit() -> str:
        message = f"{turn.place.service} {turn.artifact.tag} to {turn.place.stage}, to be verified"
        revision = await write_state(outside, turn, verified=plan.before, candidate=plan.wanted, message=message)
        fields = stage_fields(turn, plan.strategy, plan.tests)
        data = {**fields, "revision": plan.revision, "state": revision, "release": plan.release.id}
        await tell(outside, turn, "configure", EventType.CONFIGURATION_CHANGED, data)
        return revision

    await run.step("configure", commit, returns=str, retry=outside.patience.retry)
