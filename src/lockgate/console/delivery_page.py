"""The page of one delivery, from its journey."""

from collections.abc import Mapping
from datetime import datetime

from lockgate.console.context import DeliveryPage, Lapse, StageBox, TaskLine
from lockgate.console.gates import gate_box, score_text, section_of
from lockgate.console.story import event_line
from lockgate.console.tasks import task_lines
from lockgate.console.wording import day_and_time, lapse
from lockgate.delivery.queries import Journey
from lockgate.domain.delivery import Outcome, RunState, StageRun
from lockgate.domain.evaluation import Evaluation
from lockgate.domain.event import Event, EventType

UNDER_WAY, UNREACHED = "under way", "unreached"


def delivery_page(journey: Journey, now: datetime) -> DeliveryPage:
    delivery = journey.delivery
    evaluations = {evaluation.id: evaluation for evaluation in journey.evaluations}
    return DeliveryPage(
        id=delivery.id,
        project=delivery.project,
        service=delivery.service,
        artifact=delivery.artifact.reference,
        tag=delivery.artifact.tag,
        state=delivery.outcome.value if delivery.outcome else UNDER_WAY,
        over=delivery.outcome is not None,
        reason=delivery.reason,
        accepted_at=day_and_time(delivery.accepted_at),
        lapse=lapse(delivery.accepted_at, delivery.finished_at, now) or Lapse(text=""),
        stages=tuple(_stage(journey, name, evaluations, now) for name in _stage_names(journey)),
        gates=tuple(gate_box(evaluation) for evaluation in journey.evaluations),
        events=tuple(event_line(event) for event in journey.events),
    )


def _stage_names(journey: Journey) -> tuple[str, ...]:
    """As the shipyard has them now, and those that a run went through before the shipyard changed."""
    return tuple(dict.fromkeys((*journey.stages, *(run.place.stage for run in journey.runs))))


def _stage(journey: Journey, name: str, evaluations: Mapping[str, Evaluation], now: datetime) -> StageBox:
    here = [run for run in journey.runs if run.place.stage == name]
    run = next((run for run in reversed(here) if not run.fixed), None)
    events = [event for event in journey.events if _tells_of(event, name, journey.delivery.service)]
    evaluation = evaluations.get(run.evaluation) if run else None
    state = _state(run, over=journey.delivery.outcome is not None)
    return StageBox(
        name=name,
        state=state,
        strategies=_strategies(events),
        lapse=lapse(run.started_at, run.finished_at, now) if run else None,
        tasks=() if state == UNREACHED else task_lines(run, events, now),  # nothing waits there any more
        settled=tuple(_settled(fixed, _reason(journey, fixed), now) for fixed in here if fixed.fixed),
        verdict=run.verdict if run else "",
        score=score_text(evaluation) if evaluation else "",
        reason=_reason(journey, run) if run else "",
        gate=section_of(evaluation) if evaluation else "",
    )


def _tells_of(event: Event, stage: str, service: str) -> bool:
    return event.data.get("stage") == stage and event.data.get("service") == service


def _state(run: StageRun | None, *, over: bool) -> str:
    if run is None:
        return UNREACHED if over else "ahead"
    return run.outcome.value if run.outcome else run.state.value


def _strategies(events: list[Event]) -> str:
    """`blue_green_service, performance`: as the stage run's plan recorded them."""
    for event in events:
        if event.type == EventType.CONFIGURATION_CHANGED:
            return ", ".join(filter(None, (event.data.get("deploymentstrategy"), event.data.get("teststrategy"))))
    return ""


def _reason(journey: Journey, run: StageRun) -> str:
    waits = journey.waiting_for(run)
    return f"waiting: {waits}" if waits else run.reason


def _settled(run: StageRun, reason: str, now: datetime) -> TaskLine:
    """A database that the artifact needs, put there before it."""
    held = run.outcome is Outcome.PROMOTED
    state = run.state.value if run.state is not RunState.FINISHED else "done" if held else "failed"
    name = f"{run.place.service} {run.artifact.tag}"
    return TaskLine(name, state, lapse(run.started_at, run.finished_at, now), "" if held else reason)
