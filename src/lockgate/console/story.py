"""Events in words: one line each."""

from collections.abc import Callable, Mapping
from typing import Any

from lockgate.console.context import EventLine
from lockgate.console.wording import time_of_day
from lockgate.domain.event import Event, EventType
from lockgate.kit.clock import rfc3339

_PREFIXES = ("sh.keptn.events.", "sh.lockgate.events.")
Fields = Mapping[str, Any]


def event_line(event: Event) -> EventLine:
    tell = _TOLD.get(event.type)
    return EventLine(
        cursor=event.cursor,
        at=rfc3339(event.time),
        time=time_of_day(event.time),
        type=_short(event.type),
        place=str(event.data.get("stage") or ""),
        says=tell(event.data) if tell else "",
    )


def deployed(data: Fields) -> str:
    cold = data.get("fallback", "warm")
    note = "" if cold == "warm" else f"; the way back is not warm: {cold}"
    return f"{data.get('deployment', data['service'])} has the traffic{note}"


def tested(data: Fields) -> str:
    average = float(data.get("averagems", 0))
    numbers = f"{data.get('requests', 0)} requests, {data.get('failures', 0)} failed, {average:.0f} ms on average"
    return str(data["reason"]) if data.get("reason") else numbers


def evaluated(data: Fields) -> str:
    details = data.get("evaluationdetails", {})
    return str(details.get("reason") or details.get("result", ""))


def put_back(data: Fields) -> str:
    restored = f"back to {data['restored']}" if data.get("restored") else ""
    return "; ".join(text for text in (restored, str(data.get("note", ""))) if text)


def _announced(data: Fields) -> str:
    if data.get("stage"):
        return f"{data['service']} {data['tag']} may go on to the next stage"
    return f"{data['service']} {data['image']}:{data['tag']} was announced"


def _configured(data: Fields) -> str:
    if data.get("rollback"):
        return f"to run {data['tag']} again" if data.get("tag") else "to run nothing, as before"
    return f"to run {data['service']} {data['tag']}, as configured by commit {str(data.get('revision', ''))[:8]}"


def _ended(data: Fields) -> str:
    return f"{data['service']} {data['outcome']}: {data['reason']}"


def _short(type_: str) -> str:
    for prefix in _PREFIXES:
        type_ = type_.removeprefix(prefix)
    return type_


_TOLD: Mapping[str, Callable[[Fields], str]] = {
    EventType.NEW_ARTIFACT.value: _announced,
    EventType.STAGE_STARTED.value: lambda data: f"turn of {data['service']} {data['tag']}",
    EventType.WAITING.value: lambda data: f"waiting: {data['waitingfor']}",
    EventType.STEP_STARTED.value: lambda data: f"{data['task']} of {data['service']}",
    EventType.CONFIGURATION_CHANGED.value: _configured,
    EventType.DEPLOYMENT_FINISHED.value: deployed,
    EventType.TESTS_FINISHED.value: tested,
    EventType.EVALUATION_DONE.value: evaluated,
    EventType.ROLLBACK_FINISHED.value: put_back,
    EventType.STAGE_FINISHED.value: _ended,
    EventType.EVALUATION_INVALIDATED.value: lambda data: (
        f"no later run is compared with {data['tag']}: {data['reason']}"
    ),
    EventType.DELIVERY_FINISHED.value: _ended,
}
