"""Events: the sentences that `kubectl describe` and `kubectl get events` show about an object."""

import hashlib
from datetime import timedelta
from typing import Literal

from pocketkube.kit.clock import parse_time, timestamp
from pocketkube.objects.errors import StoreError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

_KEPT_FOR = timedelta(hours=1)  # As long as kube-apiserver keeps them.
_SWEPT_EVERY = 50


def record_event(
    store: ObjectStore,
    obj: KubeObject,
    *,
    type: Literal["Normal", "Warning"],
    reason: str,
    message: str,
    component: str,
) -> None:
    """Says something about an object; the same words about it again raise the count of the first event.

    Never raises for an object whose namespace is going away: there is nobody left to read it.
    """
    metadata = obj["metadata"]
    namespace = metadata.get("namespace") or "default"
    said = "\n".join((metadata.get("uid", ""), type, reason, message, component))
    mark = hashlib.sha256(said.encode()).hexdigest()[:10]
    about = f"{metadata['name'][:200]}."
    now = timestamp(store.clock)

    def again(event: KubeObject) -> None:
        event["count"] = event.get("count", 1) + 1
        event["lastTimestamp"] = now

    for name in store.names("Event", namespace):
        if name.startswith(about) and name.endswith(mark):
            store.change("Event", namespace, name, again)
            return
    # Names rise with time: events of one second are listed in the order in which they happened.
    name = f"{about}{store.resource_version:010x}{mark}"
    event: KubeObject = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": _reference(obj),
        "type": type,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        created = store.create(event)
    except StoreError:
        return
    if int(created["metadata"]["resourceVersion"]) % _SWEPT_EVERY == 0:
        _sweep(store)


def _reference(obj: KubeObject) -> KubeObject:
    metadata = obj["metadata"]
    reference = {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj["kind"],
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "resourceVersion": metadata.get("resourceVersion"),
    }
    return {key: value for key, value in reference.items() if value}


def _sweep(store: ObjectStore) -> None:
    oldest = store.clock.now() - _KEPT_FOR
    for event in store.list("Event"):
        last = event.get("lastTimestamp") or event["metadata"]["creationTimestamp"]
        if parse_time(last) < oldest:
            store.delete("Event", event["metadata"]["namespace"], event["metadata"]["name"])
