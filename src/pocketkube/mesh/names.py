"""How services and their clusters are called: in manifests, in Envoy, in its statistics, as files."""

import re
from dataclasses import dataclass
from typing import Self

_DOMAIN = ("svc", "cluster", "local")
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class ServiceRef:
    """A Service by namespace and name."""

    namespace: str
    name: str

    @property
    def host(self) -> str:
        """The full in-cluster name."""
        return ".".join((self.name, self.namespace, *_DOMAIN))

    @classmethod
    def of_host(cls, host: str, namespace: str) -> Self | None:
        """The Service that `carts`, `carts.shop`, `carts.shop.svc` or the full name means, seen from a namespace.

        None when the text has none of these forms.
        """
        first, *rest = host.lower().rstrip(".").split(".")
        if not first or first == "*":
            return None
        if not rest:
            return cls(namespace, first)
        if tuple(rest[1:]) in ((), _DOMAIN[:1], _DOMAIN):
            return cls(rest[0], first)
        return None


@dataclass(frozen=True, slots=True, order=True)
class ClusterKey:
    """One group of endpoints: a port of a Service, and a subset of its pods ("" for all)."""

    service: ServiceRef
    port: int
    subset: str = ""

    @property
    def name(self) -> str:
        """Istio's own name for it."""
        return f"outbound|{self.port}|{self.subset}|{self.service.host}"

    @property
    def stem(self) -> str:
        """A file name without ending; unique, since none of the parts may hold an underscore."""
        return f"{self.service.namespace}_{self.service.name}_{self.port}_{self.subset}"


def listener_name(service: ServiceRef, port: int) -> str:
    """The name of a Service port's listener, of its routes, and of their file."""
    return f"{service.namespace}_{service.name}_{port}"


def is_label(text: str) -> bool:
    """Whether a text may be part of a cluster's name."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None
