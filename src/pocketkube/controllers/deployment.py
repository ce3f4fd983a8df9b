"""Deployments: a ReplicaSet for each template, and the way from one to the next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pocketkube.controllers.generations import (
    REVISION,
    copied_annotations,
    find_current,
    new_replicaset,
    revision_of,
)
from pocketkube.controllers.owners import claim, controller_of, key_of_controller
from pocketkube.controllers.pods import Availabilities, Availability
from pocketkube.controllers.progress import Counts, deployment_status, seconds_to_deadline
from pocketkube.controllers.replicaset import wanted_replicas
from pocketkube.controllers.rollout import Generation, Limits, next_sizes, recreate_sizes
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.runtime.node import Node

_DEFAULT_HISTORY = 10  # old ReplicaSets that are kept, as in Kubernetes


@dataclass(frozen=True, slots=True)
class _Member:
    """A ReplicaSet of the deployment with its pods, read at one moment."""

    replicaset: KubeObject
    pods: int
    availability: Availability

    @property
    def generation(self) -> Generation:
        name = self.replicaset["metadata"]["name"]
        return Generation(name, wanted_replicas(self.replicaset), self.availability.available)


class DeploymentController:
    """Level-triggered: each look takes one step, and each step's effect causes the next look."""

    def __init__(self, node: Node) -> None:
        self._store = node.store
        self._clock = node.clock
        self._availabilities = Availabilities(node.store, mesh=node.mesh)

    async def run(self) -> None:
        await reconcile_forever(self._store, ["Deployment", "ReplicaSet", "Pod"], self._keys, self._reconcile)

    async def _reconcile(self, namespace: str, name: str) -> float | None:
        deployment = self._store.find("Deployment", namespace, name)
        if deployment is None or "deletionTimestamp" in deployment["metadata"]:
            return None
        limits = Limits.of(wanted_replicas(deployment), deployment["spec"].get("strategy") or {})
        replicasets = claim(self._store, "ReplicaSet", deployment)
        current = find_current(deployment, replicasets)
        old = self._members(deployment, [each for each in replicasets if each is not current])
        news = ""
        if not deployment["spec"].get("paused"):
            if current is None:
                current, news = self._begin(deployment, old), "NewReplicaSetCreated"
            else:
                news = self._promote(deployment, current, old)
        new = self._members(deployment, [current] if current is not None else [])
        self._resize(deployment, limits, new, old)
        self._forget(deployment, old)
        return self._publish(namespace, name, limits, news)

    def _members(self, deployment: KubeObject, replicasets: Sequence[KubeObject]) -> list[_Member]:
        """Oldest revision first."""
        members = []
        least = deployment["spec"].get("minReadySeconds") or 0
        for replicaset in sorted(replicasets, key=revision_of):
            pods = claim(self._store, "Pod", replicaset)
            members.append(_Member(replicaset, len(pods), self._availabilities.of(pods, least)))
        return members

    def _begin(self, deployment: KubeObject, old: Sequence[_Member]) -> KubeObject:
        revision = max((revision_of(member.replicaset) for member in old), default=0) + 1
        created = self._store.create(new_replicaset(deployment, revision, 0))
        self._remember_revision(deployment, revision)
        return created

    def _promote(self, deployment: KubeObject, current: KubeObject, old: Sequence[_Member]) -> str:
        """Gives a generation that is current again (an undo) the highest revision; the news, if that is any."""
        highest = max((revision_of(member.replicaset) for member in old), default=0)
        before = revision_of(current)
        revision = before if before > highest else highest + 1

        def annotate(replicaset: KubeObject) -> None:
            annotations = replicaset["metadata"].setdefault("annotations", {})
            annotations |= {**copied_annotations(deployment), REVISION: str(revision)}
            replicaset["spec"]["minReadySeconds"] = deployment["spec"].get("minReadySeconds") or 0

        metadata = current["metadata"]
        self._store.change("ReplicaSet", metadata["namespace"], metadata["name"], annotate)
        self._remember_revision(deployment, revision)
        return "FoundNewReplicaSet" if revision != before else ""

    def _remember_revision(self, deployment: KubeObject, revision: int) -> None:
        def annotate(found: KubeObject) -> None:
            found["metadata"].setdefault("annotations", {})[REVISION] = str(revision)

        metadata = deployment["metadata"]
        self._store.change("Deployment", metadata["namespace"], metadata["name"], annotate)

    def _resize(self, deployment: KubeObject, limits: Limits, new: Sequence[_Member], old: Sequence[_Member]) -> None:
        sizes = _sizes(deployment, limits, new, old)
        for member in (*new, *old):
            self._set_size(deployment, member.replicaset, sizes.get(member.generation.name))

    def _set_size(self, deployment: KubeObject, replicaset: KubeObject, size: int | None) -> None:
        before, name = wanted_replicas(replicaset), replicaset["metadata"]["name"]
        if size is None or size == before:
            return

        def scale(found: KubeObject) -> None:
            found["spec"]["replicas"] = size

        self._store.change("ReplicaSet", replicaset["metadata"]["namespace"], name, scale)
        record_event(
            self._store,
            deployment,
            type="Normal",
            reason="ScalingReplicaSet",
            message=f"Scaled {'up' if size > before else 'down'} replica set {name} from {before} to {size}",
            component="deployment-controller",
        )

    def _forget(self, deployment: KubeObject, old: Sequence[_Member]) -> None:
        """Removes the oldest generations that are empty and beyond revisionHistoryLimit."""
        limit = deployment["spec"].get("revisionHistoryLimit")
        kept = _DEFAULT_HISTORY if limit is None else int(limit)
        empty = [member for member in old if member.pods == 0 and member.generation.replicas == 0]
        for member in empty[: max(0, len(empty) - kept)]:
            metadata = member.replicaset["metadata"]
            self._store.delete("ReplicaSet", metadata["namespace"], metadata["name"])

    def _publish(self, namespace: str, name: str, limits: Limits, news: str) -> float | None:
        deployment = self._store.get("Deployment", namespace, name)
        replicasets = claim(self._store, "ReplicaSet", deployment)
        current = find_current(deployment, replicasets)
        members = self._members(deployment, replicasets)
        newest = [member for member in members if member.replicaset is current]
        counts = Counts(
            replicas=sum(member.availability.active for member in members),
            updated=sum(member.availability.active for member in newest),
            ready=sum(member.availability.ready for member in members),
            available=sum(member.availability.available for member in members),
            updated_available=sum(member.availability.available for member in newest),
            current=current["metadata"]["name"] if current is not None else "",
        )
        now = self._clock.now()
        status = deployment_status(deployment, counts, limits, news, now)

        def publish(found: KubeObject) -> None:
            found["status"] = status

        self._store.change("Deployment", namespace, name, publish)
        waits = [member.availability.next_in for member in members]
        waits.append(seconds_to_deadline(deployment, status, now))
        return min((wait for wait in waits if wait is not None), default=None)

    def _keys(self, obj: KubeObject) -> Iterator[tuple[str, str]]:
        match obj["kind"]:
            case "Deployment":
                yield obj["metadata"]["namespace"], obj["metadata"]["name"]
            case "ReplicaSet":
                yield from key_of_controller(obj, "Deployment")
            case _:
                owner = controller_of(obj)
                if owner is not None and owner["kind"] == "ReplicaSet":
                    replicaset = self._store.find("ReplicaSet", obj["metadata"]["namespace"], owner["name"])
                    yield from key_of_controller(replicaset, "Deployment") if replicaset is not None else ()


def _sizes(deployment: KubeObject, limits: Limits, new: Sequence[_Member], old: Sequence[_Member]) -> dict[str, Any]:
    former = [member.generation for member in old]
    newest = new[0].generation if new else None
    if deployment["spec"].get("paused"):
        # A pause keeps the rollout where it is; only a deployment with one generation can be scaled meanwhile.
        running = [each for each in (*former, *([newest] if newest else [])) if each.replicas]
        only = running or former[-1:] or [each for each in [newest] if each]
        return {only[0].name: limits.wanted} if len(only) == 1 else {}
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        return recreate_sizes(limits.wanted, newest, former, old_pods=sum(member.pods for member in old))
    return next_sizes(limits, newest, former) if newest is not None else {}
