"""A deployment's status: its counts and the conditions that `kubectl rollout status` and `kubectl wait` read. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pocketkube.controllers.rollout import Limits
from pocketkube.kit.clock import format_time, parse_time
from pocketkube.objects.kinds import KubeObject

DEFAULT_DEADLINE = 600  # seconds, Kubernetes' own
_DONE = "NewReplicaSetAvailable"


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods of all generations, and of the newest; `current` names it."""

    replicas: int
    updated: int
    ready: int
    available: int
    updated_available: int
    current: str


def deployment_status(
    deployment: KubeObject, counts: Counts, limits: Limits, news: str, now: datetime
) -> dict[str, Any]:
    """The whole status. `news` is the reason of what was just done (NewReplicaSetCreated, ...), or ""."""
    before: Mapping[str, Any] = deployment.get("status") or {}
    known = {condition["type"]: condition for condition in before.get("conditions") or []}
    conditions = [
        _available(counts, limits, known.get("Available"), now),
        _progressing(deployment, counts, limits, (news, known.get("Progressing")), now),
    ]
    return {
        "observedGeneration": deployment["metadata"]["generation"],
        "replicas": counts.replicas,
        "updatedReplicas": counts.updated,
        "readyReplicas": counts.ready,
        "availableReplicas": counts.available,
        "unavailableReplicas": max(0, limits.wanted - counts.available),
        "conditions": [*conditions, *_others(before.get("conditions") or [])],
    }


def seconds_to_deadline(deployment: KubeObject, status: Mapping[str, Any], now: datetime) -> float | None:
    """When to look again for a rollout that makes no progress; None for one that is done or given up."""
    for condition in status["conditions"]:
        if condition["type"] == "Progressing" and condition["status"] == "True" and condition["reason"] != _DONE:
            waited = (now - parse_time(condition["lastUpdateTime"])).total_seconds()
            return max(0.0, _deadline(deployment) - waited) + 1.0
    return None


def _available(counts: Counts, limits: Limits, before: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    if counts.available >= limits.wanted - limits.unavailable:
        facts = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        facts = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return _condition("Available", facts, before, now, renewed=False)


def _progressing(
    deployment: KubeObject,
    counts: Counts,
    limits: Limits,
    past: tuple[str, Mapping[str, Any] | None],
    now: datetime,
) -> dict[str, Any]:
    news, before = past
    name = f'ReplicaSet "{counts.current}"'
    reason = before["reason"] if before is not None else ""
    status: Mapping[str, Any] = deployment.get("status") or {}
    moved = _moved(status, counts)
    if deployment["spec"].get("paused"):
        return _condition("Progressing", ("Unknown", "DeploymentPaused", "Deployment is paused"), before, now)
    if news:
        said = f"{'Created new' if news == 'NewReplicaSetCreated' else 'Found'} replica set {counts.current!r}"
        return _condition("Progressing", ("True", news, said.replace("'", '"')), before, now, renewed=True)
    if _complete(counts, limits) or (reason == _DONE and counts.replicas == counts.updated):
        facts = ("True", _DONE, f"{name} has successfully progressed.")
    elif before is None or moved:
        facts = ("True", "ReplicaSetUpdated", f"{name} is progressing.")
    elif reason == "ProgressDeadlineExceeded" or _overdue(deployment, before, now):
        facts = ("False", "ProgressDeadlineExceeded", f"{name} has timed out progressing.")
    else:
        resumed = reason in ("DeploymentPaused", _DONE)
        facts = ("True", "ReplicaSetUpdated" if resumed else reason, f"{name} is progressing.")
        return _condition("Progressing", facts, before, now, renewed=resumed)
    return _condition("Progressing", facts, before, now, renewed=moved)


def _complete(counts: Counts, limits: Limits) -> bool:
    return counts.replicas == counts.updated == counts.updated_available == limits.wanted


def _moved(before: Mapping[str, Any], counts: Counts) -> bool:
    """Whether anything became better since the last look."""
    old = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    return any(
        (
            counts.updated > before.get("updatedReplicas", 0),
            counts.replicas - counts.updated < old,
            counts.ready > before.get("readyReplicas", 0),
            counts.available > before.get("availableReplicas", 0),
        )
    )


def _overdue(deployment: KubeObject, before: Mapping[str, Any], now: datetime) -> bool:
    return (now - parse_time(before["lastUpdateTime"])).total_seconds() > _deadline(deployment)


def _deadline(deployment: KubeObject) -> float:
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return DEFAULT_DEADLINE if seconds is None else float(seconds)


def _condition(
    kind: str,
    facts: tuple[str, str, str],
    before: Mapping[str, Any] | None,
    now: datetime,
    *,
    renewed: bool = False,
) -> dict[str, Any]:
    status, reason, message = facts
    same = before is not None and before["status"] == status
    unchanged = same and before is not None and before["reason"] == reason and not renewed
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": before["lastUpdateTime"] if unchanged and before is not None else format_time(now),
        "lastTransitionTime": before["lastTransitionTime"] if same and before is not None else format_time(now),
    }


def _others(conditions: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(each) for each in conditions if each["type"] not in ("Available", "Progressing")]
