"""What a URL means: which kind, in which version, which object, which part of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.kinds import KINDS, Kind

_BY_RESOURCE: Mapping[tuple[str, str], Kind] = MappingProxyType(
    {(kind.group, kind.plural): kind for kind in KINDS.values()}
)


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (`name` is None) or an object; `namespace` is "" for all namespaces and for cluster-scoped kinds."""

    kind: Kind
    version: str
    namespace: str
    name: str | None = None
    subresource: str = ""

    @property
    def api_version(self) -> str:
        return self.version if not self.kind.group else f"{self.kind.group}/{self.version}"

    @property
    def only_name(self) -> str:
        """The object's name; for the endpoints that only objects have."""
        if self.name is None:
            raise NotFoundError("the server could not find the requested resource")
        return self.name


def parse_target(path: str) -> Target:
    """For /api/v1/… and /apis/<group>/<version>/…; NotFoundError when nothing is served there."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise _nothing_there()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and (group, rest[2]) in _BY_RESOURCE:
        namespace, rest = rest[1], rest[2:]
    kind = _BY_RESOURCE.get((group, rest[0]))
    if kind is None or version not in kind.versions or len(rest) > 3 or "" in rest:
        raise _nothing_there()
    if bool(namespace) is not kind.namespaced and (namespace or len(rest) > 1):
        raise _nothing_there()
    name = rest[1] if len(rest) > 1 else None
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource not in subresources(kind):
        raise _nothing_there()
    return Target(kind, version, namespace, name, subresource)


def subresources(kind: Kind) -> tuple[str, ...]:
    """What may follow an object's name in a URL; "" is the object itself."""
    found = [""]
    if kind.has_status:
        found.append("status")
    if kind.has_scale:
        found.append("scale")
    if kind.kind == "Pod":
        found.append("log")
    return tuple(found)


def _nothing_there() -> NotFoundError:
    return NotFoundError("the server could not find the requested resource")
