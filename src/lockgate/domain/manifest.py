"""Kubernetes objects as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one object. *namespace* is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return (
            f"{self.kind.lower()} {self.name} in {self.namespace}"
            if self.namespace
            else f"{self.kind.lower()} {self.name}"
        )


def ref_of(manifest: Manifest) -> Ref:
    metadata = manifest["metadata"]
    return Ref(kind=manifest["kind"], namespace=metadata.get("namespace", ""), name=metadata["name"])
