"""Pods as Prometheus' HTTP service discovery, with the labels that kubernetes_sd_configs gives a pod role.

The names are those of https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod, so that
relabelling rules written for a cluster work unchanged.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pocketkube.objects.kinds import KubeObject

_PREFIX = "__meta_kubernetes_"
_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9_]")


def target_groups(pods: Iterable[KubeObject]) -> list[dict[str, Any]]:
    """One group for each container port of each pod that has an address; one for a container without ports."""
    return [group for pod in pods for group in _groups(pod)]


def _groups(pod: KubeObject) -> Iterator[dict[str, Any]]:
    address = pod.get("status", {}).get("podIP")
    if not address:
        return
    shared = _pod_labels(pod)
    spec = pod.get("spec", {})
    both = [(each, "true") for each in spec.get("initContainers", ())]
    for container, initial in [*((each, "false") for each in spec.get("containers", ())), *both]:
        labels = shared | _container_labels(pod, container) | {f"{_PREFIX}pod_container_init": initial}
        ports = container.get("ports", ())
        if not ports:
            yield {"targets": [address], "labels": labels}
        for port in ports:
            number = str(port["containerPort"])
            of_port = {
                f"{_PREFIX}pod_container_port_name": port.get("name", ""),
                f"{_PREFIX}pod_container_port_number": number,
                f"{_PREFIX}pod_container_port_protocol": port.get("protocol", "TCP"),
            }
            yield {"targets": [f"{address}:{number}"], "labels": labels | of_port}


def _pod_labels(pod: KubeObject) -> dict[str, str]:
    metadata, status = pod["metadata"], pod.get("status", {})
    labels = {
        f"{_PREFIX}namespace": metadata.get("namespace", ""),
        f"{_PREFIX}pod_name": metadata["name"],
        f"{_PREFIX}pod_ip": status["podIP"],
        f"{_PREFIX}pod_ready": _readiness(status),
        f"{_PREFIX}pod_phase": status.get("phase", "Unknown"),
        f"{_PREFIX}pod_node_name": pod.get("spec", {}).get("nodeName", ""),
        f"{_PREFIX}pod_host_ip": status.get("hostIP", ""),
        f"{_PREFIX}pod_uid": metadata.get("uid", ""),
    }
    for owner in metadata.get("ownerReferences", ()):
        if owner.get("controller"):
            labels[f"{_PREFIX}pod_controller_kind"] = owner["kind"]
            labels[f"{_PREFIX}pod_controller_name"] = owner["name"]
    labels |= _each("label", metadata.get("labels") or {})
    return labels | _each("annotation", metadata.get("annotations") or {})


def _each(what: str, pairs: Mapping[str, str]) -> dict[str, str]:
    labels = {}
    for name, value in pairs.items():
        sanitised = _NOT_ALLOWED.sub("_", name)
        labels[f"{_PREFIX}pod_{what}_{sanitised}"] = value
        labels[f"{_PREFIX}pod_{what}present_{sanitised}"] = "true"
    return labels


def _container_labels(pod: KubeObject, container: Mapping[str, Any]) -> dict[str, str]:
    status = pod.get("status", {})
    both = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
    identity = next((each.get("containerID", "") for each in both if each["name"] == container["name"]), "")
    return {
        f"{_PREFIX}pod_container_name": container["name"],
        f"{_PREFIX}pod_container_image": container.get("image", ""),
        f"{_PREFIX}pod_container_id": identity,
    }


def _readiness(status: Mapping[str, Any]) -> str:
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready":
            return str(condition["status"]).lower()
    return "unknown"
