"""Pure: who else owns what Lockgate sets, and the command that takes it from them."""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.domain.manifest import Manifest, Ref

MANAGER = "lockgate"
_NAMED = re.compile(r'conflict with "([^"]+)"')


def owners_in(causes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The field managers that a 409 names in its causes."""
    return tuple(name for cause in causes for name in _NAMED.findall(str(cause.get("message", ""))))


def is_created_only(held: Manifest) -> bool:
    """Whether we created *held* and did not yet take its fields over from the creation (see `as_applied`)."""
    entries = held["metadata"].get("managedFields") or ()
    return any(_is_ours(entry, "Update") for entry in entries) and not any(
        _is_ours(entry, "Apply") for entry in entries
    )


def as_applied(held: Manifest) -> list[dict[str, Any]]:
    """The JSON patch after which the fields of our creation of *held* are ours by apply; a conflict when *held* has
    changed since it was read."""
    metadata = held["metadata"]
    entries = [
        {**entry, "operation": "Apply"} if _is_ours(entry, "Update") else entry for entry in metadata["managedFields"]
    ]
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
    ]


def _is_ours(entry: Mapping[str, Any], operation: str) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == operation and not entry.get("subresource")


def way_out(ref: Ref, held: Manifest, owners: Sequence[str]) -> str:
    """A command after which the fields are Lockgate's alone. (A forced apply would not do: it shares a field with
    an owner who set the same value.)"""
    entries = held["metadata"].get("managedFields") or ()
    operations: list[dict[str, str]] = []
    for index in reversed(range(len(entries))):  # from behind, so that indices stay right
        if entries[index].get("manager") in owners:
            path = f"/metadata/managedFields/{index}"
            operations.append({"op": "test", "path": f"{path}/manager", "value": entries[index]["manager"]})
            operations.append({"op": "remove", "path": path})
    patch = shlex.quote(json.dumps(operations))
    return f"kubectl patch {ref.kind.lower()} {ref.name} -n {ref.namespace} --type=json -p {patch}"
