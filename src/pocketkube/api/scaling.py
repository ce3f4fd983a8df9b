"""The scale subresource: autoscaling/v1 Scale of a Deployment or a ReplicaSet."""

from dataclasses import replace
from typing import Any

from pocketkube.api import incoming, merging
from pocketkube.api.decoding import BadRequestError
from pocketkube.api.incoming import Patch
from pocketkube.api.selectors import selector_text
from pocketkube.api.targets import Target
from pocketkube.api.writes import WriteOptions, Writes
from pocketkube.objects.kinds import KubeObject


def scale_of(obj: KubeObject) -> dict[str, Any]:
    """How many replicas are wanted, and how many there are."""
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": obj["spec"].get("replicas", 1)},
        "status": {
            "replicas": obj.get("status", {}).get("replicas", 0),
            "selector": selector_text(obj["spec"].get("selector")),
        },
    }


def patched_scale(scale: dict[str, Any], patch: Patch) -> dict[str, Any]:
    """A Scale with a JSON, merge or strategic merge patch."""
    if patch.media_type == "application/json-patch+json":
        return merging.json_patch(scale, patch.body)
    if patch.media_type == incoming.APPLY:
        raise incoming.UnsupportedMediaTypeError("a scale is not applied; send a merge patch")
    merged: dict[str, Any] = merging.merge_patch(scale, patch.body)
    return merged


def write_scale(writes: Writes, target: Target, scale: dict[str, Any], options: WriteOptions) -> dict[str, Any]:
    """Sets spec.replicas of the object; a resourceVersion in the Scale must be the current one."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        raise BadRequestError(f"spec.replicas: expected a number of 0 or more, got {replicas!r}")
    change: dict[str, Any] = {"spec": {"replicas": replicas}}
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version:
        change["metadata"] = {"resourceVersion": version}
    whole = replace(target, subresource="")
    return scale_of(writes.patch(whole, Patch("application/merge-patch+json", change), options).object)
