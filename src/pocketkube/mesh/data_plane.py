"""Envoy's files brought in step with what shall be served, in an order that fails no request."""

from collections.abc import Mapping
from dataclasses import dataclass

from pocketkube.mesh import clusters
from pocketkube.mesh.admin import EnvoyView
from pocketkube.mesh.compiled import Compiled
from pocketkube.mesh.composition import Places, listener_file, route_files
from pocketkube.mesh.draining import wanted_endpoints
from pocketkube.mesh.files import EnvoyFiles
from pocketkube.mesh.ownership import Ownership
from pocketkube.mesh.plans import ClusterPlan, Endpoint
from pocketkube.mesh.pods import MeshPod
from pocketkube.mesh.routes import clusters_named
from pocketkube.mesh.services import MeshService


@dataclass(frozen=True, slots=True)
class Sight:
    """A look at Envoy; `view` is None without an answer, and `is_gone` when nobody serves at all."""

    view: EnvoyView | None
    is_gone: bool = False


class DataPlane:
    """Writes what may be written now; to be called again until `is_settled`."""

    def __init__(self, files: EnvoyFiles) -> None:
        self.files = files
        self.held: set[str] = set()
        self.written: list[str] = []
        self._wanted_routes: set[str] = set()

    def put_clusters(
        self, plans: Mapping[str, ClusterPlan], pods: list[MeshPod], over: frozenset[str], sight: Sight
    ) -> None:
        """First the endpoints, then the clusters that read them."""
        for name, plan in plans.items():
            members = wanted_endpoints(plan, pods, self.endpoints(plan), sight.view, over)
            self._write(f"eds/{plan.key.stem}", [clusters.endpoints(name, members)])
        rendered = [clusters.cluster(plans[name], self._endpoints_path(plans[name])) for name in sorted(plans)]
        self._write("cds", rendered)

    def put_routes(
        self,
        routes: Mapping[str, Compiled],
        ownership: Ownership,
        services: list[MeshService],
        places: Places,
        sight: Sight,
    ) -> None:
        """Routes whose clusters Envoy knows, then the listeners whose routes are there; the rest is `held`."""
        wanted = route_files(routes, ownership, services)
        known = self._clusters_on_disk() if sight.is_gone else set(sight.view.hosts if sight.view else ())
        self.held = {name for name, resources in wanted.items() if not clusters_named(resources) <= known}
        for name in wanted.keys() - self.held:
            self._write(name, wanted[name])
        paths = {name: self.files.path(name) for name in wanted if self.files.resources(name) is not None}
        listeners = listener_file(routes, ownership, services, places, paths)
        if clusters_named(listeners) <= known:
            self._write("lds", listeners)
        else:
            self.held.add("lds")
        self._wanted_routes = set(wanted)

    def forget(self, sight: Sight) -> None:
        """Removes the route files of listeners, and the endpoint files of clusters, that Envoy has let go."""
        if not self.is_settled(sight) or sight.view is None:
            return
        for name in set(self.files.names("rds")) - self._wanted_routes:
            self.files.remove(name)
        read = {
            cluster["eds_cluster_config"]["eds_config"]["path_config_source"]["path"]
            for cluster in self.files.resources("cds") or []
        }
        for name in self.files.names("eds"):
            if self.files.path(name) not in read:
                self.files.remove(name)

    def names_in_use(self) -> set[str]:
        """The clusters that the routes and listeners on disk send requests to."""
        rooms = [self.files.resources(name) or [] for name in ("lds", *self.files.names("rds"))]
        return clusters_named(rooms)

    def is_settled(self, sight: Sight) -> bool:
        """Whether Envoy serves all that is wanted, but for listeners it cannot bind, and nothing is held back."""
        view = sight.view
        if view is None or self.held or self.written or not self._wanted_routes:
            return False
        return all(
            view.versions.get(name) == self.files.version(name) or name.removeprefix("rds/") in view.listener_errors
            for name in ("cds", "lds", *self._wanted_routes)
        )

    def begin_turn(self) -> None:
        self.written = []

    def endpoints(self, plan: ClusterPlan) -> list[Endpoint]:
        """Those that Envoy is told now."""
        resources = self.files.resources(f"eds/{plan.key.stem}")
        return clusters.endpoints_in(resources[0]) if resources else []

    def has_endpoint_at(self, address: str) -> bool:
        """Whether any cluster has an endpoint there."""
        return any(
            endpoint.address == address
            for name in self.files.names("eds")
            for endpoint in clusters.endpoints_in((self.files.resources(name) or [{"endpoints": []}])[0])
        )

    def _clusters_on_disk(self) -> set[str]:
        return {cluster["name"] for cluster in self.files.resources("cds") or []}

    def _endpoints_path(self, plan: ClusterPlan) -> str:
        return self.files.path(f"eds/{plan.key.stem}")

    def _write(self, name: str, resources: list[dict[str, object]]) -> None:
        if self.files.write(name, resources):
            self.written.append(name)
