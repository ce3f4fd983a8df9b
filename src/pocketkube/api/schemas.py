"""What each kind may contain: Kubernetes' own schemas for the built-in kinds, ours for Istio's."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import yaml

from pocketkube.objects.kinds import Kind

KUBERNETES_VERSION = "1.37.0"  # Of the schemas, and what /version answers.
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"

Shape = Literal["struct", "map", "list", "string", "integer", "number", "boolean", "int-or-string", "quantity", "any"]


_SHAPES: Mapping[str, Shape] = {
    "array": "list",
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}


@dataclass(frozen=True, slots=True)
class Schema:
    """One node of a schema with its references followed: what a value at this place may be."""

    node: Mapping[str, Any]
    definitions: Mapping[str, Any]

    @property
    def shape(self) -> Shape:
        if "oneOf" in self.node:
            return "int-or-string" if "integer" in str(self.node["oneOf"]) else "quantity"
        if "properties" in self.node:
            return "struct"
        if "additionalProperties" in self.node:
            return "map"
        named = self.node.get("type")
        if isinstance(named, list):
            named = next(name for name in named if name != "null")
        return _SHAPES.get(str(named), "any")

    def field(self, name: str) -> "Schema | None":
        """The schema of a field of a struct or an entry of a map; None if it may not be there."""
        if "properties" in self.node:
            child = self.node["properties"].get(name)
            return None if child is None else self._resolved(child)
        if "additionalProperties" in self.node:
            return self._resolved(self.node["additionalProperties"])
        return Schema({}, self.definitions)

    @property
    def field_names(self) -> list[str]:
        return list(self.node.get("properties", ()))

    @property
    def items(self) -> "Schema":
        return self._resolved(self.node.get("items", {}))

    @property
    def required(self) -> list[str]:
        return list(self.node.get("required", ()))

    @property
    def granular(self) -> bool:
        """Whether parts of the value have owners of their own; otherwise it is replaced as a whole."""
        match self.shape:
            case "struct" | "map":
                return self.node.get("x-kubernetes-map-type") != "atomic"
            case "list":
                return self.list_type in ("map", "set")
        return False

    @property
    def list_type(self) -> str:
        """ "map" (items are named by their keys), "set", or "atomic"."""
        return str(self.node.get("x-kubernetes-list-type", "atomic"))

    @property
    def list_keys(self) -> list[str]:
        return list(self.node.get("x-kubernetes-list-map-keys", ()))

    @property
    def patch_merge_key(self) -> str | None:
        """The key by which a strategic merge patch finds list items; "" when it merges plain values, else None."""
        if "merge" not in str(self.node.get("x-kubernetes-patch-strategy", "")):
            return None
        return str(self.node.get("x-kubernetes-patch-merge-key", ""))

    def _resolved(self, node: Mapping[str, Any]) -> "Schema":
        while "$ref" in node:
            target = self.definitions[node["$ref"].rsplit("/", 1)[1]]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return Schema(node, self.definitions)


def schema_of(kind: Kind) -> Schema:
    """The whole object's schema; loaded at first use and kept."""
    name = definition_name(kind)
    definitions = all_definitions()
    return Schema(definitions[name], definitions)


def definition_name(kind: Kind) -> str:
    """The name of its definition, as Kubernetes' OpenAPI has it."""
    if "." in kind.group:
        return f"io.istio.networking.v1.{kind.kind}"
    return f"io.k8s.api.{kind.group or 'core'}.{kind.version}.{kind.kind}"


@cache
def all_definitions() -> Mapping[str, Any]:
    """Every definition by name."""
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema" / f"v{KUBERNETES_VERSION}-local"
    builtin = json.loads((folder / "_definitions.json").read_text(encoding="utf-8"))["$defs"]
    ours = yaml.safe_load((resources.files("pocketkube.api") / "istio.yaml").read_text(encoding="utf-8"))
    for name in ("Gateway", "VirtualService", "DestinationRule"):
        ours[f"io.istio.networking.v1.{name}"] = _istio_object(name)
    return {**builtin, **ours}


def _istio_object(name: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": f"#/$defs/{_METADATA}"},
            "spec": {"$ref": f"#/$defs/istio.{name}Spec"},
            "status": {"$ref": "#/$defs/istio.Status"},
        },
        "required": ["spec"],
    }
