"""What a well-typed object may still not say: names, references inside it, values outside the known ones."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pocketkube.api import pod_validation
from pocketkube.api.causes import Cause, refuse
from pocketkube.api.schemas import Schema
from pocketkube.api.selectors import selector_test
from pocketkube.objects.errors import StoreError
from pocketkube.objects.kinds import Kind, KubeObject

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = re.compile(rf"^{_LABEL}(\.{_LABEL})*$")
_DNS_LABEL = re.compile(rf"^{_LABEL}$")
_KEY_NAME = re.compile(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$")
_SINGLE_LABEL_KINDS = ("Namespace", "Service")


def refuse_incomplete(kind: Kind, schema: Schema, new: KubeObject) -> None:
    """InvalidError for names that are none and required fields that are not there; comes before defaults."""
    refuse(kind, _called(new), [*_metadata(kind, new["metadata"]), *_missing(schema, new)])


def validate(kind: Kind, new: KubeObject, old: KubeObject | None) -> None:
    """InvalidError with every fault of a complete object that has its defaults; `old` is None for a new one."""
    causes = [*_BY_KIND.get(kind.kind, _nothing)(new)]
    if old is not None and not causes:
        causes = [*_unchangeable(kind, new, old)]
    refuse(kind, _called(new), causes)


def _called(obj: KubeObject) -> str:
    name: str = obj["metadata"].get("name") or obj["metadata"].get("generateName", "")
    return name


def _nothing(obj: KubeObject) -> Iterator[Cause]:
    yield from ()


def _metadata(kind: Kind, metadata: Mapping[str, Any]) -> Iterator[Cause]:
    name = metadata.get("name")
    if not name:
        yield Cause.required("metadata.name", "name or generateName is required")
        return
    if kind.kind in _SINGLE_LABEL_KINDS:
        if len(name) > 63 or not _DNS_LABEL.match(name):
            yield Cause.invalid("metadata.name", name, _SAID_LABEL)
    elif len(name) > 253 or not _SUBDOMAIN.match(name):
        yield Cause.invalid("metadata.name", name, _SAID_SUBDOMAIN)
    yield from _keys(metadata)


def _keys(metadata: Mapping[str, Any]) -> Iterator[Cause]:
    for field in ("labels", "annotations"):
        for key in metadata.get(field, {}):
            if not is_qualified_name(key):
                yield Cause.invalid(f"metadata.{field}", key, _SAID_KEY)
    for key, value in metadata.get("labels", {}).items():
        if value and (len(value) > 63 or not _KEY_NAME.match(value)):
            yield Cause.invalid("metadata.labels", value, f"the value of {key} must be {_SAID_VALUE}")


_SAID_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character; at most 63 characters"
)
_SAID_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character; at most 253 characters"
)
_SAID_KEY = "a key is a name of at most 63 letters, digits, '-', '_' or '.', with an optional DNS prefix and '/'"
_SAID_VALUE = "at most 63 letters, digits, '-', '_' or '.', starting and ending with a letter or digit"


def is_qualified_name(key: str) -> bool:
    """Whether it may be the key of a label or an annotation: "app", "example.com/app"."""
    prefix, slash, name = key.rpartition("/")
    prefix_fits = not slash or (len(prefix) <= 253 and bool(_SUBDOMAIN.match(prefix)))
    return prefix_fits and len(name) <= 63 and bool(_KEY_NAME.match(name))


def _missing(schema: Schema, value: Any, path: str = "") -> Iterator[Cause]:
    """Required fields that are not there; status is the controllers' business."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _missing(schema.items, item, f"{path}[{number}]")
    if not isinstance(value, dict):
        return
    for name in schema.required:
        if name not in value:
            yield Cause.required(f"{path}.{name}" if path else name)
    for name, child in value.items():
        below = schema.field(name)
        if below is not None and not (path == "" and name in ("status", "metadata")):
            yield from _missing(below, child, f"{path}.{name}" if path else name)


def _workload(obj: KubeObject) -> Iterator[Cause]:
    """Deployment and ReplicaSet: the selector must find the very pods that the template makes."""
    spec = obj["spec"]
    if spec.get("replicas", 0) < 0:
        yield Cause.invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if "template" not in spec:
        yield Cause.required("spec.template")
        return
    selector = spec["selector"]
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield Cause.invalid("spec.selector", selector, "empty selector is invalid for deployment")
    yield from _selects_template(spec)
    yield from _template(spec, ("Always",))
    kind = spec.get("strategy", {}).get("type", "RollingUpdate")
    if kind not in ("RollingUpdate", "Recreate"):
        yield Cause.unsupported("spec.strategy.type", kind, ("RollingUpdate", "Recreate"))


def _selects_template(spec: dict[str, Any]) -> Iterator[Cause]:
    labels = spec["template"].get("metadata", {}).get("labels", {})
    try:
        found = selector_test(spec["selector"])({"metadata": {"labels": labels}})
    except (StoreError, KeyError) as error:
        yield Cause.invalid("spec.selector", spec["selector"], str(error))
        return
    if not found:
        where = "spec.template.metadata.labels"
        yield Cause.invalid(where, labels, "`selector` does not match template `labels`")


def _job(obj: KubeObject) -> Iterator[Cause]:
    spec = obj["spec"]
    for field in ("backoffLimit", "completions", "parallelism", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        if spec.get(field, 0) < 0:
            yield Cause.invalid(f"spec.{field}", spec[field], "must be greater than or equal to 0")
    yield from _template(spec, ("Never", "OnFailure"))


def _template(spec: dict[str, Any], policies: tuple[str, ...]) -> Iterator[Cause]:
    path = "spec.template.spec"
    if "spec" not in spec["template"]:
        yield Cause.required(path)
        return
    yield from pod_validation.faults(spec["template"]["spec"], path, policies)


def _pod(obj: KubeObject) -> Iterator[Cause]:
    yield from pod_validation.faults(obj["spec"], "spec", ("Always", "OnFailure", "Never"))


def _service(obj: KubeObject) -> Iterator[Cause]:
    spec = obj["spec"]
    types = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    if spec["type"] not in types:
        yield Cause.unsupported("spec.type", spec["type"], types)
    ports = spec.get("ports", [])
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield Cause.required("spec.ports")
    names: set[str] = set()
    for number, port in enumerate(ports):
        where = f"spec.ports[{number}]"
        yield from pod_validation.port_faults(port["port"], f"{where}.port")
        if len(ports) > 1 and not port.get("name"):
            yield Cause.required(f"{where}.name", "a service with several ports must name each")
        if port.get("name") and port["name"] in names:
            yield Cause.duplicate(f"{where}.name", port["name"])
        names.add(port.get("name", ""))


def _claim(obj: KubeObject) -> Iterator[Cause]:
    modes = obj["spec"].get("accessModes")
    known = ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod")
    if not modes:
        yield Cause.required("spec.accessModes", "at least 1 access mode is required")
    for mode in modes or ():
        if mode not in known:
            yield Cause.unsupported("spec.accessModes", mode, known)


_BY_KIND: Mapping[str, Callable[[KubeObject], Iterator[Cause]]] = {
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
}

_FROZEN: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("selector",),
    "ReplicaSet": ("selector",),
    "Job": ("selector", "template", "completions", "completionMode"),
    "PersistentVolumeClaim": ("accessModes", "volumeMode", "storageClassName", "volumeName"),
}


def _unchangeable(kind: Kind, new: KubeObject, old: KubeObject) -> Iterator[Cause]:
    for field in _FROZEN.get(kind.kind, ()):
        if new["spec"].get(field) != old["spec"].get(field):
            yield Cause.invalid(f"spec.{field}", new["spec"].get(field), "field is immutable")
    if kind.kind == "Pod" and new["spec"] != old["spec"]:
        yield Cause("spec", "FieldValueForbidden", "Forbidden: the spec of a pod may not change; replace the pod")
    if kind.kind == "Service":
        before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
        if before and before != after and new["spec"]["type"] != "ExternalName":
            yield Cause.invalid("spec.clusterIP", after, "field is immutable")
    sealed = kind.kind in ("ConfigMap", "Secret") and old.get("immutable")
    if sealed and any(new.get(field) != old.get(field) for field in ("data", "binaryData", "immutable")):
        yield Cause("data", "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
