"""Watches: one line of JSON for each change of what a client selected."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.reads import Selection, presented
from pocketkube.api.statuses import status_of
from pocketkube.api.targets import Target
from pocketkube.kit.trees import compact
from pocketkube.objects.changes import Change, Subscription
from pocketkube.objects.errors import ExpiredError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

_LONGEST = 3600.0  # seconds; clients then watch again
_BOOKMARK_EVERY = 30.0  # seconds

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
Render = Callable[[KubeObject], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """`since` None starts with what exists; `announce_end` says by a bookmark where that ends."""

    since: int | None
    announce_end: bool
    bookmarks: bool
    seconds: float

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "WatchOptions":
        version, seconds = query.get("resourceVersion", ""), query.get("timeoutSeconds", "")
        initial = query.get("sendInitialEvents") == "true"
        for name, text in (("resourceVersion", version), ("timeoutSeconds", seconds)):
            if text and not text.isdigit():
                raise BadRequestError(f"{name} must be a number, not {text!r}")
        return cls(
            since=None if initial or version in ("", "0") else int(version),
            announce_end=initial,
            bookmarks=query.get("allowWatchBookmarks") in ("true", "1"),
            seconds=float(seconds or 0) or _LONGEST,
        )


async def watch(
    store: ObjectStore, target: Target, query: Mapping[str, str], render: Render, closing: asyncio.Event
) -> AsyncIterator[bytes]:
    """The lines of a watch, until its time is over, the client goes or the server closes."""
    selection, options = Selection.parse(target, query), WatchOptions.parse(query)
    kind, now = target.kind.kind, store.resource_version
    start = now if options.since is None else options.since
    try:
        subscription = store.watch(kind, since=start)
    except ExpiredError as error:
        yield _line("ERROR", status_of(error))
        return
    async with subscription:
        for line in _beginning(store, target, selection, options, render):
            yield line
        async for change in _changes(subscription, options, closing):
            told = _line_of(change, store, target, selection, render)
            if told and (change is not None or options.bookmarks):
                yield told


def _beginning(
    store: ObjectStore, target: Target, selection: Selection, options: WatchOptions, render: Render
) -> list[bytes]:
    """What exists already, and where that ends, as far as the client asked for it."""
    found = store.list(target.kind.kind, target.namespace or None) if options.since is None else []
    lines = [_line("ADDED", render(presented(target, obj))) for obj in found if selection.has(obj)]
    if options.announce_end:
        end = _bookmark(target, store.resource_version, {"k8s.io/initial-events-end": "true"})
        lines.append(_line("BOOKMARK", render(end)))
    return lines


def _line_of(
    change: Change | None, store: ObjectStore, target: Target, selection: Selection, render: Render
) -> bytes | None:
    if change is None:
        return _line("BOOKMARK", render(_bookmark(target, store.resource_version, {})))
    event = _event_of(change, selection)
    return None if event is None else _line(event, render(presented(target, change.object)))


async def _changes(
    subscription: Subscription, options: WatchOptions, closing: asyncio.Event
) -> AsyncIterator[Change | None]:
    """Each change; None now and then, when it is time for a bookmark."""
    loop = asyncio.get_running_loop()
    end = loop.time() + options.seconds
    next_bookmark = loop.time() + _BOOKMARK_EVERY
    closed = asyncio.ensure_future(closing.wait())
    change = asyncio.ensure_future(subscription.next_change())
    try:
        while not closing.is_set() and (left := end - loop.time()) > 0:
            patience = min(left, max(next_bookmark - loop.time(), 0))
            await asyncio.wait({change, closed}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if change.done():
                yield change.result()
                change = asyncio.ensure_future(subscription.next_change())
            elif loop.time() >= next_bookmark:
                next_bookmark = loop.time() + _BOOKMARK_EVERY
                yield None
    finally:
        closed.cancel()
        change.cancel()


def _event_of(change: Change, selection: Selection) -> EventType | None:
    """What the change is to somebody who sees only the selection: an object may come into it and leave it."""
    was_there = change.previous is not None and selection.has(change.previous)
    if change.type == "DELETED":
        return "DELETED" if was_there else None
    if selection.has(change.object):
        return "MODIFIED" if was_there else "ADDED"
    return "DELETED" if was_there else None


def _bookmark(target: Target, version: int, annotations: dict[str, str]) -> KubeObject:
    metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": target.api_version, "kind": target.kind.kind, "metadata": metadata}


def _line(event: EventType, obj: dict[str, Any]) -> bytes:
    return (compact({"type": event, "object": obj}) + "\n").encode()
