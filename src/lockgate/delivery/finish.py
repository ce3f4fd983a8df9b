"""The end of a stage run: events, the next lane's row and the delivery's outcome, in one transaction."""

import logging
from dataclasses import replace

from lockgate.delivery.assess import details_of
from lockgate.delivery.conclusion import Conclusion, trouble
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import SHIPYARD, Plan, place_in
from lockgate.delivery.telling import event_of, stage_fields, tell
from lockgate.domain.delivery import Delivery, Outcome, RunState, StageRun
from lockgate.domain.event import Event, EventType
from lockgate.workflow.protocol import Run

log = logging.getLogger(__name__)


async def tell_evaluation(run: Run, outside: Outside, turn: StageRun, plan: Plan, ended: Conclusion) -> None:
    """evaluation-done, for every stage that has tests: `evaluationpassed` is what decides, the details say why."""
    if plan.tests is None:
        return

    async def effect() -> None:
        details = {"result": ended.word, "reason": ended.reason}
        if ended.evaluation:
            details = details_of(await outside.evaluations.evaluation(ended.evaluation))
        fields = stage_fields(turn, plan.strategy, plan.tests)
        data = {**fields, "evaluationpassed": ended.promotes, "evaluationdetails": details}
        await tell(outside, turn, "evaluation_done", EventType.EVALUATION_DONE, data)

    await run.step("tell evaluation_done", effect, returns=None, retry=outside.patience.retry)


async def finish(
    run: Run, outside: Outside, turn: StageRun, plan: Plan | None, ended: Conclusion, step: str = "finish"
) -> None:
    """*step* is another one for the second try, after a bug: a step's name is unique in its run."""
    await run.step(
        step,
        lambda: end_turn(outside, turn, plan, ended),
        returns=None,
        retry=outside.patience.rollback_retry,
    )


async def end_turn(outside: Outside, turn: StageRun, plan: Plan | None, ended: Conclusion) -> None:
    """Changes nothing when the turn is ended already."""
    following = _following(outside, turn, plan) if ended.promotes else None
    last = ended
    if following is not None and await _was_there(outside, following):
        last = trouble(f"{SHIPYARD} was reordered meanwhile: this delivery has been in {following.place.stage} already")
        following = None
    over = _finished(outside, turn, ended)
    delivery = None
    if not turn.fixed and following is None:
        delivery = await _ended_delivery(outside, turn, last)
    events = _events(outside, over, plan, ended, following, delivery)
    await outside.lanes.finish(over, events, following, delivery)
    level = logging.WARNING if over.outcome is Outcome.ERRORED else logging.INFO
    place, outcome = over.place, over.outcome.value if over.outcome else ""
    about = f"{place.service} {over.artifact.tag} in {place.stage} of {place.project}"
    log.log(level, "delivery %s: %s: %s: %s", over.delivery, about, outcome, over.reason)


def _finished(outside: Outside, turn: StageRun, ended: Conclusion) -> StageRun:
    return replace(
        turn,
        state=RunState.FINISHED,
        finished_at=outside.clock.now(),
        outcome=ended.outcome,
        reason=ended.reason,
        verdict=ended.word,
        evaluation=ended.evaluation,
    )


def _following(outside: Outside, turn: StageRun, plan: Plan | None) -> StageRun | None:
    if plan is None or plan.next_stage is None:
        return None
    return StageRun(
        delivery=turn.delivery,
        place=place_in(turn, plan.next_stage),
        attempt=1,
        artifact=turn.artifact,
        queued_at=outside.clock.now(),
    )


async def _was_there(outside: Outside, following: StageRun) -> bool:
    return any(run.id == following.id for run in await outside.deliveries.stage_runs(following.delivery))


async def _ended_delivery(outside: Outside, turn: StageRun, ended: Conclusion) -> Delivery:
    delivery = await outside.deliveries.delivery(turn.delivery)
    if ended.outcome is Outcome.PROMOTED:
        reason = f"{turn.artifact.tag} reached {turn.place.stage}, the last stage"
    else:
        reason = f"{turn.place.stage}: {ended.reason}"
    return replace(delivery, outcome=ended.outcome, reason=reason, finished_at=outside.clock.now())


def _events(
    outside: Outside,
    over: StageRun,
    plan: Plan | None,
    ended: Conclusion,
    following: StageRun | None,
    delivery: Delivery | None,
) -> list[Event]:
    fields = stage_fields(over, plan.strategy if plan else None, plan.tests if plan else None)
    outcome = {"outcome": ended.outcome.value, "verdict": ended.word, "reason": ended.reason}
    events = [event_of(outside, over, "finish", EventType.STAGE_FINISHED, {**fields, **outcome})]
    if following is not None:
        events.append(event_of(outside, over, "promote", EventType.NEW_ARTIFACT, fields))
    if delivery is not None:
        outcome_word = delivery.outcome.value if delivery.outcome else ""
        data = {**fields, "outcome": outcome_word, "reason": delivery.reason}
        events.append(event_of(outside, over, "finish", EventType.DELIVERY_FINISHED, data))
    return events
