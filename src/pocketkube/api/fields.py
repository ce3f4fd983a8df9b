"""Sets of fields: which paths an object has, in the form of managedFields (FieldsV1), and objects without some of them.

A path is a tuple of elements: "f:name" (a field), 'k:{"name":"x"}' (a list item by its keys), 'v:1' (a set's item).
The format is that of sigs.k8s.io/structured-merge-diff, written down in metav1.FieldsV1.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from pocketkube.api.schemas import Schema

Path: TypeAlias = tuple[str, ...]
FieldSet: TypeAlias = frozenset[Path]

_ITEM = object()  # The value of a list item itself: its being there.
_KEY_DEFAULTS = {"protocol": "TCP"}


def flatten(schema: Schema, value: Any, path: Path = ()) -> dict[Path, Any]:
    """Every owned path of a value with what is there; what is replaced as a whole is one path."""
    return dict(_walk(schema, value, path))


def item_element(schema: Schema, item: Any) -> str:
    """The path element of an item of a list whose items have keys or are a set."""
    if schema.list_type == "set" or not isinstance(item, dict):
        return "v:" + _text(item)
    return "k:" + _text({key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(schema.list_keys)})


def encode(fields: Iterable[Path]) -> dict[str, Any]:
    """As FieldsV1."""
    root: dict[str, Any] = {}
    for path in sorted(fields):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return _tidy(root)


def decode_fields(trie: Mapping[str, Any]) -> FieldSet:
    """From FieldsV1."""
    return frozenset(_read(trie, ()))


def prefixes(fields: Iterable[Path]) -> FieldSet:
    """The paths and all that lead to them."""
    return frozenset(path[:length] for path in fields for length in range(1, len(path) + 1))


def struct_prefixes(schema: Schema, fields: Iterable[Path]) -> FieldSet:
    """The paths that lead to the given ones and are structs: their unowned rest (defaults) goes when they go."""
    return frozenset(path for path in prefixes(fields) if path[-1].startswith("f:") and _is_struct(schema, path))


def without(schema: Schema, value: Any, removed: FieldSet) -> Any:
    """The value without those paths; a map or list that this empties goes too. None if nothing is left."""
    if () in removed:
        return None
    if not removed:
        return value
    if isinstance(value, dict):
        return _without_fields(schema, value, removed)
    if isinstance(value, list) and schema.granular:
        kept = [_without_below(schema.items, item, removed, item_element(schema, item)) for item in value]
        return [item for item in kept if item is not None] or None
    return value


def dotted(path: Path) -> str:
    """For people: .spec.template.spec.containers[name="carts"].image"""
    text = ""
    for element in path:
        kind, _, rest = element.partition(":")
        if kind == "f":
            text += f".{rest}"
        elif kind == "k":
            text += "[" + ",".join(f"{key}={_text(value)}" for key, value in json.loads(rest).items()) + "]"
        else:
            text += f"[={rest}]"
    return text


def _walk(schema: Schema, value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not schema.granular or not value or not isinstance(value, dict | list):
        if path:
            yield path, value
    elif isinstance(value, dict):
        for name, child in value.items():
            below = schema.field(name)
            if below is None:
                yield (*path, f"f:{name}"), child
            else:
                yield from _walk(below, child, (*path, f"f:{name}"))
    else:
        for item in value:
            here = (*path, item_element(schema, item))
            yield here, _ITEM
            if schema.list_type == "map":
                yield from _walk(schema.items, item, here)


def _is_struct(schema: Schema, path: Path) -> bool:
    for element in path:
        below = schema.field(element[2:]) if element.startswith("f:") else schema.items
        if below is None:
            return False
        schema = below
    return schema.shape == "struct"


def _without_fields(schema: Schema, value: dict[str, Any], removed: FieldSet) -> dict[str, Any] | None:
    kept = {}
    for name, child in value.items():
        below = schema.field(name)
        left = _without_below(below or Schema({}, {}), child, removed, f"f:{name}")
        if left is not None:
            kept[name] = left
    return kept or (None if value else value)


def _without_below(schema: Schema, child: Any, removed: FieldSet, element: str) -> Any:
    return without(schema, child, frozenset(path[1:] for path in removed if path and path[0] == element))


def _read(trie: Mapping[str, Any], path: Path) -> Iterator[Path]:
    if path and (not trie or "." in trie):
        yield path
    for element, below in trie.items():
        if element != ".":
            yield from _read(below, (*path, element))


def _tidy(node: dict[str, Any]) -> dict[str, Any]:
    if set(node) == {"."}:
        return {}
    return {element: _tidy(below) if element != "." else {} for element, below in node.items()}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
