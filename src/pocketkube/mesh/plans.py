"""Which clusters there should be, and which pods are in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pocketkube.mesh.destination_rule import Labels
from pocketkube.mesh.names import ClusterKey
from pocketkube.mesh.pods import MeshPod
from pocketkube.mesh.services import MeshService, ServicePort
from pocketkube.mesh.world import World


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """A cluster, whatever becomes of the objects it was made from.

    `labels` is what its pods have; `check_path` is asked over HTTP, None means that the port is only connected to.
    """

    key: ClusterKey
    labels: Labels
    target: int | str
    is_http2: bool
    is_first_port: bool
    check_path: str | None

    def members(self, pods: Iterable[MeshPod]) -> list[MeshPod]:
        """The pods it selects, in whatever state."""
        return [pod for pod in pods if pod.namespace == self.key.service.namespace and pod.has(self.labels)]


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """Where a pod takes requests; `check_port` is where its health is asked."""

    address: str
    port: int
    check_port: int
    is_draining: bool = False

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"


def wanted_plans(world: World, pods: list[MeshPod], previous: Mapping[str, ClusterPlan]) -> dict[str, ClusterPlan]:
    """One cluster for every port of every Service, and for every subset of it; by cluster name."""
    plans = {}
    for service in world.services.values():
        for port in service.ports:
            for subset, labels in {"": (), **world.subsets.get(service.ref, {})}.items():
                plan = _plan(service, port, subset, labels)
                plan = _with_check(plan, pods, previous.get(plan.key.name))
                plans[plan.key.name] = plan
    return plans


def live_endpoints(plan: ClusterPlan, pods: Iterable[MeshPod]) -> list[Endpoint]:
    """Those of pods that are ready and not on their way out."""
    members = [pod for pod in plan.members(pods) if pod.is_ready and not pod.is_terminating]
    return sorted(endpoint for pod in members if (endpoint := _endpoint(plan, pod, is_draining=False)))


def leaving_endpoints(plan: ClusterPlan, pods: Iterable[MeshPod]) -> list[Endpoint]:
    """Those of pods that are being deleted: they finish what they have and get nothing new."""
    return sorted(endpoint for pod in pods if (endpoint := _endpoint(plan, pod, is_draining=True)))


def _plan(service: MeshService, port: ServicePort, subset: str, labels: Labels) -> ClusterPlan:
    return ClusterPlan(
        key=ClusterKey(service.ref, port.number, subset),
        labels=tuple(sorted({*service.selector, *labels})),
        target=port.target,
        is_http2=port.is_http2,
        is_first_port=port == service.ports[0],
        check_path=None,
    )


def _with_check(plan: ClusterPlan, pods: list[MeshPod], previous: ClusterPlan | None) -> ClusterPlan:
    """The path that all its pods are asked by; where they differ only the port is tried, so that none is misjudged.

    Without pods the check stays as it was, for a changed check makes Envoy build the cluster anew.
    """
    asked = {pod.check.path if pod.check else None for pod in plan.members(pods) if not pod.is_terminating}
    if not asked:
        return replace(plan, check_path=previous.check_path if previous else None)
    return replace(plan, check_path=asked.pop() if len(asked) == 1 else None)


def _endpoint(plan: ClusterPlan, pod: MeshPod, *, is_draining: bool) -> Endpoint | None:
    port = pod.port(plan.target)
    if pod.address is None or port is None:
        return None
    check_port = pod.check.port if plan.check_path is not None and pod.check is not None else port
    return Endpoint(pod.address, port, check_port, is_draining)
