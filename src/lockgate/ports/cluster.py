"""The platform: a Kubernetes API with Istio's networking objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lockgate.domain.manifest import Manifest, Ref


@dataclass(frozen=True, slots=True)
class Ready:
    """All that was asked about is as it should be."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Still on its way. *reason* is what it waits for, in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """Waiting is useless: an unknown image, a missing secret. *reason* carries the platform's own message."""

    reason: str


Readiness = Ready | NotYet | Broken


class Cluster(Protocol):
    async def apply(self, objects: Sequence[Manifest], fence: int | None) -> None:
        """Server-side apply in order, as field manager `lockgate`, never forced. Safe to repeat.

        With a *fence* every object carries it in the annotation `lockgate.dev/fence`; FencedError when the cluster
        holds a newer one. None: an object that lanes share (Namespace, Gateway). ConflictError names field and
        manager; InvalidError carries the server's message; TransientError when the API is away.
        """
        ...

    async def remove(self, refs: Sequence[Ref], fence: int | None) -> None:
        """Delete what is there of *refs*. Safe to repeat. Errors as in apply."""
        ...

    async def read(self, ref: Ref) -> Manifest | None:
        """The object as it is now; None when there is none."""
        ...

    async def select(self, kind: str, namespace: str, labels: dict[str, str]) -> tuple[Manifest, ...]:
        """The objects of *kind* that carry all *labels*."""
        ...

    async def readiness(self, refs: Sequence[Ref]) -> Readiness:
        """Deployments: rolled out and available as last applied; VirtualServices: observed in the data plane as
        last applied; Jobs: over. The worst of all *refs*."""
        ...

    async def why_not(self, refs: Sequence[Ref]) -> str:
        """For the end of a wait: why *refs* are not ready, with what the platform and the programs themselves said
        last; empty when they are. It may ask much more than `readiness` does."""
        ...
