"""The ReplicaSets of a deployment: one for each template it ever had, numbered by revision."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pocketkube.controllers.owners import owner_reference
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.kinds import KubeObject

REVISION = "deployment.kubernetes.io/revision"
HASH_LABEL = "pod-template-hash"
_HISTORY = "deployment.kubernetes.io/revision-history"
_NOT_COPIED = frozenset({"kubectl.kubernetes.io/last-applied-configuration", REVISION, _HISTORY})
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def revision_of(obj: KubeObject) -> int:
    """The revision in an object's annotations, 0 for none."""
    return int((obj["metadata"].get("annotations") or {}).get(REVISION) or 0)


def find_current(deployment: KubeObject, replicasets: Sequence[KubeObject]) -> KubeObject | None:
    """The ReplicaSet with the deployment's own template; the oldest if there are several."""
    wanted = _without_hash(deployment["spec"]["template"])
    same = [each for each in replicasets if _without_hash(each["spec"]["template"]) == wanted]
    return min(same, key=lambda each: each["metadata"]["creationTimestamp"], default=None)


def new_replicaset(deployment: KubeObject, revision: int, replicas: int) -> KubeObject:
    """The ReplicaSet for the deployment's template; its name ends in a hash of it."""
    template = copy_tree(deployment["spec"]["template"])
    suffix = template_hash(template)
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels[HASH_LABEL] = suffix
    selector = copy_tree(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})[HASH_LABEL] = suffix
    spec: dict[str, Any] = {"replicas": replicas, "selector": selector, "template": template}
    if deployment["spec"].get("minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment['metadata']['name']}-{suffix}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": dict(labels),
            "annotations": {**copied_annotations(deployment), REVISION: str(revision)},
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
    }


def copied_annotations(deployment: KubeObject) -> dict[str, str]:
    """The annotations that a deployment's ReplicaSet takes over, such as the change's cause."""
    annotations = deployment["metadata"].get("annotations") or {}
    return {name: value for name, value in annotations.items() if name not in _NOT_COPIED}


def template_hash(template: Mapping[str, Any]) -> str:
    """Ten letters that differ when templates do."""
    digest = hashlib.sha256(json.dumps(_without_hash(template), sort_keys=True).encode()).digest()
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(10):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return "".join(letters)


def _without_hash(template: Mapping[str, Any]) -> dict[str, Any]:
    metadata = dict(template.get("metadata") or {})
    metadata.pop("creationTimestamp", None)
    metadata["labels"] = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    metadata["annotations"] = metadata.get("annotations") or {}
    return {"metadata": metadata, "spec": template["spec"]}
