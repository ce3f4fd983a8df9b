"""Delete, of one object or of a collection."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.reads import Page, presented, read_page
from pocketkube.api.statuses import gone
from pocketkube.api.targets import Target
from pocketkube.objects.errors import ConflictError
from pocketkube.objects.store import ObjectStore

_POLICIES = ("Background", "Foreground", "Orphan")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """metav1.DeleteOptions, from the body or the query; Foreground is treated as Background."""

    grace_seconds: int | None
    orphan: bool
    dry_run: bool
    preconditions: Mapping[str, str]

    @classmethod
    def parse(cls, body: Mapping[str, Any], query: Mapping[str, str]) -> "DeleteOptions":
        """BadRequestError for a policy or a grace period that is none."""
        policy = body.get("propagationPolicy") or query.get("propagationPolicy") or "Background"
        if policy not in _POLICIES:
            raise BadRequestError(f"propagationPolicy {policy!r} is not one of {', '.join(_POLICIES)}")
        grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
        if grace is not None and not str(grace).lstrip("-").isdigit():
            raise BadRequestError(f"gracePeriodSeconds must be a number, not {grace!r}")
        return cls(
            grace_seconds=None if grace is None else max(int(grace), 0),
            orphan=policy == "Orphan" or body.get("orphanDependents") is True,
            dry_run=bool(body.get("dryRun") or query.get("dryRun")),
            preconditions=body.get("preconditions") or {},
        )


def delete_one(store: ObjectStore, target: Target, options: DeleteOptions) -> dict[str, Any]:
    """The object as it waits to go, or a Status when it is gone. NotFoundError, ConflictError."""
    kind, name = target.kind.kind, target.only_name
    current = store.get(kind, target.namespace, name)
    for field, wanted in options.preconditions.items():
        if wanted and current["metadata"].get(field) != wanted:
            raise ConflictError(
                f'Operation cannot be fulfilled on {target.kind.resource} "{name}": Precondition failed: {field} in '
                f"precondition: {wanted}, in object: {current['metadata'].get(field)}"
            )
    if not options.dry_run:
        store.delete(kind, target.namespace, name, grace_seconds=options.grace_seconds, orphan=options.orphan)
        left = store.find(kind, target.namespace, name)
        if left is not None and left["metadata"]["uid"] == current["metadata"]["uid"]:
            return presented(target, left)
    return gone(target, current["metadata"]["uid"])


def delete_all(store: ObjectStore, target: Target, query: Mapping[str, str], options: DeleteOptions) -> Page:
    """Deletes what the selectors find, and returns it."""
    page = read_page(store, target, query)
    for obj in [] if options.dry_run else page.objects:
        where, name = obj["metadata"].get("namespace", ""), obj["metadata"]["name"]
        if store.find(target.kind.kind, where, name) is not None:
            store.delete(target.kind.kind, where, name, grace_seconds=options.grace_seconds, orphan=options.orphan)
    return page
