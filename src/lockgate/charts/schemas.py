"""Kubernetes' own schemas: a typo in a manifest is found at the push, not in the middle of a delivery."""

import json
from functools import lru_cache
from typing import Any

from lockgate.charts.documents import Document, Path
from lockgate.domain.errors import Fault

_VERSION = "1.37.0"


def schema_fault(document: Document) -> Fault | None:
    """The most telling violation of the kind's strict schema; None when there is none."""
    found = _violation(json.dumps(_completed(document.value)))
    return None if found is None else document.fault(*found)


# A validation reads a schema of some megabytes, and a delivery renders the same files a dozen times.
@lru_cache(maxsize=256)
def _violation(manifest: str) -> tuple[Path, str] | None:
    # Loaded on first use: it brings jsonschema, and a service with values never needs it.
    import kubernetes_validate

    try:
        kubernetes_validate.validate(json.loads(manifest), _VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return tuple(error.absolute_path), str(error.message)
    return None


def _completed(manifest: dict[str, Any]) -> dict[str, Any]:
    """With what a user may leave out, since Lockgate writes it: the selector."""
    if manifest["kind"] != "Deployment" or not isinstance(manifest.get("spec"), dict):
        return manifest
    return {**manifest, "spec": {"selector": {}, **manifest["spec"]}}
