"""The default templates: values → Deployment, Service and what they use, as Python dicts."""

from typing import Any

from lockgate.charts.values import Values, Volume
from lockgate.domain.artifact import Artifact
from lockgate.domain.manifest import Manifest
from lockgate.domain.project import Place

_PORT = "internalport"  # the name that Keptn 0.2 gave to a container's port


def objects_from_values(place: Place, values: Values, artifact: Artifact) -> tuple[Manifest, ...]:
    objects: list[Manifest] = []
    if values.volume is not None:
        objects.append(_claim(place, values.volume))
    return (*objects, _deployment(place, values, artifact), _service(place, values))


def _deployment(place: Place, values: Values, artifact: Artifact) -> Manifest:
    pod: dict[str, Any] = {"containers": [_container(place, values, artifact)]}
    if values.volume is not None:
        pod["volumes"] = [{"name": values.volume.name, "persistentVolumeClaim": {"claimName": values.volume.name}}]
    template: dict[str, Any] = {"metadata": {"labels": {}}, "spec": pod}
    if values.metrics is not None:
        template["metadata"]["annotations"] = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(values.metrics.port),
            "prometheus.io/path": values.metrics.path,
        }
    strategy: dict[str, Any] = {"type": values.strategy}
    if values.strategy == "RollingUpdate":
        # A direct stage has traffic on it while its release is replaced.
        strategy["rollingUpdate"] = {"maxSurge": 1, "maxUnavailable": 0}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": values.name, "namespace": place.namespace},
        "spec": {"replicas": values.replicas, "strategy": strategy, "template": template},
    }


def _container(place: Place, values: Values, artifact: Artifact) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": values.container,
        "image": artifact.reference,
        "imagePullPolicy": values.pull_policy,
        "env": _env(place, values, artifact),
        "ports": _ports(values),
        **_probes(values),
    }
    if values.resources:
        container["resources"] = values.resources
    if values.volume is not None:
        container["volumeMounts"] = [{"name": values.volume.name, "mountPath": values.volume.mount_path}]
    return container


def _env(place: Place, values: Values, artifact: Artifact) -> list[dict[str, Any]]:
    fields = {
        "POD_NAME": "metadata.name",
        "KUBERNETES_NAMESPACE": "metadata.namespace",
        "DEPLOYMENT_NAME": "metadata.labels['deployment']",
    }
    texts = {
        "CONTAINER_IMAGE": artifact.reference,
        "KEPTN_PROJECT": place.project,
        "KEPTN_STAGE": place.stage,
        "KEPTN_SERVICE": place.service,
        **values.env,
    }
    return [
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in fields.items()),
        *({"name": name, "value": text} for name, text in texts.items()),
    ]


def _ports(values: Values) -> list[dict[str, Any]]:
    ports = [{"name": _PORT, "containerPort": values.internal_port, "protocol": "TCP"}]
    if values.metrics is not None and values.metrics.port != values.internal_port:
        ports.append({"name": "metrics", "containerPort": values.metrics.port, "protocol": "TCP"})
    return ports


def _probes(values: Values) -> dict[str, Any]:
    asks: dict[str, Any] = (
        {"httpGet": {"path": values.health_path, "port": values.internal_port}}
        if values.http
        else {"tcpSocket": {"port": values.internal_port}}
    )
    return {
        "readinessProbe": {**asks, "periodSeconds": 5, "timeoutSeconds": 2, "failureThreshold": 3},
        # Patient, since a restart under load makes a slow service a dead one; the first 30 s belong to its start.
        "livenessProbe": {
            **asks,
            "initialDelaySeconds": 30,
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 3,
        },
    }


def _service(place: Place, values: Values) -> Manifest:
    port = {
        "name": _protocol(values),
        "port": values.external_port,
        # By name: pods resolve it each for themselves, so that a new internalPort moves with the traffic, not before.
        "targetPort": _PORT,
        "protocol": "TCP",
    }
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": values.name, "namespace": place.namespace},
        "spec": {"type": values.service_type, "ports": [port]},
    }


def _claim(place: Place, volume: Volume) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": volume.name, "namespace": place.namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": volume.size}}},
    }


def _protocol(values: Values) -> str:
    """The port's name; Istio reads the protocol from it."""
    return "http" if values.http else "tcp"
