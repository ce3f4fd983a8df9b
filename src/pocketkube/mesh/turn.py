"""One turn of the mesh: the store and a look at Envoy in, files and statuses out; repeated until nothing is left."""

from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path

from pocketkube.kit.clock import Clock
from pocketkube.mesh import statuses
from pocketkube.mesh.admission import obstacles
from pocketkube.mesh.compiled import Compiled, compile_routing
from pocketkube.mesh.composition import Places
from pocketkube.mesh.data_plane import DataPlane, Sight
from pocketkube.mesh.draining import Farewells, healthy_everywhere, is_known
from pocketkube.mesh.files import EnvoyFiles
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.ownership import Ownership, share_out
from pocketkube.mesh.plans import Endpoint, live_endpoints, wanted_plans
from pocketkube.mesh.pods import DRAINED, IN_MESH, MeshPod
from pocketkube.mesh.proving import Trials
from pocketkube.mesh.served import ServedFile
from pocketkube.mesh.snapshot import Snapshot, read_snapshot
from pocketkube.mesh.verdicts import Verdicts
from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


class Progress(Enum):
    """What a turn has come to: files were written, or something is still on its way, or nothing is left."""

    MOVED = auto()
    WAITING = auto()
    SETTLED = auto()


class Mesh:
    """Brings Envoy's files in step with the store. Every turn is safe to repeat, and to be the last one."""

    def __init__(self, store: ObjectStore, folder: Path, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._plane = DataPlane(EnvoyFiles(folder))
        self._file = ServedFile(folder / "served.json")
        self._served = self._file.load()
        self._farewells = Farewells()
        self._trials = Trials()
        self._verdicts = Verdicts()

    def turn(self, sight: Sight, places: Places) -> Progress:
        """Does what can be done now."""
        now = self._clock.now().timestamp()
        self._plane.begin_turn()
        snapshot = read_snapshot(self._store, self._served.rules)
        self._served.rules = snapshot.rules
        self._trials.judge(self._served.routes, sight.view, self._plane.files.version)
        self._farewells.look(snapshot.pods, sight.view, now)
        self._put_clusters(snapshot, sight, now)
        live = {name: live_endpoints(plan, snapshot.pods) for name, plan in self._served.plans.items()}
        waiting = self._admit(snapshot, live, sight)
        self._file.save(self._served)
        routes = self._served.routes
        ownership = share_out([(key, routes[key]) for key in snapshot.routings if key in routes])
        self._plane.put_routes(routes, ownership, snapshot.services, places, sight)
        for name in self._plane.written:
            self._trials.note_write(name, sight.view)
        self._plane.forget(sight)
        self._tell(snapshot, ownership, waiting, sight, now)
        is_moving = self._mark_pods(snapshot.pods, live, sight)
        if self._plane.written:
            return Progress.MOVED
        is_waiting = is_moving or self._verdicts.is_waiting or not self._plane.is_settled(sight)
        return Progress.WAITING if is_waiting else Progress.SETTLED

    def retry_listeners(self) -> None:
        """Makes Envoy try once more to listen where it could not."""
        self._plane.files.write_again("lds")

    def _put_clusters(self, snapshot: Snapshot, sight: Sight, now: float) -> None:
        """All that are wanted, and those that are served or still named by what Envoy may be using."""
        wanted = wanted_plans(snapshot.world, snapshot.pods, self._served.plans)
        in_use = self._plane.names_in_use()
        in_use |= {name for compiled in self._served.routes.values() for name in compiled.weights}
        can_forget = self._plane.is_settled(sight)
        kept = {name: plan for name, plan in self._served.plans.items() if name in in_use or not can_forget}
        self._served.plans = {**kept, **wanted}
        self._file.save(self._served)
        over = frozenset(pod.uid for pod in snapshot.pods if self._farewells.is_over(pod, now))
        self._plane.put_clusters(self._served.plans, snapshot.pods, over, sight)

    def _admit(
        self, snapshot: Snapshot, live: Mapping[str, list[Endpoint]], sight: Sight
    ) -> dict[str, RefusedError | list[str]]:
        """Takes over the routes that can be served now; what remains, with why."""
        routes = self._served.routes
        waiting: dict[str, RefusedError | list[str]] = {}
        for key in set(routes) - set(snapshot.routings):
            del routes[key]
        for key, routing in snapshot.routings.items():
            try:
                if isinstance(routing, RefusedError):
                    raise routing
                candidate = compile_routing(routing, snapshot.world)
            except RefusedError as error:
                waiting[key] = error
                continue
            reasons = self._reasons_to_wait(key, candidate, live, sight)
            if reasons:
                waiting[key] = reasons
            elif candidate != routes.get(key):
                self._trials.begin(key, routes.get(key))
                routes[key] = candidate
        return waiting

    def _reasons_to_wait(
        self, key: str, candidate: Compiled, live: Mapping[str, list[Endpoint]], sight: Sight
    ) -> RefusedError | list[str]:
        if candidate == self._served.routes.get(key):
            return []
        if self._trials.refused.get(key) == candidate:
            log = self._plane.files.path("envoy").removesuffix(".json") + ".log"
            return RefusedError(f"Envoy refuses the routes that this makes; {log} says why", "RefusedByEnvoy")
        if self._trials.must_wait(key):
            return ["Envoy refused it together with others, which are tried one by one"]
        return obstacles(candidate, self._served.routes.get(key), live, sight.view)

    def _tell(
        self,
        snapshot: Snapshot,
        ownership: Ownership,
        waiting: Mapping[str, RefusedError | list[str]],
        sight: Sight,
        now: float,
    ) -> None:
        for obj, error in snapshot.verdicts:
            statuses.report(self._store, obj, self._verdicts.on_reference(error))
        self._verdicts.begin(snapshot.virtual_services, now)
        for key, obj in snapshot.virtual_services.items():
            condition = self._verdicts.on_routes(
                key,
                self._served.routes.get(key),
                waiting.get(key),
                ownership,
                self._unobserved(key, sight),
            )
            if condition is not None:
                statuses.report(self._store, obj, condition)

    def _unobserved(self, key: str, sight: Sight) -> list[str]:
        """The files by which a VirtualService is served and which Envoy does not serve yet."""
        compiled = self._served.routes.get(key)
        if compiled is None:
            return []
        on_disk = self._plane.files
        names = ["rds/gateway"] if compiled.hosts else []
        names += [f"rds/{name}" for name in compiled.http if on_disk.version(f"rds/{name}")]
        names += ["lds"] * bool(compiled.tcp)
        versions = sight.view.versions if sight.view else {}
        return [
            name
            for name in names
            if name in self._plane.held or name in self._plane.written or versions.get(name) != on_disk.version(name)
        ]

    def _mark_pods(self, pods: list[MeshPod], live: Mapping[str, list[Endpoint]], sight: Sight) -> bool:
        """Writes the two annotations that the pods' keepers wait for; true while some pod still has to wait."""
        is_moving = False
        for pod in pods:
            if pod.is_terminating and not pod.is_drained:
                if self._is_out(pod, sight):
                    self._annotate(pod, DRAINED)
                is_moving = True
            elif not pod.is_terminating and pod.is_ready and not pod.is_in_mesh and sight.view is not None:
                if healthy_everywhere(pod, live, sight.view):
                    self._annotate(pod, IN_MESH)
                is_moving = is_moving or any(each.address == pod.address for found in live.values() for each in found)
        return is_moving

    def _is_out(self, pod: MeshPod, sight: Sight) -> bool:
        if pod.address is None:
            return True
        if self._plane.has_endpoint_at(pod.address):
            return False
        return sight.is_gone or (sight.view is not None and not is_known(pod, sight.view))

    def _annotate(self, pod: MeshPod, name: str) -> None:
        def write(obj: KubeObject) -> None:
            if obj["metadata"]["uid"] == pod.uid:
                obj["metadata"].setdefault("annotations", {})[name] = "true"

        try:
            self._store.change("Pod", pod.namespace, pod.name, write)
        except NotFoundError:
            return
