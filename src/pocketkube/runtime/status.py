"""A pod's status from the states of its containers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from pocketkube.kit.clock import format_time
from pocketkube.objects.kinds import KubeObject


@dataclass(frozen=True, slots=True)
class Waiting:
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Terminated:
    """`message` is what the container wrote to its terminationMessagePath, or why it could not start."""

    exit_code: int
    reason: str
    message: str
    started_at: datetime
    finished_at: datetime
    container_id: str


State: TypeAlias = Waiting | Running | Terminated


@dataclass(frozen=True, slots=True)
class View:
    """What is known of a container; `settled` once it will never run again, by its restart policy."""

    name: str
    image: str
    state: State
    last: Terminated | None = None
    restarts: int = 0
    started: bool = False
    ready: bool = False
    settled: bool = False
    image_id: str = ""
    container_id: str = ""


def pod_status(pod: KubeObject, views: Sequence[View], now: datetime, first: Sequence[View] = ()) -> dict[str, Any]:
    """The whole status; what only others know (podIP, ...) is taken over from the pod. `first` are init containers."""
    status: dict[str, Any] = dict(pod.get("status") or {})
    phase = _phase(views, first)
    status |= {
        "phase": phase,
        "hostIP": "127.0.0.1",
        "hostIPs": [{"ip": "127.0.0.1"}],
        "qosClass": status.get("qosClass") or "BestEffort",
        "containerStatuses": [_container_status(view) for view in views],
        "conditions": _conditions(status.get("conditions") or [], _facts(views, first, phase), format_time(now)),
    }
    if first:
        status["initContainerStatuses"] = [_container_status(view) for view in first]
    status.setdefault("startTime", format_time(now))
    for field in ("message", "reason"):  # Ours to set no longer.
        status.pop(field, None)
    return status


def view_of(container: Mapping[str, Any], pod: KubeObject) -> View:
    """What the pod's status says of one of its containers, for one who comes back; a fresh view if it says nothing."""
    fresh = View(container["name"], container.get("image") or "", Waiting("ContainerCreating"))
    status = pod.get("status") or {}
    for said in (*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])):
        if said["name"] == container["name"] and said.get("containerID"):
            return View(
                fresh.name,
                fresh.image,
                fresh.state,
                started=bool(said.get("started")),
                ready=bool(said.get("ready")),
                container_id=said["containerID"],
            )
    return fresh


def has_succeeded(view: View) -> bool:
    """Whether a container is over for good and well."""
    return view.settled and isinstance(view.state, Terminated) and view.state.exit_code == 0


def _phase(views: Sequence[View], first: Sequence[View]) -> str:
    if any(view.settled and not has_succeeded(view) for view in first):
        return "Failed"
    if all(view.settled for view in views):
        return "Succeeded" if all(has_succeeded(view) for view in views) else "Failed"
    if not all(has_succeeded(view) for view in first):
        return "Pending"
    if any(isinstance(view.state, Waiting) and view.last is None for view in views):
        return "Pending"
    return "Running"


def _container_status(view: View) -> dict[str, Any]:
    status = {
        "name": view.name,
        "image": view.image,
        "imageID": view.image_id,
        "ready": view.ready,
        "started": view.started,
        "restartCount": view.restarts,
        "state": _state(view.state),
        "lastState": _state(view.last) if view.last is not None else {},
    }
    return status | ({"containerID": view.container_id} if view.container_id else {})


def _state(state: State) -> dict[str, Any]:
    match state:
        case Waiting(reason, message):
            return {"waiting": {"reason": reason} | ({"message": message} if message else {})}
        case Running(started_at):
            return {"running": {"startedAt": format_time(started_at)}}
        case Terminated():
            ended = {
                "exitCode": state.exit_code,
                "reason": state.reason,
                "startedAt": format_time(state.started_at),
                "finishedAt": format_time(state.finished_at),
                "containerID": state.container_id,
            }
            return {"terminated": ended | ({"message": state.message} if state.message else {})}


def _facts(views: Sequence[View], first: Sequence[View], phase: str) -> dict[str, dict[str, str]]:
    """Status, reason and message of each condition that is the kubelet's."""
    unready = [view.name for view in views if not view.ready]
    waited_for = [view.name for view in first if not has_succeeded(view)]
    ready, initialized = {"status": "True"}, {"status": "True"}
    if waited_for:
        message = f"containers with incomplete status: [{' '.join(waited_for)}]"
        initialized = {"status": "False", "reason": "ContainersNotInitialized", "message": message}
    if phase in ("Succeeded", "Failed"):
        ready = {"status": "False", "reason": "PodCompleted" if phase == "Succeeded" else "PodFailed"}
    elif unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        ready = {"status": "False", "reason": "ContainersNotReady", "message": message}
    return {
        "PodScheduled": {"status": "True"},
        "Initialized": initialized,
        "ContainersReady": ready,
        "Ready": ready,
    }


def _conditions(
    before: Sequence[Mapping[str, Any]], wanted: Mapping[str, dict[str, str]], now: str
) -> list[dict[str, Any]]:
    known = {condition["type"]: condition for condition in before}
    others = [dict(condition) for kind, condition in known.items() if kind not in wanted]
    return [_condition(kind, facts, known.get(kind), now) for kind, facts in wanted.items()] + others


def _condition(kind: str, facts: Mapping[str, str], before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    same = before is not None and before.get("status") == facts["status"]
    changed_at = before["lastTransitionTime"] if before is not None and same else now
    return {"type": kind, **facts, "lastProbeTime": None, "lastTransitionTime": changed_at}
