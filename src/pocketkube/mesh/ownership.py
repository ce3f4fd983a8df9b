"""Who may have a host, or a Service's listener: the oldest VirtualService that names it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pocketkube.mesh.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Ownership:
    """`hosts` and `listeners` → the key of the VirtualService that has it; `losses` by the key that came too late."""

    hosts: Mapping[str, str]
    listeners: Mapping[str, str]
    losses: Mapping[str, Sequence[tuple[str, str]]]

    def hosts_of(self, key: str) -> list[str]:
        return [host for host, owner in self.hosts.items() if owner == key]


def share_out(routes: Iterable[tuple[str, Compiled]]) -> Ownership:
    """`routes` come oldest first. Envoy refuses a whole configuration over one host that is there twice."""
    hosts: dict[str, str] = {}
    listeners: dict[str, str] = {}
    losses: dict[str, list[tuple[str, str]]] = {}
    for key, compiled in routes:
        for kept, names in ((hosts, compiled.hosts), (listeners, (*compiled.http, *compiled.tcp))):
            for name in names:
                owner = kept.setdefault(name, key)
                if owner != key:
                    losses.setdefault(key, []).append((name, owner))
    return Ownership(hosts, listeners, losses)
