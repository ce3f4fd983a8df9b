"""What an earlier turn of the lane could not put back is put back before anything else changes."""

from lockgate.delivery.objects import routes
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan
from lockgate.delivery.waiting import until_ready
from lockgate.domain.delivery import StageRun
from lockgate.domain.manifest import ref_of
from lockgate.domain.release import BlueGreenState
from lockgate.workflow.protocol import Run


async def traffic_as_verified(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    """Traffic goes where git says, or the colour that is taken for idle, and gets the new release, would be the one
    that serves users. Raises StageTroubleError when it cannot be brought there."""
    if not isinstance(plan.before, BlueGreenState):
        return
    routing = routes(outside, turn.place, plan.before, http=plan.before_http)
    await run.step(
        "traffic as verified",
        lambda: outside.cluster.apply([routing], fence=turn.token),
        returns=None,
        retry=outside.patience.retry,
    )
    await until_ready(run, outside, "until routed as verified", [ref_of(routing)], outside.patience.routes)
