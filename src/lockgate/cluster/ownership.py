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
