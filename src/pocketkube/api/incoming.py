"""From the body of a write to an object of the kind and place that the URL says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pocketkube.api import merging
from pocketkube.api.decoding import BadRequestError, FieldValidation, decode
from pocketkube.api.schemas import Schema
from pocketkube.api.targets import Target
from pocketkube.kit.ids import name_suffix
from pocketkube.kit.trees import copy_tree
from pocketkube.objects.errors import StoreError
from pocketkube.objects.kinds import KubeObject


class UnsupportedMediaTypeError(StoreError):
    code = 415
    reason = "UnsupportedMediaType"


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch and its media type, without parameters."""

    media_type: str
    body: Any


APPLY = "application/apply-patch+yaml"
_JSON = "application/json-patch+json"
_MERGE = "application/merge-patch+json"
_STRATEGIC = "application/strategic-merge-patch+json"


def decoded(
    schema: Schema, target: Target, body: dict[str, Any], checking: FieldValidation
) -> tuple[KubeObject, tuple[str, ...]]:
    """The object, and warnings about fields that were left out. BadRequestError names every unknown or wrong field."""
    _check_identity(target, body)
    tree, findings = decode(schema, {**body, "apiVersion": target.kind.api_version})
    what = f'{target.kind.kind} in version "{target.version}" cannot be handled as a {target.kind.kind}'
    if findings.wrong:
        texts = [f"{path}: {message}" for path, message in findings.wrong]
        causes = [{"reason": "FieldValueInvalid", "field": path, "message": text} for path, text in findings.wrong]
        raise BadRequestError(f"{what}: {'; '.join(texts)}", {"causes": causes})
    if findings.unknown and checking == "Strict":
        causes = [{"reason": "FieldValueNotSupported", "message": text} for text in findings.unknown]
        raise BadRequestError(f"{what}: strict decoding error: {', '.join(findings.unknown)}", {"causes": causes})
    metadata = tree.setdefault("metadata", {})
    if target.kind.namespaced:
        metadata["namespace"] = target.namespace
    if target.name is not None:
        metadata["name"] = target.name
    elif not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + name_suffix()
    return tree, tuple(findings.unknown) if checking == "Warn" else ()


def patched(schema: Schema, shown: KubeObject, patch: Patch, target: Target) -> dict[str, Any]:
    """The object as the client saw it, with its patch. UnsupportedMediaTypeError lists the known kinds of patch."""
    # As on a cluster, only built-in kinds can be patched strategically: the others' schemas name no merge keys.
    known = [media for media in _PATCHES if media != _STRATEGIC or "." not in target.kind.group]
    if patch.media_type not in known:
        supported = ", ".join([*known, APPLY])
        raise UnsupportedMediaTypeError(
            f"the body of the request was in an unknown format - accepted media types include: {supported}"
        )
    result = _PATCHES[patch.media_type](schema, shown, patch.body)
    if not isinstance(result, dict):
        raise BadRequestError("the patch must be an object")
    return result


def applied_part(target: Target, config: KubeObject) -> KubeObject:
    """Of an applied configuration, what its endpoint is for."""
    if target.subresource == "status":
        identity = {key: config["metadata"][key] for key in ("name", "namespace") if key in config["metadata"]}
        return {"apiVersion": config["apiVersion"], "kind": config["kind"], "metadata": identity} | {
            "status": config.get("status", {})
        }
    return {key: value for key, value in config.items() if key != "status" or not target.kind.has_status}


def replaced_part(target: Target, new: KubeObject, old: KubeObject) -> KubeObject:
    """The new object where its endpoint may write, the old one elsewhere."""
    if target.subresource == "status":
        limited = {**copy_tree(old), "status": new.get("status", {})}
        limited["metadata"].pop("resourceVersion")
        sent = new["metadata"]
        limited["metadata"] |= {key: sent[key] for key in ("resourceVersion", "uid", "managedFields") if key in sent}
        return limited
    if target.kind.has_status:
        new.pop("status", None)
        if "status" in old:
            new["status"] = copy_tree(old["status"])
    return new


_PATCHES: Mapping[str, Callable[[Schema, dict[str, Any], Any], Any]] = {
    _JSON: lambda schema, shown, body: merging.json_patch(shown, body),
    _MERGE: lambda schema, shown, body: merging.merge_patch(shown, body),
    _STRATEGIC: merging.strategic_merge,
}


def _check_identity(target: Target, body: dict[str, Any]) -> None:
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    if not body.get("kind") or not body.get("apiVersion"):
        raise BadRequestError("the object must say its apiVersion and kind")
    pairs = [
        ("kind", body["kind"], target.kind.kind),
        ("apiVersion", body["apiVersion"], target.api_version),
        ("metadata.name", metadata.get("name"), target.name),
        ("metadata.namespace", metadata.get("namespace"), target.namespace),
    ]
    for field, said, asked in pairs:
        if said and asked and said != asked:
            raise BadRequestError(f"the object says {field} {said!r}, the URL says {asked!r}: they must agree")
