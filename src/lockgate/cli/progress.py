"""A delivery as it goes: one plain line for each thing that happens."""

from collections.abc import Callable, Mapping
from typing import Any

from lockgate.cli.marks import UNICODE, Marks
from lockgate.cli.sentences import beside_verdict

_PREFIXES = ("sh.keptn.events.", "sh.lockgate.events.")

Data = Mapping[str, Any]


def describe(event: Mapping[str, Any], marks: Marks = UNICODE) -> str:
    """One line for a person; empty for what only machines need, and for types that this program does not know."""
    data = event["data"]
    tell = _TOLD.get(short_type(event["type"]))
    if tell is None:
        return ""
    return f"{place_of(data):<11} {tell(data, marks)}"


def short_type(type_: str) -> str:
    """Without what all types begin with."""
    for prefix in _PREFIXES:
        if type_.startswith(prefix):
            return type_.removeprefix(prefix)
    return type_


def place_of(data: Data) -> str:
    """The stage, and the service where it is not the delivered one but one that it needs."""
    stage = str(data.get("stage", ""))
    return f"{stage}/{data['service']}" if data.get("fixed") else stage


def outcome_of(data: Data) -> str:
    """How the delivery came out and why, from the event that ends it."""
    return f"{data['outcome']}: {_reason(data)}"


def _reason(data: Data) -> str:
    return beside_verdict(str(data.get("reason") or ""), str(data.get("stage", "")))


def _started(data: Data, marks: Marks) -> str:
    return f"{data.get('service')} {data.get('tag')}"


def _waits(data: Data, marks: Marks) -> str:
    return f"{marks.running} waiting: {data.get('waitingfor')}"


def _task(data: Data, marks: Marks) -> str:
    return f"{marks.running} {data['task']}"


def _deployed(data: Data, marks: Marks) -> str:
    cold = data.get("fallback", "warm")
    note = "" if cold == "warm" else f" (the way back is not warm: {cold})"
    return f"{marks.good} deploy: {data.get('deployment')} has the traffic{note}"


def _tested(data: Data, marks: Marks) -> str:
    numbers = f"{data.get('requests')} requests, {data.get('failures')} failed"
    average = data.get("averagems")
    spent = f", {average:.0f} ms on average" if isinstance(average, int | float) else ""
    return f"{marks.of(data.get('result') == 'pass')} run_tests: {data.get('reason') or numbers + spent}"


def _evaluated(data: Data, marks: Marks) -> str:
    details = data["evaluationdetails"]
    mark = marks.of(bool(data["evaluationpassed"]))
    return f"{mark} evaluation_done: {details.get('result')}: {_reason(details)}"


def _rolled_back(data: Data, marks: Marks) -> str:
    note = f" ({data['note']})" if data.get("note") else ""
    return f"{marks.back} traffic and configuration went back to {data.get('restored') or 'what was before'}{note}"


def _stage_finished(data: Data, marks: Marks) -> str:
    outcome = data["outcome"]
    return f"{marks.of(outcome == 'promoted')} {outcome} ({data.get('verdict')}): {_reason(data)}"


def _delivery_finished(data: Data, marks: Marks) -> str:
    return outcome_of(data)


_TOLD: Mapping[str, Callable[[Data, Marks], str]] = {
    "stage-started": _started,
    "waiting": _waits,
    "step-started": _task,
    "deployment-finished": _deployed,
    "tests-finished": _tested,
    "evaluation-done": _evaluated,
    "rollback-finished": _rolled_back,
    "stage-finished": _stage_finished,
    "delivery-finished": _delivery_finished,
}
"""Event type without its prefix → its line."""
