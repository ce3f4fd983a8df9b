"""Where a service's traffic goes, and everything of it by name for the day it is taken away."""

from collections.abc import Sequence
from typing import Any

from lockgate.domain.manifest import Manifest, Ref
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import BlueGreenState, Colour, ServiceState
from lockgate.manifests.hosts import cluster_host
from lockgate.manifests.naming import (
    ISTIO,
    MANAGED,
    coloured,
    destination_name,
    gateway_name,
    route_name,
    selector_of,
)
from lockgate.manifests.releases import COPIED


def virtual_service(place: Place, state: ServiceState, hosts: Sequence[str], *, http: bool) -> Manifest:
    """Always rendered from the recorded weights, so that no repetition resets traffic. Both colours are named, the
    idle one with weight 0. A service that does not speak HTTP cannot be told by its host at the gateway: it is routed
    inside the cluster only."""
    inside = cluster_host(place)
    gateways = [gateway_name(place.project, place.stage), "mesh"] if http else ["mesh"]
    return {
        "apiVersion": ISTIO,
        "kind": "VirtualService",
        "metadata": {
            "name": route_name(place),
            "namespace": place.namespace,
            "labels": {"app": selector_of(place), **MANAGED},
        },
        "spec": {
            "gateways": gateways,
            "hosts": [*hosts, inside] if http else [inside],
            "http": [{"route": _route(inside, state)}],
        },
    }


def refs_of_place(place: Place, strategy: DeploymentStrategy, rendered: Sequence[Manifest]) -> tuple[Ref, ...]:
    """Everything of the service in that stage, routes first: nobody is sent to what is already gone."""
    namespace = place.namespace
    colours: tuple[Colour | None, ...] = (
        (None,) if strategy is DeploymentStrategy.DIRECT else (Colour.BLUE, Colour.GREEN)
    )
    routes = [Ref("VirtualService", namespace, route_name(place))]
    if strategy is DeploymentStrategy.BLUE_GREEN:
        routes.append(Ref("DestinationRule", namespace, destination_name(place)))
    services = [Ref("Service", namespace, item["metadata"]["name"]) for item in rendered if item["kind"] == "Service"]
    deployments = [Ref("Deployment", namespace, coloured(place.service, colour)) for colour in colours]
    copies = [ref for colour in colours for ref in refs_of_copies(place, rendered, colour)]
    return (*routes, *services, *deployments, *copies)


def refs_of_copies(place: Place, rendered: Sequence[Manifest], colour: Colour | None) -> tuple[Ref, ...]:
    """What a release of that colour brings along for itself alone."""
    return tuple(
        Ref(item["kind"], place.namespace, coloured(item["metadata"]["name"], colour))
        for item in rendered
        if item["kind"] in COPIED
    )


def _route(host: str, state: ServiceState) -> list[dict[str, Any]]:
    if not isinstance(state, BlueGreenState):
        return [{"destination": {"host": host}}]
    return [
        {"destination": {"host": host, "subset": colour.value}, "weight": state.weights.of(colour)}
        for colour in (Colour.BLUE, Colour.GREEN)
    ]
