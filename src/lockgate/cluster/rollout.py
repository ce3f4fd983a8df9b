"""Pure: from objects as the platform shows them to whether they are as they should be."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lockgate.domain.manifest import Manifest, ref_of
from lockgate.ports.cluster import Broken, NotYet, Readiness, Ready

# A container that waits for one of these waits until somebody changes something.
_HOPELESS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)


def pods_of(deployment: Manifest) -> dict[str, str]:
    """The labels of the pods that the Deployment makes now; pods of the release before carry another release."""
    return dict(deployment["spec"]["template"]["metadata"]["labels"])


def hopeless_pods(pods: Iterable[Manifest]) -> tuple[tuple[Manifest, str], ...]:
    """Each pod that will never start as it is, with the platform's reason and message."""
    return tuple(
        (pod, f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": "))
        for pod in pods
        for waiting in _waiting(pod)
        if waiting.get("reason") in _HOPELESS
    )


def deployment_readiness(deployment: Manifest, pods: Sequence[Manifest]) -> Readiness:
    """*pods*: those of the release as last applied. Hopeless ones are the caller's to look at first."""
    ref, status = ref_of(deployment), deployment.get("status") or {}
    if _number(status, "observedGeneration") < _number(deployment["metadata"], "generation"):
        return NotYet(f"{ref}: the platform has not seen the change yet")
    progressing = _condition(deployment, "Progressing")
    if progressing.get("status") == "False":
        because = "; ".join(_troubles(pods)) or progressing.get("message", "")
        return Broken(f"{ref}: {progressing.get('reason')}: {because}")
    wanted = deployment["spec"].get("replicas", 1)
    updated, available, all_pods = (
        _number(status, name) for name in ("updatedReplicas", "availableReplicas", "replicas")
    )
    if updated >= wanted and available >= wanted and all_pods == updated:
        return Ready()
    ready = sum(1 for pod in pods if is_ready(pod))
    counts = f"{ready} of {wanted} new pods ready, {all_pods - updated} old ones left"
    return NotYet("; ".join((f"{ref}: {counts}", *_troubles(pods))))


def is_ready(pod: Manifest) -> bool:
    return _condition(pod, "Ready").get("status") == "True"


def has_ended_before(pod: Manifest) -> bool:
    """Whether a container of it was started again: then the log of the one before has the last words."""
    return any((status.get("lastState") or {}).get("terminated") for status in _statuses(pod))


def route_readiness(route: Manifest) -> Readiness | None:
    """Whether the data plane has observed the route as last applied; None when the platform writes no such status."""
    ref, reconciled = ref_of(route), _condition(route, "Reconciled")
    if not reconciled:
        return None
    observed = max(_number(reconciled, "observedGeneration"), _number(route["status"], "observedGeneration"))
    if observed < _number(route["metadata"], "generation"):
        return NotYet(f"{ref}: the data plane has not observed the routes yet")
    if reconciled.get("status") == "True":
        return Ready()
    return NotYet(f"{ref}: {reconciled.get('reason', 'not reconciled')}: {reconciled.get('message', '')}".rstrip(": "))


def job_readiness(job: Manifest) -> Readiness:
    over = any(_condition(job, type).get("status") == "True" for type in ("Complete", "Failed"))
    return Ready() if over else NotYet(f"{ref_of(job)} is running")


def worst(found: Iterable[Readiness]) -> Readiness:
    """Broken before NotYet before Ready; of equals the first."""
    ordered = list(found)
    for kind in (Broken, NotYet):
        for one in ordered:
            if isinstance(one, kind):
                return one
    return Ready()


def _troubles(pods: Iterable[Manifest]) -> list[str]:
    return [f"pod {pod['metadata']['name']}: {text}" for pod in pods for text in map(_trouble, _statuses(pod)) if text]


def _trouble(status: Mapping[str, Any]) -> str:
    waiting = (status.get("state") or {}).get("waiting") or {}
    ended = (status.get("lastState") or {}).get("terminated") or {}
    if not waiting.get("reason") or waiting["reason"] in ("ContainerCreating", "PodInitializing"):
        return ""
    text = f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    if "exitCode" in ended:
        last_words = f": {ended['message'].strip()}" if ended.get("message") else ""
        text += f"; it ended with exit code {ended['exitCode']}{last_words}"
    return text


def _waiting(pod: Manifest) -> list[Mapping[str, Any]]:
    return [(status.get("state") or {}).get("waiting") or {} for status in _statuses(pod)]


def _statuses(pod: Manifest) -> list[Mapping[str, Any]]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _condition(manifest: Manifest, type: str) -> Mapping[str, Any]:
    for condition in (manifest.get("status") or {}).get("conditions") or ():
        if condition.get("type") == type:
            return dict(condition)
    return {}


def _number(mapping: Mapping[str, Any], field: str) -> int:
    """Istio writes its generations as text."""
    return int(mapping.get(field) or 0)
