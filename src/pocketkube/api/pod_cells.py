"""A pod's row in `kubectl get pods`: above all its STATUS, which no field of the object holds."""

from datetime import datetime
from typing import Any

from pocketkube.api.durations import age, human
from pocketkube.kit.clock import parse_time
from pocketkube.objects.kinds import KubeObject

_NONE = "<none>"


def pod_row(pod: KubeObject, now: datetime) -> list[Any]:
    """NAME READY STATUS RESTARTS AGE, and for wide IP NODE NOMINATED-NODE READINESS-GATES."""
    status, spec = pod.get("status", {}), pod.get("spec", {})
    containers = status.get("containerStatuses", [])
    ready = sum(1 for each in containers if each.get("ready") and "running" in each.get("state", {}))
    name = pod["metadata"]["name"]
    shown = [name, f"{ready}/{len(spec.get('containers', ()))}", pod_status(pod), _restarts(containers, now)]
    return [*shown, age(pod, now), status.get("podIP") or _NONE, spec.get("nodeName") or _NONE, _NONE, _NONE]


def pod_status(pod: KubeObject) -> str:
    """One word: the phase, or why a container waits or ended, or Terminating."""
    if "deletionTimestamp" in pod["metadata"]:
        return "Terminating"
    status = pod.get("status", {})
    reason = str(status.get("reason") or status.get("phase") or "Unknown")
    initial = _initial_status(status, len(pod.get("spec", {}).get("initContainers", ())))
    if initial:
        return initial
    running = False
    for each in reversed(status.get("containerStatuses", [])):
        state = each.get("state", {})
        running = running or (each.get("ready", False) and "running" in state)
        reason = _reason_of(state) or reason
    if reason == "Completed" and running:
        return "Running" if _is_ready(status) else "NotReady"
    return reason


def _initial_status(status: dict[str, Any], total: int) -> str:
    done = 0
    for each in status.get("initContainerStatuses", []):
        state = each.get("state", {})
        if state.get("terminated", {}).get("exitCode") == 0:
            done += 1
            continue
        reason = _reason_of(state)
        return f"Init:{reason}" if reason and reason != "PodInitializing" else f"Init:{done}/{total}"
    return ""


def _reason_of(state: dict[str, Any]) -> str:
    waiting, ended = state.get("waiting", {}), state.get("terminated")
    if waiting.get("reason"):
        return str(waiting["reason"])
    if ended is None:
        return ""
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"


def _is_ready(status: dict[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in status.get("conditions", ()))


def _restarts(containers: list[dict[str, Any]], now: datetime) -> str:
    count = sum(each.get("restartCount", 0) for each in containers)
    ends = [each.get("lastState", {}).get("terminated", {}).get("finishedAt") for each in containers]
    last = max((parse_time(end) for end in ends if end), default=None)
    return f"{count} ({human(now - last)} ago)" if count and last else str(count)
