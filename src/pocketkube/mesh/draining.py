"""Which endpoints Envoy is given: new ones beside the old, and the leaving ones until they are quiet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pocketkube.mesh.admin import EnvoyView
from pocketkube.mesh.plans import ClusterPlan, Endpoint, leaving_endpoints, live_endpoints
from pocketkube.mesh.pods import MeshPod

PATIENCE = 5.0  # seconds that a pod on its way out is waited for
_QUIET_LOOKS = 2  # A worker may have picked the endpoint just before it learnt of the draining.


@dataclass(slots=True)
class Farewells:
    """The pods on their way out: since when, and how often in a row nothing was under way there."""

    since: dict[str, float] = field(default_factory=dict)
    quiet: dict[str, int] = field(default_factory=dict)

    def look(self, pods: Iterable[MeshPod], view: EnvoyView | None, now: float) -> None:
        """Takes note of what Envoy says; `now` is in seconds of any clock that only goes forward."""
        leaving = {pod.uid: pod for pod in pods if pod.is_terminating and not pod.is_drained}
        self.since = {uid: self.since.get(uid, now) for uid in leaving}
        self.quiet = {uid: self.quiet.get(uid, 0) + 1 if _is_quiet(pod, view) else 0 for uid, pod in leaving.items()}

    def is_over(self, pod: MeshPod, now: float) -> bool:
        """Whether its endpoints may be taken away."""
        waited = now - self.since.get(pod.uid, now)
        return self.quiet.get(pod.uid, 0) >= _QUIET_LOOKS or waited >= PATIENCE


def wanted_endpoints(
    plan: ClusterPlan,
    pods: list[MeshPod],
    on_disk: list[Endpoint],
    view: EnvoyView | None,
    over: frozenset[str],
) -> list[Endpoint]:
    """The content of a cluster's endpoint file; `over` holds the uids of leaving pods that were waited for.

    A ready pod that is no longer selected stays until all its successors are healthy.
    """
    places = {endpoint.place for endpoint in on_disk}
    live = live_endpoints(plan, pods)
    waited_for = [pod for pod in pods if pod.is_terminating and not pod.is_drained and pod.uid not in over]
    leaving = [endpoint for endpoint in leaving_endpoints(plan, waited_for) if endpoint.place in places]
    taken = {endpoint.place for endpoint in (*live, *leaving)}
    is_settled = not live or view is None or all(view.is_healthy(plan.key.name, each.place) for each in live)
    if is_settled:
        return sorted([*live, *leaving])
    able = {pod.address for pod in pods if pod.is_ready and not pod.is_terminating}
    kept = [each for each in on_disk if each.place not in taken and each.address in able and not each.is_draining]
    return sorted([*live, *leaving, *kept])


def is_known(pod: MeshPod, view: EnvoyView) -> bool:
    """Whether Envoy has any endpoint of this pod."""
    return any(place.rpartition(":")[0] == pod.address for hosts in view.hosts.values() for place in hosts)


def healthy_everywhere(pod: MeshPod, live: Mapping[str, list[Endpoint]], view: EnvoyView) -> bool:
    """Whether Envoy finds each endpoint of the pod healthy; false for a pod that no Service selects."""
    mine = [(name, each.place) for name, found in live.items() for each in found if each.address == pod.address]
    return bool(mine) and all(view.is_healthy(name, place) for name, place in mine)


def _is_quiet(pod: MeshPod, view: EnvoyView | None) -> bool:
    """Envoy gives it nothing new any more, and nothing is under way; kept-alive connections do not count."""
    if view is None or pod.address is None:
        return False
    hosts = [
        host
        for found in view.hosts.values()
        for place, host in found.items()
        if place.rpartition(":")[0] == pod.address
    ]
    return all(host.is_draining and host.requests == 0 for host in hosts)
