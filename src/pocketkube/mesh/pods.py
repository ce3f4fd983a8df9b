"""Pod objects, as far as traffic is concerned."""

from dataclasses import dataclass
from typing import Any

from pocketkube.objects.kinds import KubeObject

IN_MESH = "pocketkube.dev/in-mesh"
DRAINED = "pocketkube.dev/drained"


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """The readiness probe of a pod, as a path and a port."""

    path: str
    port: int


@dataclass(frozen=True, slots=True)
class MeshPod:
    """A pod; `check` is None where its readiness is not asked over plain HTTP."""

    namespace: str
    name: str
    uid: str
    address: str | None
    labels: tuple[tuple[str, str], ...]
    is_ready: bool
    is_terminating: bool
    is_in_mesh: bool
    is_drained: bool
    ports: tuple[tuple[str, int], ...]
    check: HttpCheck | None

    def has(self, labels: tuple[tuple[str, str], ...]) -> bool:
        """Whether all of these labels are its own."""
        return set(labels) <= set(self.labels)

    def port(self, target: int | str) -> int | None:
        """The number of a port by number or name; None if no container has a port of this name."""
        if isinstance(target, int):
            return target
        return int(target) if target.isdecimal() else dict(self.ports).get(target)


def parse_pod(obj: KubeObject) -> MeshPod:
    metadata, status = obj["metadata"], obj.get("status") or {}
    annotations = metadata.get("annotations") or {}
    containers = (obj.get("spec") or {}).get("containers") or []
    ports = tuple(
        (port["name"], port["containerPort"])
        for container in containers
        for port in container.get("ports") or []
        if port.get("name")
    )
    return MeshPod(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        address=status.get("podIP"),
        labels=tuple(sorted((metadata.get("labels") or {}).items())),
        is_ready=any(
            condition.get("type") == "Ready" and condition.get("status") == "True"
            for condition in status.get("conditions") or []
        ),
        is_terminating="deletionTimestamp" in metadata,
        is_in_mesh=annotations.get(IN_MESH) == "true",
        is_drained=annotations.get(DRAINED) == "true",
        ports=ports,
        check=_check(containers, dict(ports)),
    )


def _check(containers: list[dict[str, Any]], ports: dict[str, int]) -> HttpCheck | None:
    for container in containers:
        probe = (container.get("readinessProbe") or {}).get("httpGet")
        if not probe or probe.get("scheme", "HTTP") != "HTTP" or probe.get("httpHeaders"):
            continue
        port = probe.get("port")
        number = port if isinstance(port, int) else ports.get(str(port))
        if number is not None:
            return HttpCheck(probe.get("path") or "/", number)
    return None
