"""After a stage run that held: what was tried out is now what is verified there."""

from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.state import write_state
from lockgate.domain.delivery import StageRun
from lockgate.workflow.protocol import Run


async def verify(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    async def commit() -> str:
        message = f"{turn.place.service} {turn.artifact.tag} verified in {turn.place.stage}"
        return await write_state(outside, turn, verified=plan.wanted, candidate=None, message=message)

    await run.step("verify", commit, returns=str, retry=outside.patience.rollback_retry)
