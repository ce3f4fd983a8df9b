"""Services with a fixed image (a database): settled in their own lane before an artifact that needs them."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from lockgate.delivery.conclusion import StageTroubleError
from lockgate.delivery.outside import Outside, Patience
from lockgate.delivery.plan import FixedService, Plan, place_in
from lockgate.domain.delivery import Outcome, RunState, StageRun
from lockgate.workflow.protocol import Run


async def settle_fixed_services(run: Run, outside: Outside, turn: StageRun, plan: Plan) -> None:
    """Raises StageTroubleError when one of them does not come up."""
    runs = [_run_of(turn, service) for service in plan.fixed_services]
    for each in runs:
        await run.step(
            f"queue {each.place.service}",
            partial(_queue, outside, each),
            returns=None,
            retry=outside.patience.retry,
        )
    for each in runs:
        ended = await run.wait_for(
            f"until {each.place.service} is settled",
            partial(_ended, outside, each),
            StageRun,
            every=outside.patience.poll,
            within=outside.patience.fixed_turn + outside.patience.fixed_service,  # a turn that comes late has its time
        )
        trouble = _trouble(outside.patience, each, ended)
        if trouble:
            raise StageTroubleError(trouble)


def _trouble(patience: Patience, wanted: StageRun, ended: StageRun | None) -> str:
    """Empty when *ended*, what became of *wanted*, is settled."""
    if ended is not None and ended.state is RunState.FINISHED:
        came_up = ended.outcome is Outcome.PROMOTED
        return "" if came_up else f"{wanted.place} ({wanted.artifact.reference}) did not come up: {ended.reason}"
    if ended is not None and ended.state is RunState.WAITING:
        return f"{wanted.place} did not get its turn in {patience.fixed_turn:g} s"
    longest = patience.fixed_service if ended is not None else patience.fixed_turn + patience.fixed_service
    return f"{wanted.place} was not settled in {longest:g} s: it goes on in its own lane"


async def _queue(outside: Outside, run: StageRun) -> None:
    await outside.lanes.queue(replace(run, queued_at=outside.clock.now()))


def _run_of(turn: StageRun, service: FixedService) -> StageRun:
    return StageRun(
        delivery=turn.delivery,
        place=place_in(turn, turn.place.stage, service.service),
        attempt=turn.attempt,
        artifact=service.artifact,
        fixed=True,
    )


async def _ended(outside: Outside, run: StageRun) -> StageRun | None:
    """*run* when it is over, or when its turn lasts or stays away too long: the time in which others have the lane is
    not its own."""
    for each in await outside.deliveries.stage_runs(run.delivery):
        if each.id == run.id and (each.state is RunState.FINISHED or _is_late(outside, each)):
            return each
    return None


def _is_late(outside: Outside, run: StageRun) -> bool:
    since, longest = run.queued_at, outside.patience.fixed_turn
    if run.started_at is not None:
        since, longest = run.started_at, outside.patience.fixed_service
    return since is not None and outside.clock.now() - since > timedelta(seconds=longest)
