"""The tasks of a stage run, as its events tell them: deploy, run_tests, evaluation_done, and the way back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from lockgate.console.context import TaskLine
from lockgate.console.story import Fields, deployed, evaluated, put_back, tested
from lockgate.console.wording import lapse
from lockgate.domain.delivery import Outcome, RunState, StageRun
from lockgate.domain.event import Event, EventType

TASKS: Mapping[str, tuple[EventType, Callable[[Fields], str]]] = {
    "deploy": (EventType.DEPLOYMENT_FINISHED, deployed),
    "run_tests": (EventType.TESTS_FINISHED, tested),
    "evaluation_done": (EventType.EVALUATION_DONE, evaluated),
}
"""Task → the event that ends it, and what that event says."""


def task_lines(run: StageRun | None, events: Sequence[Event], now: datetime) -> tuple[TaskLine, ...]:
    """*events* of this stage run alone, in order. A task that trouble cut short ends with whatever came next."""
    if run is None or run.state is RunState.WAITING:
        return tuple(TaskLine(name=name, state="waiting") for name in TASKS)
    lines = [_line(name, run, events, now) for name in TASKS]
    back = _way_back(run, events, now)
    return tuple(_unrepeated(line, run.reason) for line in (*lines, back) if line is not None)


def _unrepeated(line: TaskLine, reason: str) -> TaskLine:
    """The stage says its reason once, below its tasks."""
    return replace(line, says="") if line.says == reason else line


def _line(name: str, run: StageRun, events: Sequence[Event], now: datetime) -> TaskLine:
    end_type, told = TASKS[name]
    start = _first(events, lambda event: event.type == EventType.STEP_STARTED and event.data.get("task") == name)
    end = _first(events, lambda event: event.type == end_type)
    if end is not None:
        state = "failed" if end.data.get("result") == "fail" or end.data.get("evaluationpassed") is False else "done"
        return TaskLine(name, state, lapse((start or end).time, end.time, now), told(end.data))
    if start is None:
        return TaskLine(name, "skipped" if _passed_over(name, run, events) else "waiting")
    cut = _first(events, lambda event: event.cursor > start.cursor and _ends(event, name))
    if cut is None and run.state is not RunState.FINISHED:
        return TaskLine(name, "running", lapse(start.time, None, now))
    over = cut.time if cut else run.finished_at or now
    state = "done" if run.outcome is Outcome.PROMOTED else "failed"
    return TaskLine(name, state, lapse(start.time, over, now))


def _ends(event: Event, name: str) -> bool:
    """Whether *event* shows that task *name* is over, though nothing said so."""
    if event.type == EventType.STEP_STARTED:
        return event.data.get("task") != name
    return event.type in (EventType.EVALUATION_DONE, EventType.ROLLBACK_FINISHED, EventType.STAGE_FINISHED)


def _passed_over(name: str, run: StageRun, events: Sequence[Event]) -> bool:
    later = tuple(TASKS)[tuple(TASKS).index(name) + 1 :]
    went_on = any(event.type == EventType.STEP_STARTED and event.data.get("task") in later for event in events)
    given_up = any(event.type in (EventType.EVALUATION_DONE, EventType.ROLLBACK_FINISHED) for event in events)
    return went_on or given_up or run.state is RunState.FINISHED


def _way_back(run: StageRun, events: Sequence[Event], now: datetime) -> TaskLine | None:
    judged = _first(events, lambda event: event.data.get("evaluationpassed") is False)
    end = _first(events, lambda event: event.type == EventType.ROLLBACK_FINISHED)
    if end is not None:
        return TaskLine("rollback", "done", lapse((judged or end).time, end.time, now), put_back(end.data))
    if judged is None:
        return None
    if run.state is RunState.FINISHED:
        return TaskLine("rollback", "failed", lapse(judged.time, run.finished_at, now))
    return TaskLine("rollback", "running", lapse(judged.time, None, now))


def _first(events: Sequence[Event], wanted: Callable[[Event], bool]) -> Event | None:
    return next((event for event in events if wanted(event)), None)
