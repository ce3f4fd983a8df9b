"""Server-side apply: an applied configuration merged into the live object, with the owners of its fields."""

from dataclasses import dataclass, replace
from typing import Any

from pocketkube.api import field_owners, fields
from pocketkube.api.field_owners import FieldOwner
from pocketkube.api.schemas import Schema
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.kinds import KubeObject

_FIRST = "before-first-apply"


@dataclass(frozen=True, slots=True)
class Applied:
    """The merged object, not yet with defaults, and who owns its fields now."""

    object: KubeObject
    owners: list[FieldOwner]


def apply(schema: Schema, live: KubeObject, config: KubeObject, applier: FieldOwner, *, force: bool) -> Applied:
    """Merges `config` into `live`. What the applier applied before, does not any more, and nobody else owns is removed.

    ConflictError names field and manager where another one owns a field with a different value, unless `force`.
    """
    known = field_owners.read_owners(live) or _owner_of_all(schema, live, applier)
    last = next((owner.fields for owner in known if owner.is_same(applier)), frozenset())
    others = [owner for owner in known if not owner.is_same(applier)]
    wanted = field_owners.owned_paths(schema, config, subresource=applier.subresource)
    current = field_owners.owned_paths(schema, live, subresource=applier.subresource)

    found = field_owners.conflicts(wanted, current, others)
    if found and not force:
        raise field_owners.conflict_error(found)
    taken = {id(owner): frozenset(paths) for owner, paths in found}
    others = [replace(owner, fields=owner.fields - taken.get(id(owner), frozenset())) for owner in others]

    own = frozenset(wanted)
    merged = _merge(schema, live, config)
    kept = fields.prefixes(own.union(*(owner.fields for owner in others)))
    given_up = (last | fields.struct_prefixes(schema, last)) - kept
    pruned = fields.without(schema, merged, given_up)

    unchanged = next((m for m in known if m.is_same(applier) and m.fields == own), None)
    mine = unchanged or replace(applier, fields=own)
    return Applied(pruned, [owner for owner in [*others, mine] if owner.fields])


def _owner_of_all(schema: Schema, live: KubeObject, applier: FieldOwner) -> list[FieldOwner]:
    """An object that nobody is known to own belongs, as on a cluster, to whoever made it before the first apply."""
    paths = frozenset(field_owners.owned_paths(schema, live, subresource=applier.subresource))
    if not paths:
        return []
    return [replace(applier, name=_FIRST, operation="Update", fields=paths)]


def _merge(schema: Schema, live: Any, config: Any) -> Any:
    if not schema.granular:
        return copy_tree(config)
    if isinstance(config, dict) and isinstance(live, dict):
        merged = dict(live)
        for name, value in config.items():
            below = schema.field(name)
            merged[name] = _merge(below, live[name], value) if below and name in live else copy_tree(value)
        return merged
    if isinstance(config, list) and isinstance(live, list):
        return _merge_list(schema, live, config)
    return copy_tree(config)


def _merge_list(schema: Schema, live: list[Any], config: list[Any]) -> list[Any]:
    """Items in the order of the configuration; one that only the live list has stays behind the one it followed."""
    before = {fields.item_element(schema, item): item for item in live}
    merged = {}
    for item in config:
        name = fields.item_element(schema, item)
        merged[name] = _merge(schema.items, before[name], item) if name in before else copy_tree(item)
    order = list(merged)
    previous: str | None = None
    for name, item in before.items():
        if name not in merged:
            merged[name] = item
            order.insert(order.index(previous) + 1 if previous is not None else 0, name)
        previous = name
    return [merged[name] for name in order]
