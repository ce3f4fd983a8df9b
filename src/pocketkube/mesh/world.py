"""What exists around the routes: Services, their subsets, the Gateways; and which cluster a destination means."""

from collections.abc import Mapping
from dataclasses import dataclass

from pocketkube.mesh.destination_rule import Labels
from pocketkube.mesh.gateway import MeshGateway
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.names import ClusterKey, ServiceRef
from pocketkube.mesh.routing import Destination
from pocketkube.mesh.services import MeshService


@dataclass(frozen=True, slots=True)
class World:
    """A moment of the store; `gateways` by namespace/name, those that could not be parsed with why."""

    services: Mapping[ServiceRef, MeshService]
    subsets: Mapping[ServiceRef, Mapping[str, Labels]]
    gateways: Mapping[str, MeshGateway | RefusedError]


def cluster_of(destination: Destination, world: World, came_in_by: int | None) -> ClusterKey:
    """The cluster that a destination means, for requests to that Service port (None: to the gateway).

    RefusedError if there is no such Service, port or subset.
    """
    ref, path = destination.service, destination.path
    service = world.services.get(ref)
    if service is None:
        raise RefusedError(f"{path}.host: there is no Service {ref.name} with a selector in {ref.namespace}", "NoHost")
    numbers = [port.number for port in service.ports]
    if destination.subset and destination.subset not in world.subsets.get(ref, {}):
        known = ", ".join(sorted(world.subsets.get(ref, {}))) or "none"
        raise RefusedError(
            f"{path}.subset: no DestinationRule of {ref.host} has a subset {destination.subset!r}; known: {known}",
            "NoSubset",
        )
    if destination.port is not None:
        wanted = destination.port
    elif len(numbers) == 1:
        wanted = numbers[0]
    elif came_in_by is not None:
        wanted = came_in_by
    else:
        raise RefusedError(
            f"{path}.port.number is missing: Service {ref.name} has the ports {_listed(numbers)}", "NoPort"
        )
    if wanted not in numbers:
        raise RefusedError(f"{path}: Service {ref.name} has no port {wanted}; it has {_listed(numbers)}", "NoPort")
    return ClusterKey(ref, wanted, destination.subset)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"
