"""From a plan's states to the objects of the cluster, always rendered at the revision that a release recorded."""

from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import service_files
from lockgate.domain.manifest import Manifest, Ref, ref_of
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import BlueGreenState, Colour, DirectState, Release, ServiceState
from lockgate.manifests.hosts import hosts_of
from lockgate.manifests.releases import colour_objects, direct_objects, shared_objects
from lockgate.manifests.routes import refs_of_copies, refs_of_place, virtual_service


async def rendered(outside: Outside, place: Place, release: Release) -> tuple[Manifest, ...]:
    files = await service_files(outside, place, release.revision)
    return outside.charts.render(place, files, release.artifact)


async def release_objects(
    outside: Outside, place: Place, state: ServiceState, colours: tuple[Colour, ...]
) -> tuple[Manifest, ...]:
    """What the serving release shares with the rest of the place, then the objects of each of *colours*."""
    serving = await rendered(outside, place, state.serving)
    if isinstance(state, DirectState):
        shared = shared_objects(place, serving, DeploymentStrategy.DIRECT)
        return (*shared, *direct_objects(place, serving, state.release))
    objects = list(shared_objects(place, serving, DeploymentStrategy.BLUE_GREEN))
    for colour in colours:
        release = state.release(colour)
        objects += colour_objects(place, await rendered(outside, place, release), release, colour)
    return tuple(objects)


def routes(outside: Outside, place: Place, state: ServiceState, *, http: bool) -> Manifest:
    """Always rendered from recorded weights, so that no re-render can reset traffic."""
    return virtual_service(place, state, hosts_of(place, outside.ingress), http=http)


async def all_refs(outside: Outside, place: Place, state: ServiceState) -> tuple[Ref, ...]:
    strategy = DeploymentStrategy.DIRECT if isinstance(state, DirectState) else DeploymentStrategy.BLUE_GREEN
    return refs_of_place(place, strategy, await rendered(outside, place, state.serving))


async def copy_refs(outside: Outside, place: Place, state: ServiceState) -> tuple[Ref, ...]:
    """What the releases of *state* brought along for themselves: configuration, secrets, claims."""
    if isinstance(state, DirectState):
        return refs_of_copies(place, await rendered(outside, place, state.release), None)
    found: list[Ref] = []
    for colour in Colour:
        found += refs_of_copies(place, await rendered(outside, place, state.release(colour)), colour)
    return tuple(found)


def deployments(objects: tuple[Manifest, ...]) -> tuple[Ref, ...]:
    return tuple(ref_of(each) for each in objects if each["kind"] == "Deployment")


def serving_deployment(place: Place, state: ServiceState) -> Ref:
    name = f"{place.service}-{state.live.value}" if isinstance(state, BlueGreenState) else place.service
    return Ref(kind="Deployment", namespace=place.namespace, name=name)
