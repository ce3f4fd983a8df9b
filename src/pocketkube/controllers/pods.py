"""Pods as controllers see them: made from a template, active, ready, available."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pocketkube.controllers.owners import owner_reference
from pocketkube.kit.clock import parse_time
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.pod import FINALIZER

IN_MESH = "pocketkube.dev/in-mesh"
# Seconds. The mesh may be down, and a rollout must not hang on it for ever; one more, as times are whole seconds.
MESH_PATIENCE = 5.0 + 1.0


@dataclass(frozen=True, slots=True)
class Availability:
    """Which of some pods are ready and available, and in how many seconds one more will be by time alone."""

    active: int
    ready: int
    available: int
    next_in: float | None


def pod_from_template(
    template: Mapping[str, Any], owner: KubeObject, name: str, labels: Mapping[str, str]
) -> KubeObject:
    """A pod to be created; `name` is what its generated name starts with, `labels` come on top of the template's."""
    metadata = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{name}-",
            "namespace": owner["metadata"]["namespace"],
            "labels": {**(metadata.get("labels") or {}), **labels},
            "annotations": dict(metadata.get("annotations") or {}),
            "ownerReferences": [owner_reference(owner)],
            "finalizers": [FINALIZER, *(metadata.get("finalizers") or [])],
        },
        "spec": copy_tree(template["spec"]),
        "status": {"phase": "Pending"},
    }


def is_active(pod: KubeObject) -> bool:
    """Neither ended nor about to be."""
    return "deletionTimestamp" not in pod["metadata"] and phase(pod) not in ("Succeeded", "Failed")


def phase(pod: KubeObject) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def ready_since(pod: KubeObject) -> datetime | None:
    """The moment from which an active pod has been ready; None if it is not."""
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition["type"] == "Ready" and condition["status"] == "True" and is_active(pod):
            return parse_time(condition["lastTransitionTime"])
    return None


class Availabilities:
    """Judges pods: available is ready for minReadySeconds and, where a Service sends traffic, known to the mesh."""

    def __init__(self, store: ObjectStore, *, mesh: bool) -> None:
        self._store = store
        self._mesh = mesh

    def of(self, pods: Iterable[KubeObject], min_ready: float) -> Availability:
        now = self._store.clock.now()
        active = [pod for pod in pods if is_active(pod)]
        ready = [(pod, since) for pod in active if (since := ready_since(pod)) is not None]
        waits = [max(self._required(pod, min_ready) - (now - since).total_seconds(), 0.0) for pod, since in ready]
        later = [wait for wait in waits if wait > 0]
        return Availability(len(active), len(ready), len(waits) - len(later), min(later, default=None))

    def _required(self, pod: KubeObject, min_ready: float) -> float:
        """How many seconds it must have been ready to count."""
        annotations = pod["metadata"].get("annotations") or {}
        if not self._mesh or annotations.get(IN_MESH) == "true" or not self._is_served(pod):
            return min_ready
        return max(min_ready, MESH_PATIENCE)

    def _is_served(self, pod: KubeObject) -> bool:
        labels = pod["metadata"].get("labels") or {}
        for service in self._store.list("Service", pod["metadata"]["namespace"]):
            selector = service.get("spec", {}).get("selector") or {}
            if selector and selector.items() <= labels.items():
                return True
        return False
