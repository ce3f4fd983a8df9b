"""Who owns whom, and how an object looks that waits to be deleted. Pure."""

from collections.abc import Iterable

from pocketkube.kit.trees import copy_tree
from pocketkube.objects.kinds import KubeObject

_DEFAULT_GRACE = 30  # seconds, a pod's own default


def owned_by(uid: str, objects: Iterable[KubeObject]) -> list[KubeObject]:
    """The objects that name the uid among their owners."""
    return [obj for obj in objects if uid in _owners(obj)]


def is_orphan(obj: KubeObject, objects: Iterable[KubeObject]) -> bool:
    """Whether it has owners, and none of them exists."""
    owners = _owners(obj)
    return bool(owners) and not any(other["metadata"]["uid"] in owners for other in objects)


def without_owner(obj: KubeObject, uid: str) -> KubeObject:
    """A copy that no longer names that owner."""
    free = copy_tree(obj)
    references = [owner for owner in free["metadata"]["ownerReferences"] if owner.get("uid") != uid]
    free["metadata"]["ownerReferences"] = references
    if not references:
        del free["metadata"]["ownerReferences"]
    return free


def marked_for_deletion(obj: KubeObject, now: str, grace_seconds: int | None) -> KubeObject:
    """A copy that is being deleted since `now`; a repeated request may only shorten the grace period."""
    marked = copy_tree(obj)
    metadata = marked["metadata"]
    if obj["kind"] == "Namespace":
        marked.setdefault("status", {})["phase"] = "Terminating"
    own = 0
    if obj["kind"] == "Pod":
        own = obj.get("spec", {}).get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
    wanted = own if grace_seconds is None else grace_seconds
    if "deletionTimestamp" in metadata:
        if grace_seconds is not None:
            metadata["deletionGracePeriodSeconds"] = min(wanted, metadata["deletionGracePeriodSeconds"])
        return marked
    metadata["deletionTimestamp"] = now
    metadata["deletionGracePeriodSeconds"] = wanted
    metadata["generation"] = metadata.get("generation", 1) + 1
    return marked


def _owners(obj: KubeObject) -> set[str]:
    return {owner.get("uid", "") for owner in obj["metadata"].get("ownerReferences") or []}
