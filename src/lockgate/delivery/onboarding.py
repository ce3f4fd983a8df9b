"""Projects and services come into being: what `create project` and `onboard service` write to git."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.delivery.namespaces import refuse_taken_namespaces
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import SHIPYARD, project_at, services_in
from lockgate.delivery.validation import check_service, faults_of_drafts
from lockgate.domain.errors import ConflictError, NotFoundError, SpecError, TransientError
from lockgate.domain.names import ProjectName, ServiceName
from lockgate.domain.project import Project
from lockgate.ports.config_repo import MAIN
from lockgate.specs.shipyard import parse_shipyard

_RACES = 20


@dataclass(frozen=True, slots=True)
class Templates:
    """Texts that `onboard service` writes beside the values, by path below the service's folder; the user may change
    each of them and push."""

    files: Mapping[str, str]


async def create_project(outside: Outside, name: ProjectName, shipyard: str) -> Project:
    """Raises SpecError for a broken shipyard and ConflictError when the name, or the namespace of a stage, is taken."""
    project = parse_shipyard(SHIPYARD, shipyard, name)
    refuse_taken_namespaces(project, await other_projects(outside, name))
    await outside.repo.create(name, {SHIPYARD: shipyard}, f"Create project {name}")
    return project


async def onboard_service(
    outside: Outside, project: ProjectName, service: ServiceName, files: Mapping[str, str], templates: Templates
) -> tuple[str, ...]:
    """Write `<service>/` on `main`: *files* (values or manifests, own tests), and what of *templates* they leave out.

    Returns the paths written. Raises ConflictError for a service that is there already, SpecError for broken files.
    """
    for _ in range(_RACES):
        head = await outside.repo.head(project, MAIN)
        there = services_in(await outside.repo.files(project, head))
        if service in there:
            raise ConflictError(
                f"service {service} is onboarded in project {project} already: to change it, run "
                f"`lockgate clone {project}`, edit {service}/, commit and push"
            )
        fixed = outside.charts.shape(service, files).fixed is not None
        written = dict(files) if fixed else {**templates.files, **files}
        check_service(outside.charts, await project_at(outside, project, head), service, written)
        if faults := faults_of_drafts(service, files):
            raise SpecError(faults)
        changes = {f"{service}/{path}": text for path, text in written.items()}
        try:
            await outside.repo.commit(project, MAIN, head, changes, f"Onboard service {service}")
        except ConflictError:
            continue
        return tuple(sorted(changes))
    raise TransientError(f"main of project {project} moved {_RACES} times while {service} was onboarded: try again")


async def other_projects(outside: Outside, name: ProjectName) -> list[Project]:
    return [await project_now(outside, other) for other in await outside.repo.projects() if other != name]


async def services_of(outside: Outside, project: ProjectName) -> tuple[ServiceName, ...]:
    return services_in(await outside.repo.files(project, await outside.repo.head(project, MAIN)))


async def project_now(outside: Outside, name: ProjectName) -> Project:
    """As its shipyard says on `main`. Raises NotFoundError with the known projects."""
    known = await outside.repo.projects()
    if name not in known:
        raise NotFoundError("project", name, known, way_out="lockgate create project NAME shipyard.yaml makes one")
    return await project_at(outside, name, await outside.repo.head(name, MAIN))
