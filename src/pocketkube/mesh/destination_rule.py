"""DestinationRule objects: the subsets of a Service's pods."""

from dataclasses import dataclass

from pocketkube.mesh.manifest import Node, RefusedError
from pocketkube.mesh.names import ServiceRef, is_label
from pocketkube.objects.kinds import KubeObject

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SubsetRule:
    """The subsets of one Service, each with the labels that its pods have beside the Service's own selector."""

    service: ServiceRef
    subsets: tuple[tuple[str, Labels], ...]


def parse_destination_rule(obj: KubeObject) -> SubsetRule:
    """RefusedError names the field that cannot be served."""
    spec = Node("spec", obj.get("spec") or {})
    spec.only("host", "subsets", "exportTo")
    if spec.texts("exportTo") not in ((), ("*",)):
        raise RefusedError('spec.exportTo is not implemented by pocketkube, but for ["*"]')
    host = spec.text("host") or ""
    service = ServiceRef.of_host(host, obj["metadata"]["namespace"])
    if service is None:
        raise RefusedError(f"spec.host is {host!r}, not a Service's name such as carts or carts.shop", "Invalid")
    subsets: dict[str, Labels] = {}
    for node in spec.children("subsets"):
        node.only("name", "labels")
        name = node.text("name") or ""
        if not is_label(name):
            raise RefusedError(f"{node.at('name')} is {name!r}: letters, digits and - only", "Invalid")
        if name in subsets:
            raise RefusedError(f"{node.at('name')}: {name!r} is there twice", "Invalid")
        subsets[name] = node.pairs("labels")
    return SubsetRule(service, tuple(subsets.items()))
