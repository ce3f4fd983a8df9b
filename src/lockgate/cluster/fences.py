"""The fence: which turn of a lane wrote an object last."""

from typing import Any

from lockgate.domain.errors import ConflictError, FencedError
from lockgate.domain.manifest import Manifest, Ref

FENCE = "lockgate.dev/fence"


def fenced(manifest: Manifest, fence: int | None) -> dict[str, Any]:
    """*manifest* with the annotation; as it is when *fence* is None."""
    if fence is None:
        return dict(manifest)
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), FENCE: str(fence)}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def refuse_newer(held: Manifest, ref: Ref, fence: int | None) -> None:
    """Raises FencedError when *held* was written by a later turn than *fence*, ConflictError when its fence cannot be
    read: then nobody knows who may write."""
    written = held["metadata"].get("annotations", {}).get(FENCE)
    if fence is None or written is None:
        return
    if not written.isdecimal():
        raise ConflictError(
            f"{ref}: annotation {FENCE} is {written!r} and must be a number: somebody edited it; remove it with "
            f"kubectl annotate {ref.kind.lower()} {ref.name} -n {ref.namespace} {FENCE}-"
        )
    if int(written) > fence:
        raise FencedError(f"{ref} was written by turn {written} of its lane; turn {fence} is out of date")
