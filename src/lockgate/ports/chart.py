"""Turn a service's own files into objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from lockgate.domain.artifact import Artifact
from lockgate.domain.manifest import Manifest
from lockgate.domain.project import Place


@dataclass(frozen=True, slots=True)
class ServiceShape:
    """What the rest of Lockgate must know of a service's files. *fixed* is its image when the values name one
    (a database): such a service receives no artifacts. *port* is the Service's port, *health_path* where it answers."""

    fixed: Artifact | None
    port: int
    http: bool
    health_path: str


class Charts(Protocol):
    def shape(self, service: str, files: Mapping[str, str]) -> ServiceShape:
        """*files*: paths below the service's folder → text. Raises SpecError."""
        ...

    def render(self, place: Place, files: Mapping[str, str], artifact: Artifact) -> tuple[Manifest, ...]:
        """The service's objects with no colour, release or route: exactly one Deployment and one Service, both named
        like the service, and what they use (PersistentVolumeClaim, ConfigMap, Secret). Raises SpecError."""
        ...
