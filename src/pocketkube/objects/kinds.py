"""The kinds of object that are served, and how each is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

# An object in Kubernetes' JSON shape: apiVersion, kind, metadata, and the rest that its kind has.
KubeObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; `version` is the one that is stored, `also_served` the others that clients may speak."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short_names: tuple[str, ...] = ()
    namespaced: bool = True
    categories: tuple[str, ...] = ()
    has_status: bool = False
    has_scale: bool = False
    also_served: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """ "v1" for the core group, else "group/version"."""
        return self.version if not self.group else f"{self.group}/{self.version}"

    @property
    def versions(self) -> tuple[str, ...]:
        """All served versions, the stored one first."""
        return (self.version, *self.also_served)

    @property
    def resource(self) -> str:
        """The name that error messages use: "pods", "deployments.apps"."""
        return self.plural if not self.group else f"{self.plural}.{self.group}"


_ALL = ("all",)
_ISTIO = "networking.istio.io"
_ISTIO_ALL = ("istio-io", "networking-istio-io")
_ISTIO_ALSO = ("v1", "v1alpha3")

_SERVED = (
    Kind("", "v1", "Namespace", "namespaces", "namespace", ("ns",), namespaced=False, has_status=True),
    Kind("", "v1", "Pod", "pods", "pod", ("po",), categories=_ALL, has_status=True),
    Kind("", "v1", "Service", "services", "service", ("svc",), categories=_ALL, has_status=True),
    Kind("", "v1", "ConfigMap", "configmaps", "configmap", ("cm",)),
    Kind("", "v1", "Secret", "secrets", "secret"),
    Kind(
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        ("pvc",),
        has_status=True,
    ),
    Kind("", "v1", "Event", "events", "event", ("ev",)),
    Kind(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        "deployment",
        ("deploy",),
        categories=_ALL,
        has_status=True,
        has_scale=True,
    ),
    Kind(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        "replicaset",
        ("rs",),
        categories=_ALL,
        has_status=True,
        has_scale=True,
    ),
    Kind("batch", "v1", "Job", "jobs", "job", categories=_ALL, has_status=True),
    Kind(
        _ISTIO,
        "v1beta1",
        "Gateway",
        "gateways",
        "gateway",
        ("gw",),
        categories=_ISTIO_ALL,
        has_status=True,
        also_served=_ISTIO_ALSO,
    ),
    Kind(
        _ISTIO,
        "v1beta1",
        "VirtualService",
        "virtualservices",
        "virtualservice",
        ("vs",),
        categories=_ISTIO_ALL,
        has_status=True,
        also_served=_ISTIO_ALSO,
    ),
    Kind(
        _ISTIO,
        "v1beta1",
        "DestinationRule",
        "destinationrules",
        "destinationrule",
        ("dr",),
        categories=_ISTIO_ALL,
        has_status=True,
        also_served=_ISTIO_ALSO,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.kind: kind for kind in _SERVED})


def kind_named(name: str) -> Kind:
    """The kind of that name; KeyError with the known ones if there is none."""
    try:
        return KINDS[name]
    except KeyError:
        raise KeyError(f"no kind {name!r}; known: {', '.join(KINDS)}") from None
