"""The kinds that Lockgate applies or reads, and where the Kubernetes API serves them."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.domain.errors import UnknownKindError


@dataclass(frozen=True, slots=True)
class Kind:
    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True


def _table(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.kind: kind for kind in kinds}


_ISTIO = "networking.istio.io"

KINDS: Mapping[str, Kind] = _table(
    Kind("", "v1", "Namespace", "namespaces", namespaced=False),
    Kind("", "v1", "Service", "services"),
    Kind("", "v1", "ConfigMap", "configmaps"),
    Kind("", "v1", "Secret", "secrets"),
    Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    Kind("", "v1", "Pod", "pods"),
    Kind("", "v1", "Event", "events"),
    Kind("apps", "v1", "Deployment", "deployments"),
    Kind("apps", "v1", "ReplicaSet", "replicasets"),
    Kind("batch", "v1", "Job", "jobs"),
    Kind(_ISTIO, "v1beta1", "Gateway", "gateways"),
    Kind(_ISTIO, "v1beta1", "VirtualService", "virtualservices"),
    Kind(_ISTIO, "v1beta1", "DestinationRule", "destinationrules"),
)


def kind_of(name: str) -> Kind:
    if name not in KINDS:
        raise UnknownKindError("kind of object", name, KINDS)
    return KINDS[name]
