"""The plan of a stage run: made once, before any effect, from what git says; later steps use this record alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lockgate.delivery.gate import refuse_missing_gate
from lockgate.delivery.namespaces import refuse_foreign_namespace
from lockgate.delivery.outside import Outside
from lockgate.delivery.state import read_state
from lockgate.domain.artifact import Artifact
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import ConflictError, InvalidError, NotFoundError
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import DeploymentStrategy, Place, Project, Stage, TestStrategy
from lockgate.domain.release import BlueGreenState, Colour, DirectState, Release, ServiceState, StateFile, Weights
from lockgate.kit.ids import derived_id
from lockgate.ports.chart import ServiceShape
from lockgate.ports.config_repo import MAIN, Revision
from lockgate.specs.shipyard import parse_shipyard

SHIPYARD = "shipyard.yaml"


@dataclass(frozen=True, slots=True)
class FixedService:
    """A service with a fixed image that is not yet in the stage as git wants it."""

    service: str
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class Plan:
    """*before* is the last verified state, where a failed run goes back to; *wanted* is tried out. *release* is the
    one under test, in *colour* (None in a direct stage); *changed* lists the colours that get new objects.
    *before_http*: whether the service spoke HTTP as *before* was rendered. *settled*: a fixed service that runs as
    wanted already, since another delivery's turn came first."""

    revision: str
    strategy: DeploymentStrategy
    tests: TestStrategy | None
    shape: ServiceShape
    before: ServiceState | None
    wanted: ServiceState
    release: Release
    colour: Colour | None
    changed: tuple[Colour, ...]
    fixed_services: tuple[FixedService, ...]
    next_stage: str | None
    before_http: bool
    settled: bool

    def deployment_name(self, place: Place) -> str:
        return f"{place.service}-{self.colour.value}" if self.colour else place.service


async def make_plan(outside: Outside, run: StageRun) -> Plan:
    place = run.place
    await refuse_foreign_namespace(outside, place)
    revision = await outside.repo.head(place.project, MAIN)
    project = await project_at(outside, place.project, revision)
    stage = project.stage(place.stage)
    before = (await _state(outside, run)).verified
    files = await service_files(outside, place, revision)
    if run.fixed:
        await _refuse_fixed_of_ended_delivery(outside, run)
        await _refuse_fixed_after_promotion(outside, place)
    if run.fixed or stage.tests is TestStrategy.PERFORMANCE:
        await refuse_missing_gate(outside, place, files, revision)
    shape = outside.charts.shape(place.service, files)
    artifact = _artifact(run, shape)
    wanted, colour, changed = _wanted(run, stage, before, revision, artifact)
    following = project.after(place.stage)
    return Plan(
        revision=revision,
        strategy=stage.deployment,
        tests=None if run.fixed else stage.tests,
        shape=shape,
        before=before,
        wanted=wanted,
        release=wanted.serving,
        colour=colour,
        changed=changed,
        fixed_services=() if run.fixed else await _unsettled(outside, place, revision),
        next_stage=following.name if following and not run.fixed else None,
        before_http=await _spoke_http(outside, place, before, shape),
        settled=run.fixed and await _settled(outside, place, files, artifact),
    )


async def _state(outside: Outside, run: StageRun) -> StateFile:
    """Raises ConflictError when git holds what a later turn wrote. No turn but this one is under way, so the
    database that counts them is older than git; the next turn counts on from git."""
    state = await read_state(outside, run.place)
    if state.fence > run.token:
        await outside.lanes.lift(run.place, state.fence)
        raise ConflictError(
            f"turn {state.fence} wrote to git for {run.place} and this is turn {run.token}, as if an older database "
            "was restored: turns are counted on from git now, send the artifact again"
        )
    return state


async def project_at(outside: Outside, project: ProjectName, revision: Revision) -> Project:
    files = await outside.repo.files(project, revision)
    if SHIPYARD not in files:
        raise NotFoundError("file", f"{SHIPYARD} on main of project {project}", files)
    return parse_shipyard(SHIPYARD, files[SHIPYARD], project)


async def service_files(outside: Outside, place: Place, revision: str) -> Mapping[str, str]:
    files = await outside.repo.files(place.project, Revision(revision), place.service)
    if not files:
        services = services_in(await outside.repo.files(place.project, Revision(revision)))
        raise NotFoundError(f"service in project {place.project}", place.service, services)
    return files


def services_in(files: Mapping[str, str]) -> tuple[ServiceName, ...]:
    """A service is a folder of its own on `main`."""
    return tuple(sorted({ServiceName(path.split("/")[0]) for path in files if "/" in path}))


async def _refuse_fixed_of_ended_delivery(outside: Outside, run: StageRun) -> None:
    """What nobody waits for any more must change nothing: the next artifact that needs the service settles it."""
    if (await outside.deliveries.delivery(run.delivery)).outcome is not None:
        raise ConflictError(f"delivery {run.delivery} was over before the turn of {run.place} came")


async def _refuse_fixed_after_promotion(outside: Outside, place: Place) -> None:
    """A fixed image is not judged; writing one into the values of a service that is would walk around its gate."""
    if await outside.lanes.ever_promoted(place):
        raise ConflictError(
            f"{place.service} was promoted through gates in {place.stage} and has a fixed image in its values now: "
            "take the image out of values.yaml and send it as an artifact"
        )


def _artifact(run: StageRun, shape: ServiceShape) -> Artifact:
    """A fixed service runs the image that its values name at the revision of this very plan."""
    if not run.fixed:
        return run.artifact
    if shape.fixed is None:
        raise InvalidError(f"{run.place.service} has no fixed image any more: send it an artifact of its own")
    return shape.fixed


async def _spoke_http(outside: Outside, place: Place, before: ServiceState | None, shape: ServiceShape) -> bool:
    if before is None:
        return shape.http
    return outside.charts.shape(place.service, await service_files(outside, place, before.serving.revision)).http


def _wanted(
    run: StageRun, stage: Stage, before: ServiceState | None, revision: str, artifact: Artifact
) -> tuple[ServiceState, Colour | None, tuple[Colour, ...]]:
    def release(colour: str) -> Release:
        return Release(id=derived_id(run.id, colour)[:8], artifact=artifact, revision=revision)

    _refuse_changed_strategy(stage, run.place, before)
    if stage.deployment is DeploymentStrategy.DIRECT:
        return DirectState(release("direct")), None, ()
    both = (Colour.BLUE, Colour.GREEN)
    if not isinstance(before, BlueGreenState) or run.fixed:
        live = before.live if isinstance(before, BlueGreenState) else Colour.BLUE if run.fixed else Colour.GREEN
        state = BlueGreenState(blue=release("blue"), green=release("green"), weights=Weights.all_on(live))
        return state, live, both
    idle = before.live.other
    changed = replace(before, weights=Weights.all_on(idle), **{idle.value: release(idle.value)})
    return changed, idle, (idle,)


def _refuse_changed_strategy(stage: Stage, place: Place, before: ServiceState | None) -> None:
    if before is None:
        return
    ran = DeploymentStrategy.DIRECT if isinstance(before, DirectState) else DeploymentStrategy.BLUE_GREEN
    if ran is not stage.deployment:
        raise InvalidError(
            f"stage {stage.name} is {stage.deployment.value} in {SHIPYARD}, and {place.service} runs there as "
            f"{ran.value}: put the old deployment_strategy back, or give the new one to a new stage"
        )


async def _unsettled(outside: Outside, place: Place, revision: Revision) -> tuple[FixedService, ...]:
    """The project's fixed services whose objects in this stage would differ from what was last verified there."""
    found = []
    for service in services_in(await outside.repo.files(place.project, revision)):
        if service == place.service:
            continue
        other = replace(place, service=service)
        files = await service_files(outside, other, revision)
        fixed = outside.charts.shape(service, files).fixed
        if fixed is not None and not await _settled(outside, other, files, fixed):
            found.append(FixedService(service=service, artifact=fixed))
    return tuple(found)


async def _settled(outside: Outside, place: Place, files: Mapping[str, str], artifact: Artifact) -> bool:
    verified = (await read_state(outside, place)).verified
    if verified is None or verified.serving.artifact != artifact:
        return False
    then = await service_files(outside, place, verified.serving.revision)
    return outside.charts.render(place, then, artifact) == outside.charts.render(place, files, artifact)


def place_in(run: StageRun, stage: str, service: str | None = None) -> Place:
    return replace(run.place, stage=StageName(stage), service=ServiceName(service or run.place.service))
