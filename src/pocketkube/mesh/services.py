"""Service objects, parsed, and the ports that they are really listened on."""

import errno
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, ip_address
from pathlib import Path
from typing import Any

from pocketkube.mesh.names import ServiceRef
from pocketkube.objects.kinds import KubeObject

_MOVED_BY = 10_000
_LOOPBACK = IPv4Network("127.0.0.0/8")
_FIRST_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_HTTP = {"http", "http2", "grpc", "kubernetes.io/h2c", "kubernetes.io/ws"}
_HTTP2 = {"http2", "grpc", "kubernetes.io/h2c"}


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One TCP port; `target` is a number or the name of a container's port."""

    number: int
    target: int | str
    is_http: bool
    is_http2: bool


@dataclass(frozen=True, slots=True)
class MeshService:
    """A Service that selects pods; `address` is None for a headless one, and until it has got one."""

    ref: ServiceRef
    ports: tuple[ServicePort, ...]
    selector: tuple[tuple[str, str], ...]
    address: str | None

    def port(self, number: int) -> ServicePort | None:
        return next((port for port in self.ports if port.number == number), None)


def parse_service(obj: KubeObject) -> MeshService | None:
    """None for a Service without a selector: its endpoints are not ours to find."""
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    if not selector or spec.get("type") == "ExternalName":
        return None
    metadata = obj["metadata"]
    return MeshService(
        ref=ServiceRef(metadata["namespace"], metadata["name"]),
        ports=tuple(_port(port) for port in spec.get("ports") or [] if _is_tcp(port)),
        selector=tuple(sorted(selector.items())),
        address=loopback_address(obj),
    )


def needs_address(obj: KubeObject) -> bool:
    """Whether Kubernetes would give this Service a cluster IP that it has not got."""
    spec = obj.get("spec") or {}
    return spec.get("type") != "ExternalName" and not spec.get("clusterIP")


def complaint(obj: KubeObject) -> str | None:
    """What of this Service is not served, in a sentence."""
    spec = obj.get("spec") or {}
    address = spec.get("clusterIP") or "None"
    if address not in ("None", "") and loopback_address(obj) is None:
        return f"spec.clusterIP {address} cannot be listened on here; leave it out and get one of 127.0.0.0/8"
    others = [f"{port['port']}/{port['protocol']}" for port in spec.get("ports") or [] if not _is_tcp(port)]
    return f"spec.ports: {', '.join(others)} is not listened on; pocketkube serves TCP only" if others else None


def loopback_address(obj: KubeObject) -> str | None:
    """The cluster IP, if it is one that can be listened on here."""
    text = (obj.get("spec") or {}).get("clusterIP") or ""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return text if isinstance(address, IPv4Address) and address in _LOOPBACK else None


def listened_port(port: int, lowest: int) -> int:
    """The port that Envoy listens on for a Service's `port`, where ports below `lowest` may not be bound."""
    return port if port >= lowest else port + _MOVED_BY


def lowest_bindable_port() -> int:
    """1 for root and the like, else what net.ipv4.ip_unprivileged_port_start says (1024)."""
    first = int(_FIRST_UNPRIVILEGED.read_text()) if _FIRST_UNPRIVILEGED.exists() else 1024
    if first <= 1:
        return 1
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", first - 1))
        except OSError as error:
            # In use is as good as free here: somebody without more rights than ours may bind such a port.
            return first if error.errno in (errno.EACCES, errno.EPERM) else 1
    return 1


def _is_tcp(port: dict[str, Any]) -> bool:
    return bool(port.get("protocol", "TCP") == "TCP")


def _port(port: dict[str, Any]) -> ServicePort:
    protocol = str(port.get("appProtocol") or str(port.get("name") or "").split("-")[0]).lower()
    return ServicePort(
        number=port["port"],
        target=port.get("targetPort") or port["port"],
        is_http=protocol in _HTTP,
        is_http2=protocol in _HTTP2,
    )
