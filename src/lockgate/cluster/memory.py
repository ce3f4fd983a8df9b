"""A cluster in memory, for a whole installation in one test: what is applied is ready, unless told otherwise."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lockgate.cluster.fences import fenced, refuse_newer
from lockgate.cluster.kinds import kind_of
from lockgate.domain.errors import ConflictError, InvalidError, TransientError
from lockgate.domain.manifest import Manifest, Ref, ref_of
from lockgate.domain.release import Weights
from lockgate.ports.cluster import Broken, NotYet, Readiness, Ready


@dataclass(frozen=True, slots=True)
class Write:
    """One object applied (*verb* "apply") or removed ("remove"); *weights* for a VirtualService with two colours."""

    verb: str
    ref: Ref
    weights: Weights | None = None


class MemoryCluster:
    """Knobs, to be turned while it runs: *broken_images* maps an image reference to the platform's message about it,
    *never_ready* holds references whose pods do not get ready, *owned* maps an object to the field and manager that
    refuse an apply, *unavailable* makes every call fail as an API server that is away. *history* is every write that
    changed something, in order."""

    def __init__(self) -> None:
        self.objects: dict[Ref, dict[str, Any]] = {}
        self.history: list[Write] = []
        self.broken_images: dict[str, str] = {}
        self.never_ready: set[str] = set()
        self.owned: dict[Ref, tuple[str, str]] = {}
        self.unavailable = False
        self._version = 0

    async def apply(self, objects: Sequence[Manifest], fence: int | None) -> None:
        self._reachable()
        for manifest in objects:
            self._apply(manifest, fence)

    async def remove(self, refs: Sequence[Ref], fence: int | None) -> None:
        self._reachable()
        for ref in refs:
            if ref not in self.objects:
                continue
            refuse_newer(self.objects[ref], ref, fence)
            del self.objects[ref]
            self.history.append(Write("remove", ref))
            if ref.kind == "Namespace":
                self.objects = {other: it for other, it in self.objects.items() if other.namespace != ref.name}

    async def read(self, ref: Ref) -> Manifest | None:
        self._reachable()
        kind_of(ref.kind)
        return deepcopy(self.objects.get(ref))

    async def select(self, kind: str, namespace: str, labels: dict[str, str]) -> tuple[Manifest, ...]:
        self._reachable()
        kind_of(kind)
        return tuple(
            deepcopy(manifest)
            for ref, manifest in self.objects.items()
            if ref.kind == kind
            and ref.namespace == namespace
            and labels.items() <= manifest["metadata"].get("labels", {}).items()
        )

    async def readiness(self, refs: Sequence[Ref]) -> Readiness:
        self._reachable()
        found = [self._readiness(ref) for ref in refs]
        for worst in (Broken, NotYet):
            for one in found:
                if isinstance(one, worst):
                    return one
        return Ready()

    async def why_not(self, refs: Sequence[Ref]) -> str:
        state = await self.readiness(refs)
        return "" if isinstance(state, Ready) else state.reason

    def place(self, manifest: Manifest) -> None:
        """Put an object there as the platform itself or a user would: no fence, no history."""
        self.objects[ref_of(manifest)] = self._stamped(deepcopy(dict(manifest)))

    def weights(self, namespace: str, service: str) -> Weights | None:
        """Where the traffic of a service goes; None when it has no route or a direct one."""
        route = self.objects.get(Ref("VirtualService", namespace, f"{namespace}-{service}"))
        return None if route is None else _weights(route)

    def weight_history(self, namespace: str, service: str) -> tuple[Weights, ...]:
        """The weights of every write of the route, repetitions left out."""
        ref = Ref("VirtualService", namespace, f"{namespace}-{service}")
        seen: list[Weights] = []
        for write in self.history:
            if write.ref == ref and write.weights is not None and seen[-1:] != [write.weights]:
                seen.append(write.weights)
        return tuple(seen)

    def image(self, namespace: str, deployment: str) -> str | None:
        """The image that a Deployment runs; None when there is no such Deployment."""
        found = self.objects.get(Ref("Deployment", namespace, deployment))
        return None if found is None else _images(found)[0]

    def _apply(self, manifest: Manifest, fence: int | None) -> None:
        ref = ref_of(manifest)
        kind = kind_of(ref.kind)
        if kind.namespaced and Ref("Namespace", "", ref.namespace) not in self.objects:
            raise InvalidError(f"{ref}: namespace {ref.namespace!r} does not exist")
        held = self.objects.get(ref)
        if held is not None:
            refuse_newer(held, ref, fence)
        if ref in self.owned:
            field, manager = self.owned[ref]
            raise ConflictError(f"{ref}: {field} belongs to field manager {manager!r}, and Lockgate never forces")
        wanted = deepcopy(fenced(manifest, fence))
        if held is None or _without_stamps(held) != _without_stamps(wanted):
            self.objects[ref] = self._stamped(
                {**wanted, **({"status": held["status"]} if held and "status" in held else {})}
            )
            self.history.append(Write("apply", ref, _weights(wanted) if ref.kind == "VirtualService" else None))

    def _stamped(self, manifest: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        ref = ref_of(manifest)
        uid = self.objects[ref]["metadata"]["uid"] if ref in self.objects else f"uid-{self._version}"
        metadata = {**manifest["metadata"], "uid": uid, "resourceVersion": str(self._version)}
        return {**manifest, "metadata": metadata}

    def _readiness(self, ref: Ref) -> Readiness:
        held = self.objects.get(ref)
        if held is None:
            return NotYet(f"{ref} is not there")
        if ref.kind == "Job":
            over = any(condition["status"] == "True" for condition in held.get("status", {}).get("conditions", ()))
            return Ready() if over else NotYet(f"{ref} is running")
        if ref.kind != "Deployment":
            return Ready()
        for image in _images(held):
            if image in self.broken_images:
                return Broken(f"{ref}: {self.broken_images[image]}")
            if image in self.never_ready:
                return NotYet(f"{ref}: 0 of 1 pods ready")
        return Ready()

    def _reachable(self) -> None:
        if self.unavailable:
            raise TransientError("the Kubernetes API does not answer: connection refused")


def _without_stamps(manifest: Manifest) -> dict[str, Any]:
    stamps = ("uid", "resourceVersion")
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in stamps}
    return {**{key: value for key, value in manifest.items() if key != "status"}, "metadata": metadata}


def _images(deployment: Manifest) -> list[str]:
    return [container["image"] for container in deployment["spec"]["template"]["spec"]["containers"]]


def _weights(route: Manifest) -> Weights | None:
    by_subset = {entry["destination"].get("subset"): entry.get("weight") for entry in route["spec"]["http"][0]["route"]}
    if not {"blue", "green"} <= by_subset.keys():
        return None
    return Weights(blue=by_subset["blue"], green=by_subset["green"])
