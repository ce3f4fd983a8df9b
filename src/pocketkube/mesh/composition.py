"""Everything that is served, put together: the content of Envoy's route and listener files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocketkube.mesh import listeners, routes
from pocketkube.mesh.compiled import Compiled
from pocketkube.mesh.files import Resources
from pocketkube.mesh.names import ClusterKey, listener_name
from pocketkube.mesh.ownership import Ownership
from pocketkube.mesh.services import MeshService, ServicePort, listened_port


@dataclass(frozen=True, slots=True)
class Places:
    """Where things listen: the gateway's (address, port) pairs by listener name; ports below `lowest` are moved up."""

    gateway: Mapping[str, tuple[str, int]]
    lowest: int


def route_files(
    served: Mapping[str, Compiled], ownership: Ownership, services: list[MeshService]
) -> dict[str, Resources]:
    """By file name; every HTTP port of every Service with an address has its own, beside the gateway's."""
    keys = dict.fromkeys(ownership.hosts.values())
    hosts = [(ownership.hosts_of(key), served[key].gateway_routes) for key in keys]
    files: dict[str, Resources] = {f"rds/{routes.GATEWAY}": [routes.route_configuration(routes.GATEWAY, hosts)]}
    for service in services:
        for port in service.ports:
            if service.address is None or not port.is_http:
                continue
            name = listener_name(service.ref, port.number)
            owner = ownership.listeners.get(name)
            own = served[owner].http.get(name) if owner else None
            found = own or routes.default_routes(ClusterKey(service.ref, port.number).name)
            files[f"rds/{name}"] = [routes.route_configuration(name, [(["*"], found)])]
    return files


def listener_file(
    served: Mapping[str, Compiled],
    ownership: Ownership,
    services: list[MeshService],
    places: Places,
    paths: Mapping[str, str],
) -> Resources:
    """The listeners whose routes are there; `paths` are those of the route files that exist, by file name."""
    found: Resources = []
    for name, place in places.gateway.items():
        found.append(listeners.http_listener(name, place, routes.GATEWAY, paths[f"rds/{routes.GATEWAY}"]))
    for service in services:
        for port in service.ports:
            if service.address is None:
                continue
            place = (service.address, listened_port(port.number, places.lowest))
            name = listener_name(service.ref, port.number)
            if not port.is_http:
                shares = _tcp_shares(served, ownership, service, port)
                found.append(listeners.tcp_listener(name, place, shares))
            elif f"rds/{name}" in paths:
                found.append(listeners.http_listener(name, place, name, paths[f"rds/{name}"]))
    return found


def _tcp_shares(
    served: Mapping[str, Compiled], ownership: Ownership, service: MeshService, port: ServicePort
) -> list[dict[str, Any]]:
    name = listener_name(service.ref, port.number)
    owner = ownership.listeners.get(name)
    own = served[owner].tcp.get(name) if owner else None
    return own or [{"name": ClusterKey(service.ref, port.number).name, "weight": 100}]
