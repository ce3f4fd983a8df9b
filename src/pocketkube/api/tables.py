"""The server's side of `kubectl get`: objects as a meta.k8s.io Table, or with their metadata only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pocketkube.api.cells import ColumnStyle, view_of
from pocketkube.objects.kinds import KubeObject

Form = Literal["Object", "Table", "PartialObjectMetadata"]
_GROUP_VERSION = "meta.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a client wants objects: its form, and for tables what comes with each row."""

    form: Form = "Object"
    include_object: str = "Metadata"  # None | Metadata | Object
    style: ColumnStyle = "document"
    meta_version: str = _GROUP_VERSION


def wanted_form(accept: str) -> tuple[Form, str]:
    """The first form of an Accept header that is known here, and the version of meta.k8s.io it is asked in."""
    for part in accept.split(","):
        words = [word.strip() for word in part.split(";")]
        parameters = dict(word.split("=", 1) for word in words[1:] if "=" in word)
        if words[0] not in ("application/json", "application/*", "*/*"):
            continue
        version = f"meta.k8s.io/{parameters.get('v', 'v1')}"
        match parameters.get("as", ""):
            case "":
                return "Object", version
            case "Table":
                return "Table", version
            case "PartialObjectMetadata" | "PartialObjectMetadataList":
                return "PartialObjectMetadata", version
    return "Object", _GROUP_VERSION


def table(
    kind: str, objects: Sequence[KubeObject], rendering: Rendering, now: datetime, *, version: str
) -> dict[str, Any]:
    """A Table of objects of one kind at a resourceVersion."""
    view = view_of(kind, rendering.style)
    return {
        "kind": "Table",
        "apiVersion": rendering.meta_version,
        "metadata": {"resourceVersion": version},
        "columnDefinitions": [_column(name) for name in view.columns],
        "rows": [
            {"cells": view.row(obj, now), **_row_object(obj, rendering.include_object, rendering.meta_version)}
            for obj in objects
        ],
    }


def metadata_only(obj: KubeObject, meta_version: str) -> dict[str, Any]:
    """A PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": meta_version, "metadata": obj["metadata"]}


def _column(name: str) -> dict[str, Any]:
    wide = name != name.upper()
    return {
        # kubectl writes headings in capitals itself, and finds columns by names like these.
        "name": name.title() if name not in ("IP", "ip") else "IP",
        "type": "string",
        "format": "name" if name == "NAME" else "",
        "description": "",
        "priority": int(wide),
    }


def _row_object(obj: KubeObject, include: str, meta_version: str) -> dict[str, Any]:
    match include:
        case "None":
            return {}
        case "Object":
            return {"object": obj}
    return {"object": metadata_only(obj, meta_version)}
