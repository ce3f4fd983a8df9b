"""What users are told: the condition Reconciled, and a Warning event when something is not served as written."""

from dataclasses import dataclass
from typing import Any

from pocketkube.kit.clock import timestamp
from pocketkube.objects.errors import NotFoundError
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

COMPONENT = "pocketkube-mesh"
_TYPE = "Reconciled"


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether Envoy serves what the object says; a `warning` is worth an event even where it does."""

    is_served: bool
    reason: str
    message: str
    warning: str = ""


def report(store: ObjectStore, obj: KubeObject, condition: Condition) -> None:
    """Writes status.observedGeneration and the condition, as Istio does; nothing where that would change nothing."""
    metadata = obj["metadata"]
    before = _condition(obj)
    wanted = {
        "type": _TYPE,
        "status": "True" if condition.is_served else "False",
        "reason": condition.reason,
        "message": condition.message,
        "observedGeneration": metadata["generation"],
    }
    if all(before.get(name) == value for name, value in wanted.items()):
        return
    since = before.get("lastTransitionTime") if before.get("status") == wanted["status"] else None
    wanted["lastTransitionTime"] = since or timestamp(store.clock)

    def write(current: KubeObject) -> None:
        status = current.setdefault("status", {})
        others = [each for each in status.get("conditions") or [] if each.get("type") != _TYPE]
        status["conditions"] = [*others, wanted]
        status["observedGeneration"] = metadata["generation"]

    try:
        store.change(obj["kind"], metadata["namespace"], metadata["name"], write)
    except NotFoundError:
        return
    # While one obstacle follows another the message moves on, but one event is enough.
    is_news = any(before.get(name) != wanted[name] for name in ("status", "reason", "observedGeneration"))
    text = condition.warning or ("" if condition.is_served else condition.message)
    if text and (is_news or condition.warning):
        warn(store, obj, condition.reason, text)


def warn(store: ObjectStore, obj: KubeObject, reason: str, message: str) -> None:
    record_event(store, obj, type="Warning", reason=reason, message=message, component=COMPONENT)


def _condition(obj: KubeObject) -> dict[str, Any]:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((each for each in conditions if each.get("type") == _TYPE), {})
