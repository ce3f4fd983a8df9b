"""Who owns which field: metadata.managedFields, kept by every write and asked by server-side apply."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pocketkube.api import fields
from pocketkube.api.fields import FieldSet
from pocketkube.api.schemas import Schema
from pocketkube.objects.errors import ConflictError
from pocketkube.objects.kinds import KubeObject

# What nobody owns: identity, and what the server writes.
_NOBODYS = ("name", "namespace", "generateName", "uid", "resourceVersion", "generation", "creationTimestamp")
_NOBODYS_EITHER = ("deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink")
_UNOWNED = {("f:apiVersion",), ("f:kind",)} | {("f:metadata", f"f:{x}") for x in _NOBODYS + _NOBODYS_EITHER}

_ENTRY = ("manager", "operation", "subresource", "apiVersion", "time")


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """One entry of managedFields."""

    name: str
    operation: str  # Apply | Update
    subresource: str
    api_version: str
    time: str
    fields: FieldSet

    def is_same(self, other: "FieldOwner") -> bool:
        return (self.name, self.operation, self.subresource) == (other.name, other.operation, other.subresource)

    def described(self) -> str:
        """As kube-apiserver's conflict messages call it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.operation == "Apply" else f"{text} using {self.api_version} at {self.time}"


def read_owners(obj: KubeObject) -> list[FieldOwner]:
    """The owners that the object records; entries without fields are nobody."""
    found = []
    for entry in obj["metadata"].get("managedFields") or []:
        owned = fields.decode_fields(entry.get("fieldsV1") or {})
        if owned:
            name, operation, sub, version, time = (str(entry.get(key, "")) for key in _ENTRY)
            found.append(FieldOwner(name, operation, sub, version, time, owned))
    return found


def written(owners: Iterable[FieldOwner]) -> list[dict[str, Any]]:
    """As metadata.managedFields."""
    entries = []
    for owner in owners:
        entry = {
            "manager": owner.name,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            "time": owner.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fields.encode(owner.fields),
        }
        if owner.subresource:
            entry["subresource"] = owner.subresource
        entries.append(entry)
    return entries


def owned_paths(schema: Schema, obj: KubeObject, *, subresource: str) -> dict[fields.Path, Any]:
    """What of an object can be owned through this endpoint: status through the status endpoint, the rest elsewhere."""
    paths = fields.flatten(schema, obj)
    return {
        path: value
        for path, value in paths.items()
        if path not in _UNOWNED
        and path[:2] != ("f:metadata", "f:managedFields")
        and (path[0] == "f:status") is (subresource == "status")
    }


def after_update(schema: Schema, old: KubeObject | None, new: KubeObject, writer: FieldOwner) -> list[FieldOwner]:
    """The owners after a create, replace or patch: what differs is the writer's alone now, what is gone nobody's."""
    sub = writer.subresource
    before = owned_paths(schema, old, subresource=sub) if old else {}
    after = owned_paths(schema, new, subresource=sub)
    changed = frozenset(path for path, value in after.items() if path not in before or before[path] != value)
    lost = changed | frozenset(path for path in before if path not in after)
    owners = read_owners(new)
    own = next((owner for owner in owners if owner.is_same(writer)), replace(writer, fields=frozenset()))
    kept = [replace(owner, fields=owner.fields - lost) for owner in owners if not owner.is_same(writer)]
    mine = replace(own, fields=(own.fields - lost) | changed)
    if mine.fields != own.fields or changed:
        mine = replace(mine, time=writer.time, api_version=writer.api_version)
    return [owner for owner in [*kept, mine] if owner.fields]


def conflicts(
    applied: Mapping[fields.Path, Any], live: Mapping[fields.Path, Any], others: Iterable[FieldOwner]
) -> list[tuple[FieldOwner, list[fields.Path]]]:
    """The others that own a path to which the applied configuration gives another value, with those paths."""
    differing = {path for path, value in applied.items() if path in live and live[path] != value}
    found = [(owner, sorted(differing & owner.fields)) for owner in others]
    return [(owner, paths) for owner, paths in found if paths]


def conflict_error(found: list[tuple[FieldOwner, list[fields.Path]]]) -> ConflictError:
    """A 409 in kube-apiserver's words, with one cause a field."""
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who.described()}", "field": fields.dotted(path)}
        for who, paths in found
        for path in paths
    ]
    lines = []
    for who, paths in found:
        if len(paths) == 1:
            lines.append(f"conflict with {who.described()}: {fields.dotted(paths[0])}")
        else:
            lines.append(f"conflicts with {who.described()}:")
            lines.extend(f"- {fields.dotted(path)}" for path in paths)
    noun = "conflict" if len(causes) == 1 else "conflicts"
    return ConflictError(f"Apply failed with {len(causes)} {noun}: " + "\n".join(lines), {"causes": causes})
