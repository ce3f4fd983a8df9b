"""The three patches that a client may send beside apply: JSON patch, JSON merge patch, strategic merge patch."""

from typing import Any

import jsonpatch
import jsonpointer

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.schemas import Schema
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.errors import InvalidError

_DIRECTIVES = ("$patch", "$retainKeys")
_ORDER, _DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"


def json_patch(tree: dict[str, Any], operations: Any) -> dict[str, Any]:
    """RFC 6902. InvalidError when it cannot be applied, for example because a `test` does not hold."""
    try:
        result = jsonpatch.JsonPatch(operations).apply(tree)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError) as error:
        raise InvalidError(f"the server rejected our request due to an error in our request: {error}") from None
    if not isinstance(result, dict):
        raise InvalidError("the patch leaves something that is not an object")
    return result


def merge_patch(tree: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return copy_tree(patch)
    result = dict(tree) if isinstance(tree, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge_patch(result.get(name), value)
    return result


def strategic_merge(schema: Schema, tree: Any, patch: Any) -> Any:
    """Kubernetes' own: like a merge patch, but lists merge by the key that the schema names.

    Directives: $patch (replace, delete, merge), $retainKeys, $setElementOrder/x, $deleteFromPrimitiveList/x.
    """
    if not isinstance(patch, dict):
        return copy_tree(patch)
    if patch.get("$patch") == "replace":
        return _plain(patch)
    if patch.get("$patch") == "delete":
        return {}
    result = dict(tree) if isinstance(tree, dict) else {}
    if "$retainKeys" in patch:
        result = {name: value for name, value in result.items() if name in patch["$retainKeys"]}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif name not in _DIRECTIVES and not name.startswith((_ORDER, _DELETE)):
            below = schema.field(name) or Schema({}, schema.definitions)
            merge = _merge_list if isinstance(value, list) else strategic_merge
            result[name] = merge(below, result.get(name), value)
    _prune_and_order(schema, result, patch)
    return result


def _merge_list(schema: Schema, current: Any, patch: list[Any]) -> list[Any]:
    key = schema.patch_merge_key
    if key is None or any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if not (isinstance(item, dict) and item.get("$patch") == "replace")]
    result = list(current or [])
    if not key:
        return result + [item for item in patch if item not in result]
    for item in patch:
        if not isinstance(item, dict) or key not in item:
            raise BadRequestError(f"map: {item!r} does not contain declared merge key: {key}")
        place = next((n for n, old in enumerate(result) if old.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [old for old in result if old.get(key) != item[key]]
        elif place is None:
            result.append(strategic_merge(schema.items, {}, item))
        else:
            result[place] = strategic_merge(schema.items, result[place], item)
    return result


def _prune_and_order(schema: Schema, result: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if name.startswith(_DELETE):
            field = name.removeprefix(_DELETE)
            result[field] = [item for item in result.get(field, []) if item not in value]
    for name, value in patch.items():
        field = name.removeprefix(_ORDER)
        if not name.startswith(_ORDER) or field not in result:
            continue
        below = schema.field(field)
        key = (below.patch_merge_key if below else None) or ""
        wanted = [item.get(key) if isinstance(item, dict) else item for item in value]

        # Items that the patch does not know keep their place behind the known ones.
        def rank(item: Any, wanted: list[Any] = wanted, key: str = key) -> int:
            named = item.get(key) if isinstance(item, dict) else item
            return wanted.index(named) if named in wanted else len(wanted)

        result[field] = sorted(result[field], key=rank)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(child) for name, child in value.items() if name not in _DIRECTIVES and child is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
