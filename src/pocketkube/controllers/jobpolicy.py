"""What a job's counts mean: another pod, a wait, or the end and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pocketkube.controllers.jobtally import Tally
from pocketkube.kit.clock import format_time, parse_time
from pocketkube.objects.kinds import KubeObject

_DEFAULT_BACKOFF_LIMIT = 6  # Kubernetes' own
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 60.0  # seconds between a failed pod and the next


@dataclass(frozen=True, slots=True)
class Finish:
    """Why a job is over: the type, reason and message of its condition."""

    type: str
    reason: str
    message: str


def finish_of(job: KubeObject, counts: Tally, now: datetime) -> Finish | None:
    """Whether the job is over now."""
    spec = job["spec"]
    if counts.succeeded >= _completions(job) and not (spec.get("completions") is None and counts.active):
        return Finish("Complete", "CompletionsReached", "Reached expected number of succeeded pods")
    limit = spec.get("backoffLimit")
    limit = _DEFAULT_BACKOFF_LIMIT if limit is None else int(limit)
    restarts = counts.restarts if spec["template"]["spec"].get("restartPolicy") == "OnFailure" else 0
    if counts.failed > limit or (restarts and restarts >= limit):
        return Finish("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    left = seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        return Finish("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
    return None


def finished(job: KubeObject) -> Mapping[str, Any] | None:
    """The condition that says that the job is over."""
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return dict(condition)
    return None


def missing_pods(job: KubeObject, counts: Tally) -> int:
    """How many more pods there should be now."""
    parallelism = job["spec"].get("parallelism")
    left = _completions(job) - counts.succeeded
    return max(0, min(1 if parallelism is None else int(parallelism), left) - len(counts.active))


def back_off(counts: Tally, now: datetime) -> float:
    """How many seconds the next pod has to wait for because of those that failed."""
    if counts.failed_at is None or not counts.failed:
        return 0.0
    delay = min(_LONGEST_BACK_OFF, _FIRST_BACK_OFF * 2.0 ** min(counts.failed - 1, 10))
    return max(0.0, delay - (now - counts.failed_at).total_seconds())


def seconds_to_deadline(job: KubeObject, now: datetime) -> float | None:
    """What is left of activeDeadlineSeconds."""
    deadline, started = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if deadline is None or started is None:
        return None
    return float(deadline) - (now - parse_time(started)).total_seconds()


def seconds_to_live(job: KubeObject, now: datetime) -> float | None:
    """What is left of ttlSecondsAfterFinished of a finished job."""
    ttl, condition = job["spec"].get("ttlSecondsAfterFinished"), finished(job)
    if ttl is None or condition is None:
        return None
    return float(ttl) - (now - parse_time(condition["lastTransitionTime"])).total_seconds()


def with_finish(conditions: Sequence[Mapping[str, Any]], finish: Finish, now: datetime) -> list[dict[str, Any]]:
    """The conditions with the one that says that the job is over."""
    said = {
        "type": finish.type,
        "status": "True",
        "reason": finish.reason,
        "message": finish.message,
        "lastProbeTime": format_time(now),
        "lastTransitionTime": format_time(now),
    }
    return [*(dict(each) for each in conditions if each["type"] != finish.type), said]


def _completions(job: KubeObject) -> int:
    wanted = job["spec"].get("completions")
    return 1 if wanted is None else int(wanted)
