"""A namespace belongs to one project: `shop` with stage `eu-dev` and `shop-eu` with stage `dev` would share one."""

from lockgate.delivery.outside import Outside
from lockgate.domain.errors import ConflictError
from lockgate.domain.manifest import Ref
from lockgate.domain.names import namespace_of
from lockgate.domain.project import Place, Project
from lockgate.manifests.stage import PROJECT_LABEL


async def refuse_foreign_namespace(outside: Outside, place: Place) -> None:
    """Raises ConflictError when the cluster holds the place's namespace for another project."""
    held = await outside.cluster.read(Ref("Namespace", "", place.namespace))
    owner = held["metadata"].get("labels", {}).get(PROJECT_LABEL, place.project) if held else place.project
    if owner != place.project:
        raise _taken(place.namespace, owner)


def refuse_taken_namespaces(project: Project, others: list[Project]) -> None:
    """Raises ConflictError when a stage of *others* has the namespace of a stage of *project*."""
    owners = {namespace_of(other.name, stage.name): other.name for other in others for stage in other.stages}
    for stage in project.stages:
        namespace = namespace_of(project.name, stage.name)
        if owners.get(namespace, project.name) != project.name:
            raise _taken(namespace, owners[namespace])


def _taken(namespace: str, owner: str) -> ConflictError:
    return ConflictError(
        f"namespace {namespace} belongs to project {owner}: give the project or the stage another name"
    )
