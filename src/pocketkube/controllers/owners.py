"""Who controls whom, and which labels a selector means."""

from collections.abc import Iterator, Mapping
from typing import Any

from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore


def owner_reference(owner: KubeObject) -> dict[str, Any]:
    """What an object carries that is controlled by the owner."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: KubeObject) -> Mapping[str, Any] | None:
    """The owner reference of its controller."""
    for owner in obj["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return dict(owner)
    return None


def key_of_controller(obj: KubeObject, kind: str) -> Iterator[tuple[str, str]]:
    """The key (namespace, name) of the controller if it is of that kind."""
    owner = controller_of(obj)
    if owner is not None and owner["kind"] == kind:
        yield obj["metadata"]["namespace"], owner["name"]


def claim(store: ObjectStore, kind: str, owner: KubeObject) -> list[KubeObject]:
    """All objects of a kind that the owner controls; it takes those its selector means and nobody controls."""
    claimed = []
    uid = owner["metadata"]["uid"]
    selector = owner["spec"].get("selector") or {}
    for obj in store.list(kind, owner["metadata"]["namespace"]):
        controller = controller_of(obj)
        if controller is not None:
            if controller["uid"] == uid:
                claimed.append(obj)
        elif matches(selector, obj) and "deletionTimestamp" not in obj["metadata"]:
            obj["metadata"].setdefault("ownerReferences", []).append(owner_reference(owner))
            claimed.append(store.update(obj))
    return claimed


def matches(selector: Mapping[str, Any], obj: KubeObject) -> bool:
    """Whether a LabelSelector means the object; an empty one means none, so that nothing is taken by mistake."""
    wanted, expressions = selector.get("matchLabels") or {}, selector.get("matchExpressions") or []
    labels = obj["metadata"].get("labels") or {}
    if not wanted and not expressions:
        return False
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _holds(expression, labels) for expression in expressions
    )


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case operator:
            raise ValueError(f"selector operator {operator!r} is not known")
