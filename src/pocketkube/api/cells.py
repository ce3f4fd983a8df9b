"""What `kubectl get` shows of each kind, in the words of its own printers: columns, and an object's cells."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pocketkube.api.durations import age, human, since
from pocketkube.api.pod_cells import pod_row
from pocketkube.api.selectors import selector_text
from pocketkube.kit.clock import parse_time
from pocketkube.objects.kinds import KubeObject

ColumnStyle = Literal["document", "kubernetes"]
_NONE = "<none>"


@dataclass(frozen=True, slots=True)
class View:
    """The columns of a kind, those that only `-o wide` shows in lower case, and the cells of one object."""

    columns: tuple[str, ...]
    row: Callable[[KubeObject, datetime], list[Any]]


def view_of(kind: str, style: ColumnStyle) -> View:
    """`style` document gives Deployments the columns of kubectl 1.11 (DESIRED, CURRENT, …); kubernetes, today's."""
    if kind == "Deployment" and style == "document":
        return _DEPLOYMENT_OF_THE_DOCUMENT
    return _VIEWS.get(kind, View(("NAME", "AGE"), lambda obj, now: [_name(obj), age(obj, now)]))


def _name(obj: KubeObject) -> str:
    name: str = obj["metadata"]["name"]
    return name


def _containers(obj: KubeObject) -> list[str]:
    containers = obj.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    names = ",".join(container["name"] for container in containers)
    images = ",".join(container.get("image", "") for container in containers)
    return [names or _NONE, images or _NONE, selector_text(obj.get("spec", {}).get("selector"))]


def _deployment(obj: KubeObject, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{obj['spec'].get('replicas', 1)}"
    counts = [status.get("updatedReplicas", 0), status.get("availableReplicas", 0)]
    return [_name(obj), ready, *counts, age(obj, now), *_containers(obj)]


def _deployment_of_the_document(obj: KubeObject, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    counts = [status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")]
    return [_name(obj), obj["spec"].get("replicas", 1), *counts, age(obj, now), *_containers(obj)]


def _replica_set(obj: KubeObject, now: datetime) -> list[Any]:
    status = obj.get("status", {})
    counts = [obj["spec"].get("replicas", 1), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [_name(obj), *counts, age(obj, now), *_containers(obj)]


def _job(obj: KubeObject, now: datetime) -> list[Any]:
    status, spec = obj.get("status", {}), obj["spec"]
    true = {each["type"] for each in status.get("conditions", ()) if each["status"] == "True"}
    known = ("Complete", "Failed", "Suspended", "FailureTarget")
    state = next((name for name in known if name in true), "Running")
    if "deletionTimestamp" in obj["metadata"]:
        state = "Terminating"
    wanted = spec.get("completions")
    done = f"{status.get('succeeded', 0)}/{wanted}" if wanted else f"{status.get('succeeded', 0)}/1"
    duration = ""
    if "startTime" in status:
        end = parse_time(status["completionTime"]) if "completionTime" in status else now
        duration = human(end - parse_time(status["startTime"]))
    return [_name(obj), state, done, duration, age(obj, now), *_containers(obj)]


def _service(obj: KubeObject, now: datetime) -> list[Any]:
    spec = obj["spec"]
    ports = []
    for port in spec.get("ports", ()):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port['port']}{node}/{port.get('protocol', 'TCP')}")
    selector = ",".join(f"{key}={value}" for key, value in sorted(spec.get("selector", {}).items()))
    shown = [spec.get("type", "ClusterIP"), spec.get("clusterIP") or _NONE, _external(obj), ",".join(ports) or _NONE]
    return [_name(obj), *shown, age(obj, now), selector or _NONE]


def _external(obj: KubeObject) -> str:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", _NONE))
    found = list(spec.get("externalIPs", ()))
    if spec.get("type") == "LoadBalancer":
        ingress = obj.get("status", {}).get("loadBalancer", {}).get("ingress", ())
        found = [each.get("ip") or each.get("hostname", "") for each in ingress] + found
        return ",".join(found) or "<pending>"
    return ",".join(found) or _NONE


_ACCESS = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _claim(obj: KubeObject, now: datetime) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    phase = "Terminating" if "deletionTimestamp" in obj["metadata"] else status.get("phase", "Pending")
    bound = [spec.get("volumeName", ""), status.get("capacity", {}).get("storage", "")]
    modes = ",".join(_ACCESS.get(mode, mode) for mode in status.get("accessModes", ()))
    classes = [spec.get("storageClassName", ""), "<unset>"]
    return [_name(obj), phase, *bound, modes, *classes, age(obj, now), spec.get("volumeMode", "<unset>")]


def _config_map(obj: KubeObject, now: datetime) -> list[Any]:
    return [_name(obj), len(obj.get("data", {})) + len(obj.get("binaryData", {})), age(obj, now)]


def _secret(obj: KubeObject, now: datetime) -> list[Any]:
    return [_name(obj), obj.get("type", "Opaque"), len(obj.get("data", {})), age(obj, now)]


def _namespace(obj: KubeObject, now: datetime) -> list[Any]:
    return [_name(obj), obj.get("status", {}).get("phase", "Active"), age(obj, now)]


def _event(obj: KubeObject, now: datetime) -> list[Any]:
    about = obj.get("involvedObject", {})
    first, last = since(obj.get("firstTimestamp"), now), since(obj.get("lastTimestamp"), now)
    if obj.get("count", 1) > 1:
        last = f"{last} (x{obj['count']} over {first})"
    source = obj.get("source", {}).get("component") or obj.get("reportingComponent", "")
    what = [obj.get("type", ""), obj.get("reason", ""), f"{about.get('kind', '').lower()}/{about.get('name', '')}"]
    message = obj.get("message", "").strip()
    return [last, *what, about.get("fieldPath", ""), source, message, first, obj.get("count", 1), _name(obj)]


def _virtual_service(obj: KubeObject, now: datetime) -> list[Any]:
    return [_name(obj), *(_as_json(obj["spec"].get(field)) for field in ("gateways", "hosts")), age(obj, now)]


def _destination_rule(obj: KubeObject, now: datetime) -> list[Any]:
    return [_name(obj), obj["spec"].get("host", ""), age(obj, now)]


def _as_json(value: Any) -> str:
    """As the columns of a custom resource definition print a list."""
    return "" if value is None else json.dumps(value, separators=(",", ":"))


_WORKLOAD = ("containers", "images", "selector")
_DEPLOYMENT_OF_THE_DOCUMENT = View(
    ("NAME", "DESIRED", "CURRENT", "UP-TO-DATE", "AVAILABLE", "AGE", *_WORKLOAD), _deployment_of_the_document
)
_CLAIM_COLUMNS = ("NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS")
_EVENT_COLUMNS = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "subobject", "source", "MESSAGE")
_POD_COLUMNS = ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "ip", "node", "nominated node", "readiness gates")
_VIEWS: Mapping[str, View] = {
    "Deployment": View(("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE", *_WORKLOAD), _deployment),
    "ReplicaSet": View(("NAME", "DESIRED", "CURRENT", "READY", "AGE", *_WORKLOAD), _replica_set),
    "Job": View(("NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE", *_WORKLOAD), _job),
    "Pod": View(_POD_COLUMNS, pod_row),
    "Service": View(
        ("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "selector"),
        _service,
    ),
    "PersistentVolumeClaim": View((*_CLAIM_COLUMNS, "AGE", "volumemode"), _claim),
    "ConfigMap": View(("NAME", "DATA", "AGE"), _config_map),
    "Secret": View(("NAME", "TYPE", "DATA", "AGE"), _secret),
    "Namespace": View(("NAME", "STATUS", "AGE"), _namespace),
    "Event": View((*_EVENT_COLUMNS, "first seen", "count", "name"), _event),
    "VirtualService": View(("NAME", "GATEWAYS", "HOSTS", "AGE"), _virtual_service),
    "DestinationRule": View(("NAME", "HOST", "AGE"), _destination_rule),
}
