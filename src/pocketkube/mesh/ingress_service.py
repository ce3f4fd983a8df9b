"""The Service istio-ingressgateway, by which users find the gateway, and the choice of the gateway's port."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from pocketkube.kit.files import write_atomically
from pocketkube.kit.ports import claim_port, free_port, may_bind
from pocketkube.mesh.gateway import PORT, SELECTOR
from pocketkube.objects.errors import StoreError
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.store import ObjectStore

NAMESPACE = "istio-system"
NAME = "istio-ingressgateway"
ADDRESS = "127.0.0.1"


@contextmanager
def gateway_port_claimed(data: Path, asked: int) -> Iterator[int]:
    """The port of the gateway: the one asked for (0 for any), another where that is taken; kept across restarts, unless
    another installation has it now, or the one asked for is free again and nobody listens on the other. No other
    installation chooses it meanwhile."""
    kept = _kept(data, asked)
    wished = [asked] if asked and may_bind(ADDRESS, asked) else []
    # Our own Envoy may be listening on the kept one, so only other installations are asked about that.
    own = [kept] if kept else []
    candidates = chain(*((wished, own) if kept and may_bind(ADDRESS, kept) else (own, wished)), _free_ports())
    port, claim = next((port, claim) for port in candidates if (claim := claim_port(port)) is not None)
    with claim:
        if port != kept:
            place = {"asked": asked, "address": ADDRESS, "port": port}
            write_atomically(data / "gateway.json", json.dumps(place) + "\n")
        yield port


def _kept(data: Path, asked: int) -> int | None:
    path = data / "gateway.json"
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return int(kept["port"]) if kept["asked"] == asked else None


def _free_ports() -> Iterator[int]:
    while True:
        yield free_port(ADDRESS)


def ensure_ingress_service(store: ObjectStore, gateway_port: int) -> KubeObject | None:
    """Makes namespace and Service, or puts right what differs; None while the namespace is going away."""
    try:
        if store.find("Namespace", "", NAMESPACE) is None:
            store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        if store.find("Service", NAMESPACE, NAME) is None:
            store.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME, "namespace": NAMESPACE}})
        return store.change("Service", NAMESPACE, NAME, lambda obj: _put_right(obj, gateway_port))
    except StoreError:
        return None


def _put_right(obj: KubeObject, gateway_port: int) -> None:
    key, value = SELECTOR
    obj["metadata"].setdefault("labels", {}).update({"app": NAME, key: value})
    spec: dict[str, Any] = obj.setdefault("spec", {})
    spec["type"] = "LoadBalancer"
    spec["ports"] = [
        {"name": "http", "port": PORT, "targetPort": PORT, "nodePort": gateway_port, "protocol": "TCP"},
    ]
    # No pods are behind it: Envoy itself listens.
    spec.pop("selector", None)
    obj["status"] = {"loadBalancer": {"ingress": [{"ip": ADDRESS}]}}
