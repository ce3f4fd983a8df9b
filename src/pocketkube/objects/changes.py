"""What happened to objects, kept in order for a while, and told to those who subscribed."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from pocketkube.kit.trees import copy_tree
from pocketkube.objects.errors import ExpiredError
from pocketkube.objects.kinds import KubeObject

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One step in an object's life; `previous` is what it was before, None for ADDED.

    Not to be edited: it is shared by all who watch.
    """

    type: ChangeType
    version: int
    object: KubeObject
    previous: KubeObject | None

    @property
    def kind(self) -> str:
        name: str = self.object["kind"]
        return name


class Subscription:
    """An endless stream of ("ADDED" | "MODIFIED" | "DELETED", object); each object is the receiver's own copy.

    Starts at `subscribe`, not at the first read: nothing between the two is missed.
    """

    def __init__(
        self, kinds: frozenset[str], first: Iterable[Change], on_close: Callable[["Subscription"], None]
    ) -> None:
        self.kinds = kinds
        self._waiting: asyncio.Queue[Change] = asyncio.Queue()
        self._on_close = on_close
        for change in first:
            self._waiting.put_nowait(change)

    def offer(self, change: Change) -> None:
        if change.kind in self.kinds:
            self._waiting.put_nowait(change)

    async def next_change(self) -> Change:
        """The next change with what was before it; shared with others, so not to be edited."""
        return await self._waiting.get()

    def __aiter__(self) -> AsyncIterator[tuple[ChangeType, KubeObject]]:
        return self

    async def __anext__(self) -> tuple[ChangeType, KubeObject]:
        change = await self._waiting.get()
        return change.type, copy_tree(change.object)

    def close(self) -> None:
        self._on_close(self)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class History:
    """The last changes, for watches that name a version to start from, and the open subscriptions."""

    def __init__(self, oldest_version: int, kept: int = 5_000) -> None:
        self._kept: deque[Change] = deque(maxlen=kept)
        self._before = oldest_version  # Every change after this version is still here.
        self._open: list[Subscription] = []

    def publish(self, change: Change) -> None:
        if len(self._kept) == self._kept.maxlen:
            self._before = self._kept[0].version
        self._kept.append(change)
        for subscription in self._open:
            subscription.offer(change)

    def since(self, version: int, kinds: frozenset[str]) -> list[Change]:
        """The changes after a version; ExpiredError when some of them are no longer kept."""
        if version < self._before:
            raise ExpiredError(f"too old resource version: {version} ({self._before})")
        return [change for change in self._kept if change.version > version and change.kind in kinds]

    def open(self, kinds: frozenset[str], first: Iterable[Change]) -> Subscription:
        subscription = Subscription(kinds, first, self._forget)
        self._open.append(subscription)
        return subscription

    def _forget(self, subscription: Subscription) -> None:
        if subscription in self._open:
            self._open.remove(subscription)
