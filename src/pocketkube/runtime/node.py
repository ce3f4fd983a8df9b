"""What every pod on this machine shares: the store, the folder, the catalogue, addresses, the clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pocketkube.kit.clock import Clock
from pocketkube.objects.store import ObjectStore
from pocketkube.runtime.catalogue import Catalogue
from pocketkube.runtime.runs import Launcher

NODE_NAME = "localhost"


class PodAddresses(Protocol):
    """Gives out loopback addresses."""

    def pod(self) -> str:
        """An address that no pod had before."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """`services` gives a namespace's Service variables; `mesh` is False where nobody routes traffic to pods."""

    store: ObjectStore
    data: Path
    catalogue: Catalogue
    addresses: PodAddresses
    services: Callable[[str], Mapping[str, str]]
    clock: Clock
    mesh: bool
    launcher: Launcher = field(default_factory=Launcher)

    def folder(self, namespace: str, pod: str) -> Path:
        """Where a pod keeps its containers; absolute, since processes are told about it."""
        return self.data.absolute() / "pods" / namespace / pod
