"""ReplicaSets: as many pods as wanted, a deleted one replaced."""

from typing import Any, Literal

from pocketkube.controllers.owners import claim, key_of_controller
from pocketkube.controllers.pods import Availabilities, Availability, is_active, pod_from_template, ready_since
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.runtime.node import Node


class ReplicaSetController:
    """Creates and deletes pods; what happens inside a pod is the kubelet's."""

    def __init__(self, node: Node) -> None:
        self._store = node.store
        self._availabilities = Availabilities(node.store, mesh=node.mesh)

    async def run(self) -> None:
        await reconcile_forever(self._store, ["ReplicaSet", "Pod"], _keys, self._reconcile)

    async def _reconcile(self, namespace: str, name: str) -> float | None:
        replicaset = self._store.find("ReplicaSet", namespace, name)
        if replicaset is None or "deletionTimestamp" in replicaset["metadata"]:
            return None
        pods = claim(self._store, "Pod", replicaset)
        self._scale(replicaset, [pod for pod in pods if is_active(pod)])
        availability = self._availabilities.of(
            claim(self._store, "Pod", replicaset), replicaset["spec"].get("minReadySeconds") or 0
        )
        self._publish(replicaset, availability)
        return availability.next_in

    def _scale(self, replicaset: KubeObject, active: list[KubeObject]) -> None:
        wanted = wanted_replicas(replicaset)
        name = replicaset["metadata"]["name"]
        for _ in range(wanted - len(active)):
            pod = self._store.create(pod_from_template(replicaset["spec"]["template"], replicaset, name, {}))
            self._say(replicaset, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")
        # The least useful first: those that are not ready, then the youngest.
        by_use = sorted(active, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
        by_use.sort(key=lambda pod: ready_since(pod) is not None)
        for pod in by_use[: max(0, len(active) - wanted)]:
            self._store.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
            self._say(replicaset, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")

    def _publish(self, replicaset: KubeObject, availability: Availability) -> None:
        status: dict[str, Any] = {
            "replicas": availability.active,
            "fullyLabeledReplicas": availability.active,
            "readyReplicas": availability.ready,
            "availableReplicas": availability.available,
            "observedGeneration": replicaset["metadata"]["generation"],
        }

        def publish(found: KubeObject) -> None:
            found["status"] = {**(found.get("status") or {}), **status}

        self._store.change("ReplicaSet", replicaset["metadata"]["namespace"], replicaset["metadata"]["name"], publish)

    def _say(
        self, replicaset: KubeObject, reason: str, message: str, type: Literal["Normal", "Warning"] = "Normal"
    ) -> None:
        record_event(
            self._store,
            replicaset,
            type=type,
            reason=reason,
            message=message,
            component="replicaset-controller",
        )


def wanted_replicas(obj: KubeObject) -> int:
    """spec.replicas of a Deployment or ReplicaSet, 1 unless given."""
    replicas = obj["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def _keys(obj: KubeObject) -> list[tuple[str, str]]:
    if obj["kind"] == "Pod":
        return list(key_of_controller(obj, "ReplicaSet"))
    return [(obj["metadata"]["namespace"], obj["metadata"]["name"])]
