"""A VirtualService and the world → the very routes that Envoy serves for it, free of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from pocketkube.mesh import routes
from pocketkube.mesh.manifest import RefusedError
from pocketkube.mesh.names import ServiceRef, listener_name
from pocketkube.mesh.routing import Routing
from pocketkube.mesh.services import ServicePort
from pocketkube.mesh.virtual_service import MESH
from pocketkube.mesh.world import World, cluster_of


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one VirtualService contributes; it stays servable whatever becomes of the objects it was made from.

    `hosts` and `gateway_routes` are for the gateway; `http` holds routes and `tcp` weighted clusters by listener name;
    `weights` is the greatest weight that each cluster gets anywhere in it (0 for a mirror).
    """

    hosts: tuple[str, ...]
    gateway_routes: list[dict[str, Any]]
    http: Mapping[str, list[dict[str, Any]]]
    tcp: Mapping[str, list[dict[str, Any]]]
    weights: Mapping[str, int]


def compile_routing(routing: Routing, world: World) -> Compiled:
    """RefusedError when it names what is not there, or no request could ever reach it."""
    hosts = _gateway_hosts(routing, world)
    services = _mesh_services(routing, world)
    if not hosts and not services:
        raise RefusedError(
            f"spec.hosts: none of {', '.join(routing.hosts)} is let in by a gateway of spec.gateways"
            " or names a Service of this installation",
            "NoHost",
        )
    gateway_routes = _http_routes(routing, world, came_in_by=None) if hosts else []
    if hosts and not routing.http:
        raise RefusedError("spec.tcp at a gateway is not implemented by pocketkube; add spec.http")
    http: dict[str, list[dict[str, Any]]] = {}
    tcp: dict[str, list[dict[str, Any]]] = {}
    for ref in services:
        for port in world.services[ref].ports:
            if port.is_http and routing.http:
                http[listener_name(ref, port.number)] = _http_routes(routing, world, came_in_by=port.number)
            elif not port.is_http:
                tcp[listener_name(ref, port.number)] = _tcp_shares(routing, world, port)
    weights = routes.greatest_weights(chain(gateway_routes, *http.values(), *tcp.values()))
    return Compiled(hosts, gateway_routes, http, tcp, weights)


def _gateway_hosts(routing: Routing, world: World) -> tuple[str, ...]:
    admitted: set[str] = set()
    for key in routing.gateways:
        if key == MESH:
            continue
        gateway = world.gateways.get(key)
        if gateway is None:
            raise RefusedError(f"spec.gateways: there is no Gateway {key}", "NoGateway")
        if isinstance(gateway, RefusedError):
            raise RefusedError(f"spec.gateways: Gateway {key} is not served: {gateway}", "NoGateway")
        admitted |= {host for host in routing.hosts if gateway.lets_in(host, routing.namespace)}
    return tuple(host for host in routing.hosts if host in admitted)


def _mesh_services(routing: Routing, world: World) -> list[ServiceRef]:
    if MESH not in routing.gateways:
        return []
    named = [ServiceRef.of_host(host, routing.namespace) for host in routing.hosts]
    return sorted({ref for ref in named if ref is not None and ref in world.services})


def _http_routes(routing: Routing, world: World, came_in_by: int | None) -> list[dict[str, Any]]:
    rendered = []
    for route in routing.http:
        shares = [
            (cluster_of(destination, world, came_in_by).name, destination.weight) for destination in route.destinations
        ]
        copy_to = None if route.mirror is None else cluster_of(route.mirror.destination, world, came_in_by).name
        rendered += routes.http_routes(route, shares, copy_to)
    return rendered


def _tcp_shares(routing: Routing, world: World, port: ServicePort) -> list[dict[str, Any]]:
    """The weights of the tcp route, else of the first http route that asks for nothing only HTTP can tell."""
    unconditional = [route for route in routing.http if not route.matches] or list(routing.http)
    destinations = routing.tcp or unconditional[0].destinations
    shares = [(cluster_of(destination, world, port.number).name, destination.weight) for destination in destinations]
    return [{"name": name, "weight": weight} for name, weight in shares if weight > 0]
