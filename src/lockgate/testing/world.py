"""A whole installation in memory: a scenario arranges a world, sends artifacts, and looks at the world again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lockgate.charts.service import ServiceCharts
from lockgate.cluster.memory import MemoryCluster
from lockgate.configrepo.memory import MemoryConfigRepo
from lockgate.delivery import intake, lanes, onboarding
from lockgate.delivery.outside import Outside, Patience
from lockgate.delivery.queueing import Queues
from lockgate.delivery.state import read_state
from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import Delivery, DeliveryId, StageRun
from lockgate.domain.errors import TransientError, UnknownKindError
from lockgate.domain.evaluation import Answer, Evaluation, Sample, Window
from lockgate.domain.event import Event
from lockgate.domain.manifest import Ref
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.domain.release import StateFile
from lockgate.ports.config_repo import MAIN
from lockgate.ports.metric_source import MetricSource, Query
from lockgate.store.memory import MemoryStore
from lockgate.testers.memory import MemoryTester
from lockgate.testing.clock import FakeClock
from lockgate.workflow.journal import Journal
from lockgate.workflow.memory import MemoryEngine

PROJECT = ProjectName("sockshop")
SERVICE = ServiceName("carts")
DATABASE = ServiceName("carts-db")
IMAGE = "docker.io/keptnexamples/carts"

SHIPYARD = """stages:
  - {name: dev, deployment_strategy: direct, test_strategy: functional}
  - {name: staging, deployment_strategy: blue_green_service, test_strategy: performance}
  - {name: production, deployment_strategy: blue_green_service}
"""
VALUES = """image: {repository: null, tag: null}
service: {name: carts, externalPort: 80, internalPort: 8080}
metrics: {path: /prometheus}
"""
DATABASE_VALUES = """image: {repository: mongo}
service: {name: carts-db, externalPort: 27017, internalPort: 27017}
volume: {name: carts-db-data, size: 100Mi, mountPath: /data/db}
strategy: Recreate
"""
PERFSPEC = """{"spec_version": "1.0",
 "indicators": [{"id": "response_time", "source": "Prometheus",
   "query": "response_time{deployment='$DEPLOYMENT',release='$RELEASE'}",
   "grading": {"type": "Threshold", "thresholds": {"upperSevere": 1, "upperWarning": 0.8}, "metricScore": 100}}],
 "objectives": {"pass": 90, "warning": 40}}
"""
LOCUST_FILE = "from locust import HttpUser\n"


class HeldRunError(Exception):
    """The journal of a run is not what the story of this release did."""


@dataclass
class Monitoring:
    """The metric sources of a world. *seconds*: tag → the response time that its release shows; a tag that is not
    there has no series. *away*: asking raises. *known*: the names that answer."""

    world: "World"
    seconds: dict[str, float] = field(default_factory=dict)
    away: bool = False
    known: tuple[str, ...] = ("prometheus",)

    async def source(self, name: str, place: Place | None = None) -> MetricSource:
        if name.casefold() not in self.known:
            raise UnknownKindError("metric source", name, self.known)
        return self

    async def query(self, query: Query, window: Window) -> Answer:
        if self.away:
            raise TransientError("prometheus does not answer: connection refused")
        samples = []
        for release, tag in self.world.releases().items():
            if tag in self.seconds and release in str(query):
                labels = {"release": release, "deployment": "any"}
                samples.append(Sample(labels=labels, value=self.seconds[tag], timestamp=window.end.timestamp()))
        return Answer(samples=tuple(samples), request=str(query))


async def world_under_gate() -> "World":
    """0.6.0 is in production everywhere, and the gate is in force: 0.6.1 is too slow for it, 0.6.2 is not."""
    world = World()
    await world.create()
    await world.deliver("0.6.0")
    await world.set_gate()
    world.monitoring.seconds = {"0.6.0": 0.05, "0.6.1": 1.2, "0.6.2": 0.05}
    return world


class World:
    """*restarted* is a second control plane on what an earlier one left: the same journal, store, git and cluster.
    *engine* makes its engine, from what MemoryEngine takes."""

    def __init__(
        self,
        restarted: "World | None" = None,
        engine: Callable[..., MemoryEngine] = MemoryEngine,
        patience: Patience | None = None,
    ) -> None:
        old = restarted
        self.clock: FakeClock = old.clock if old else FakeClock()
        self.repo: MemoryConfigRepo = old.repo if old else MemoryConfigRepo()
        self.cluster: MemoryCluster = old.cluster if old else MemoryCluster()
        self.tester: MemoryTester = old.tester if old else MemoryTester(self.clock)
        self.store: MemoryStore = old.store if old else MemoryStore()
        self.monitoring: Monitoring = old.monitoring if old else Monitoring(self)
        self.journal: Journal = old.journal if old else Journal()
        self.engine: MemoryEngine = engine(
            self.clock,
            again=lambda error: isinstance(error, TransientError),
            sleep=self.clock.sleep,
            journal=self.journal,
        )
        self.outside = Outside(
            clock=self.clock,
            repo=self.repo,
            charts=ServiceCharts(),
            cluster=self.cluster,
            tester=self.tester,
            sources=self.monitoring,
            lanes=self.store,
            deliveries=self.store,
            events=self.store,
            evaluations=self.store,
            patience=patience or Patience(),
        )
        lanes.register(self.engine, self.outside)
        self.queues = Queues()
        self._launched = False

    async def create(
        self, shipyard: str = SHIPYARD, services: Mapping[str, str] | None = None, project: ProjectName = PROJECT
    ) -> None:
        """A project with its services: name → values."""
        await onboarding.create_project(self.outside, project, shipyard)
        templates = onboarding.Templates({"tests/locustfile.py": LOCUST_FILE})
        for name, values in (services or {SERVICE: VALUES, DATABASE: DATABASE_VALUES}).items():
            files = {"values.yaml": values}
            await onboarding.onboard_service(self.outside, project, ServiceName(name), files, templates)

    async def push(self, files: Mapping[str, str | None], project: ProjectName = PROJECT) -> None:
        """A user's commit on `main`, as accepted."""
        head = await self.repo.head(project, MAIN)
        await self.repo.commit(project, MAIN, head, files, "a user's change")

    async def set_gate(self, text: str | None = PERFSPEC, service: str = SERVICE) -> None:
        await self.push({f"{service}/perfspec/perfspec.json": text})

    async def send(
        self,
        tag: str,
        *,
        id: str = "",
        service: ServiceName = SERVICE,
        image: str = IMAGE,
        labels: Mapping[str, str] | None = None,
    ) -> Delivery:
        """Accepted, and not yet begun."""
        new = intake.NewArtifact(
            id=id or f"event-{tag}-{self.clock.now().timestamp()}",
            source="test",
            context="",
            time=self.clock.now(),
            project=PROJECT,
            service=service,
            artifact=Artifact(image=image, tag=tag),
            labels=labels or {},
        )
        return (await intake.accept(self.outside, new)).delivery

    async def settle(self) -> None:
        """Let everything happen that can happen. Raises what ended a run by a bug, and HeldRunError for a held one."""
        if not self._launched:
            self._launched = True
            await self.engine.launch()
            await lanes.resume_turns(self.outside, self.engine)
        while self.engine.crashed is None:
            moving = self._moving()  # asked first: what ends after this may have queued the next turn
            given = await lanes.give_turns(self.outside, self.engine)
            await self.queues.tell_waiting(self.outside)
            if not given and not moving:
                break
            await self.clock.sleep(0.2)
        for error in self.engine.failures.values():
            raise error
        for run, why in self.engine.held.items():
            raise HeldRunError(f"run {run} is held: {why}")

    async def deliver(self, tag: str, **more: Any) -> Delivery:
        """Sent, and carried to its end."""
        sent = await self.send(tag, **more)
        await self.settle()
        return await self.store.delivery(sent.id)

    def _moving(self) -> bool:
        return len(self.journal.ended) + len(self.engine.held) < len(self.journal.runs)

    def place(self, stage: str, service: str = SERVICE) -> Place:
        return Place(project=PROJECT, stage=StageName(stage), service=ServiceName(service))

    async def state(self, stage: str, service: str = SERVICE) -> StateFile:
        return await read_state(self.outside, self.place(stage, service))

    async def runs(self, delivery: Delivery) -> dict[str, StageRun]:
        """Stage → the stage run of the delivered service."""
        runs = await self.store.stage_runs(delivery.id)
        return {run.place.stage: run for run in runs if not run.fixed}

    async def events(self, delivery: DeliveryId) -> tuple[Event, ...]:
        return await self.store.since(0, context=delivery, limit=10_000)

    async def evaluation(self, stage: str) -> Evaluation:
        """The newest of the place."""
        return (await self.store.latest(self.place(stage)))[0]

    def running(self, stage: str, service: str = SERVICE) -> dict[str, str]:
        """Deployment → tag, as the cluster has it."""
        found = {}
        for ref, manifest in self.cluster.objects.items():
            ours = ref.name == service or ref.name in (f"{service}-blue", f"{service}-green")
            if ref.kind == "Deployment" and ref.namespace == f"{PROJECT}-{stage}" and ours:
                image = manifest["spec"]["template"]["spec"]["containers"][0]["image"]
                found[ref.name] = image.rpartition(":")[2]
        return found

    def live(self, stage: str, service: str = SERVICE) -> str:
        """The tag that gets the traffic of a blue/green stage."""
        weights = self.cluster.weights(f"{PROJECT}-{stage}", service)
        if weights is None:
            return ""
        return self.running(stage, service)[f"{service}-blue" if weights.blue == 100 else f"{service}-green"]

    def releases(self) -> dict[str, str]:
        """Release id → tag, of everything that the cluster runs."""
        found = {}
        for ref, manifest in self.cluster.objects.items():
            if ref.kind == "Deployment":
                template = manifest["spec"]["template"]
                image = template["spec"]["containers"][0]["image"]
                found[template["metadata"]["labels"]["lockgate.dev/release"]] = image.rpartition(":")[2]
        return found

    def holds(self, kind: str, stage: str, name: str) -> bool:
        return Ref(kind, f"{PROJECT}-{stage}", name) in self.cluster.objects
