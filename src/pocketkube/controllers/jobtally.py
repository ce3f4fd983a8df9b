"""What a job's pods come to: how many are active, how many ended how, each counted once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pocketkube.controllers.pods import is_active, phase, ready_since
from pocketkube.kit.clock import parse_time
from pocketkube.objects.kinds import KubeObject

TRACKING = "batch.kubernetes.io/job-tracking"


@dataclass(frozen=True, slots=True)
class Tally:
    """`failed_at` is the end of the latest failed pod that still exists; `restarts` are those inside active pods."""

    active: tuple[KubeObject, ...]
    ready: int
    succeeded: int
    failed: int
    restarts: int
    failed_at: datetime | None


def outcome(pod: KubeObject) -> str | None:
    """How a pod ended for the job, "succeeded" or "failed"; None while it may still end. A deleted one has failed."""
    if phase(pod) == "Succeeded":
        return "succeeded"
    ended = phase(pod) == "Failed" or "deletionTimestamp" in pod["metadata"]
    return "failed" if ended else None


def tally(job: KubeObject, pods: Sequence[KubeObject]) -> Tally:
    """Counts each ended pod once: those in the status, plus those that still carry the tracking finalizer."""
    status = job.get("status") or {}
    waiting = status.get("uncountedTerminatedPods") or {}
    noted = {uid for uids in waiting.values() for uid in uids}
    fresh = [pod for pod in pods if is_tracked(pod) and pod["metadata"]["uid"] not in noted]
    ends = [outcome(pod) for pod in fresh]
    active = tuple(pod for pod in pods if is_active(pod))
    return Tally(
        active=active,
        ready=sum(ready_since(pod) is not None for pod in active),
        succeeded=status.get("succeeded", 0) + len(waiting.get("succeeded") or []) + ends.count("succeeded"),
        failed=status.get("failed", 0) + len(waiting.get("failed") or []) + ends.count("failed"),
        restarts=sum(each.get("restartCount", 0) for pod in active for each in _containers(pod)),
        failed_at=max((_ended_at(pod) for pod in pods if outcome(pod) == "failed"), default=None),
    )


def is_tracked(pod: KubeObject) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or [])


def _containers(pod: KubeObject) -> list[dict[str, Any]]:
    return (pod.get("status") or {}).get("containerStatuses") or []


def _ended_at(pod: KubeObject) -> datetime:
    ends = [each["state"]["terminated"]["finishedAt"] for each in _containers(pod) if "terminated" in each["state"]]
    deleted = pod["metadata"].get("deletionTimestamp")
    return parse_time(max([*ends, *([deleted] if deleted else [])], default=pod["metadata"]["creationTimestamp"]))
