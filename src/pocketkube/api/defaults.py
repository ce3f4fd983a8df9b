"""What the server fills in where a manifest says nothing, as kube-apiserver does and `kubectl describe` shows."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from pocketkube.objects.kinds import KubeObject

Tree = dict[str, Any]


def fill_in(obj: KubeObject, old: KubeObject | None) -> None:
    """Edits the object in place; `old` is what it was before a change, None for a new one."""
    filler = _BY_KIND.get(obj["kind"])
    if filler is not None:
        filler(obj, old)


def _defaults(tree: Tree, **values: Any) -> None:
    for name, value in values.items():
        tree.setdefault(name, value)


def _namespace(obj: KubeObject, old: KubeObject | None) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    if old is None:
        obj["status"] = {"phase": "Active"}


def _deployment(obj: KubeObject, old: KubeObject | None) -> None:
    spec = obj["spec"]
    _defaults(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    strategy = spec["strategy"]
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _defaults(strategy.setdefault("rollingUpdate", {}), maxSurge="25%", maxUnavailable="25%")
    else:
        strategy.pop("rollingUpdate", None)
    _template(spec)


def _replica_set(obj: KubeObject, old: KubeObject | None) -> None:
    obj["spec"].setdefault("replicas", 1)
    _template(obj["spec"])


def _job(obj: KubeObject, old: KubeObject | None) -> None:
    """Its pods are found by the job's uid, so that two jobs of one name in a row never share any."""
    spec, metadata = obj["spec"], obj["metadata"]
    _defaults(spec, backoffLimit=6, completionMode="NonIndexed", suspend=False, parallelism=1, manualSelector=False)
    _defaults(spec, podReplacementPolicy="TerminatingOrFailed")
    if spec["completionMode"] == "NonIndexed" and spec["parallelism"] == 1:
        spec.setdefault("completions", 1)
    _template(spec)
    if old is not None:
        spec.setdefault("selector", old["spec"].get("selector"))
        spec["template"].setdefault("metadata", {}).setdefault("labels", {}).update(_job_labels(old["metadata"]))
    elif not spec["manualSelector"]:
        labels = _job_labels(metadata)
        spec["template"].setdefault("metadata", {}).setdefault("labels", {}).update(labels)
        key = "batch.kubernetes.io/controller-uid"
        spec.setdefault("selector", {"matchLabels": {key: labels[key]}})


def _job_labels(metadata: Tree) -> dict[str, str]:
    uid, name = metadata["uid"], metadata["name"]
    short = {"controller-uid": uid, "job-name": name}
    return short | {f"batch.kubernetes.io/{key}": value for key, value in short.items()}


def _pod(obj: KubeObject, old: KubeObject | None) -> None:
    _pod_spec(obj["spec"], "Always")
    if old is None:
        obj["status"] = {"phase": "Pending"}


def _template(spec: Tree) -> None:
    template = spec.get("template")
    if template is not None and template.get("spec") is not None:
        _pod_spec(template["spec"], "Always")


def _pod_spec(spec: Tree, restart: str) -> None:
    _defaults(spec, restartPolicy=restart, terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")
    _defaults(spec, schedulerName="default-scheduler", securityContext={})
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _container(container)
    for volume in spec.get("volumes", ()):
        if len(volume) == 1:
            volume["emptyDir"] = {}
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if source in volume:
                volume[source].setdefault("defaultMode", 0o644)


def _container(container: Tree) -> None:
    _defaults(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={})
    container.setdefault("imagePullPolicy", _pull_policy(container.get("image", "")))
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])


def _pull_policy(image: str) -> str:
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"


def _probe(probe: Tree) -> None:
    _defaults(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        _defaults(probe["httpGet"], path="/", scheme="HTTP")


def _service(obj: KubeObject, old: KubeObject | None) -> None:
    """Addresses are given by the mesh, and are kept when a later manifest does not repeat them."""
    spec = obj.setdefault("spec", {})
    _defaults(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName":
        return
    _defaults(spec, internalTrafficPolicy="Cluster", ipFamilyPolicy="SingleStack", ipFamilies=["IPv4"])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    for port in spec.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if "port" in port:
            port.setdefault("targetPort", port["port"])
    before = (old or {}).get("spec", {})
    if before.get("type") != "ExternalName":
        for field in ("clusterIP", "clusterIPs"):
            if field in before and not spec.get(field):
                spec[field] = before[field]


def _secret(obj: KubeObject, old: KubeObject | None) -> None:
    obj.setdefault("type", "Opaque")
    plain = obj.pop("stringData", None)
    if plain:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in plain.items()}
        obj["data"] = {**obj.get("data", {}), **encoded}


def _claim(obj: KubeObject, old: KubeObject | None) -> None:
    obj["spec"].setdefault("volumeMode", "Filesystem")
    if old is None:
        obj["status"] = {"phase": "Pending"}


_BY_KIND: Mapping[str, Callable[[KubeObject, KubeObject | None], None]] = {
    "Namespace": _namespace,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "Secret": _secret,
    "PersistentVolumeClaim": _claim,
}
