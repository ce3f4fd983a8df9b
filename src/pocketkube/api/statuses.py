"""Status objects: how the API says that something went wrong, or that something is gone."""

from typing import Any

from pocketkube.api.targets import Target
from pocketkube.objects.errors import InvalidError, StoreError


def status_of(error: StoreError, target: Target | None = None) -> dict[str, Any]:
    """A failure, with the message that kubectl prints."""
    details = dict(error.details)
    if target is not None:
        # As in Kubernetes, where only this error names the kind itself: kubectl begins its sentence with it.
        called = target.kind.kind if isinstance(error, InvalidError) else target.kind.plural
        details |= {"group": target.kind.group, "kind": called}
        if target.name:
            details["name"] = target.name
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": error.message,
        "reason": error.reason,
        "details": details,
        "code": error.code,
    }


def gone(target: Target, uid: str) -> dict[str, Any]:
    """The answer to a delete after which nothing is left."""
    details = {"name": target.name, "group": target.kind.group, "kind": target.kind.plural, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
