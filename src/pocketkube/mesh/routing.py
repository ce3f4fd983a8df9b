"""What a VirtualService says, parsed: the nouns of routing."""

from dataclasses import dataclass
from enum import StrEnum

from pocketkube.mesh.names import ServiceRef


class Comparison(StrEnum):
    EXACT = "exact"
    PREFIX = "prefix"
    REGEX = "regex"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """How a text is compared; `value` is "" for PRESENT."""

    comparison: Comparison
    value: str


@dataclass(frozen=True, slots=True)
class RequestMatch:
    """All of these must hold; `headers` holds the pseudo-header :method too."""

    uri: TextMatch | None = None
    ignores_case: bool = False
    headers: tuple[tuple[str, TextMatch], ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a share of the traffic goes; `port` None means: the one that the request came in by."""

    service: ServiceRef
    subset: str
    port: int | None
    weight: int
    path: str


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """What is done to the headers of a request, or of a response."""

    replaced: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where copies go; `millionths` of the requests are copied."""

    destination: Destination
    millionths: int


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One route; any of `matches` is enough, none at all means every request. `timeout` is in seconds, 0 for none."""

    matches: tuple[RequestMatch, ...]
    destinations: tuple[Destination, ...]
    timeout: float = 0.0
    rewritten_uri: str | None = None
    rewritten_authority: str | None = None
    request: HeaderEdits = HeaderEdits()
    response: HeaderEdits = HeaderEdits()
    mirror: Mirror | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """A whole VirtualService; `gateways` are `namespace/name` or `mesh`."""

    namespace: str
    hosts: tuple[str, ...]
    gateways: tuple[str, ...]
    http: tuple[HttpRoute, ...]
    tcp: tuple[Destination, ...]
