"""Services with a fixed image (a database): settled in their own lane before an artifact that needs them."""

from datetime import timedelta
from functools import partial

from lockgate.delivery.conclusion import StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import FixedService, Plan, place_in
from lockgate.domain.delivery import Outcome, RunState, StageRun
from lockgate.workflow.protocol import Run


async def settle_fixed_services(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    """Raises StageTroubleError when one of them does not come up."""
    runs = [_run_of(turn, service) for service in plan.fixed_services]
    for each in runs:
        await run.step(
            f"queue {each.place.service}",
            partial(outside.lanes.queue, each),
            returns=None,
            retry=outside.patience.retry,
        )
    for each in runs:
        ended = await run.wait_for(
            f"until {each.place.service} is settled",
            partial(_ended, outside, each),
            StageRun,
            every=outside.patience.poll,
            within=outside.patience.fixed_turn,
        )
        if ended is None:
            raise StageTroubleError(f"{each.place} did not get its turn in {outside.patience.fixed_turn:g} s")
        if ended.state is not RunState.FINISHED:
            raise StageTroubleError(
                f"{each.place} was not settled in {outside.patience.fixed_service:g} s: it goes on in its own lane"
            )
        if ended.outcome is not Outcome.PROMOTED:
            raise StageTroubleError(f"{each.place} ({each.artifact.reference}) did not come up: {ended.reason}")


def _run_of(turn: StageRun, service: FixedService) -> StageRun:
    return StageRun(
        delivery=turn.delivery,
        place=place_in(turn, turn.place.stage, service.service),
        attempt=turn.attempt,
        artifact=service.artifact,
        fixed=True,
    )


async def _ended(outside: Outside, run: StageRun) -> StageRun | None:
    """*run* when it is over, or when its turn lasts too long: the time in which others have the lane is not its own."""
    longest = timedelta(seconds=outside.patience.fixed_service)
    for each in await outside.deliveries.stage_runs(run.delivery):
        late = each.started_at is not None and outside.clock.now() - each.started_at > longest
        if each.id == run.id and (each.state is RunState.FINISHED or late):
            return each
    return None
