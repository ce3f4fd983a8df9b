"""`values.yaml`: a service in a few values, in the format of Keptn 0.2 with health, metrics, env and volume."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.charts.documents import Document, read_documents
from lockgate.charts.fields import DNS_LABEL, URL_PATH, Section
from lockgate.domain.artifact import Artifact, parse_artifact
from lockgate.domain.errors import Fault, InvalidError, SpecError

VALUES = "values.yaml"
# What every container gets; a value of the user's own under such a name would make pods lie about themselves.
OWN_ENV = (
    "POD_NAME",
    "KUBERNETES_NAMESPACE",
    "DEPLOYMENT_NAME",
    "CONTAINER_IMAGE",
    "KEPTN_PROJECT",
    "KEPTN_STAGE",
    "KEPTN_SERVICE",
)

FIELDS = (
    "$schema",
    "replicaCount",
    "image",
    "service",
    "container",
    "resources",
    "health",
    "metrics",
    "env",
    "volume",
    "strategy",
)
NETWORK = ("name", "type", "protocol", "externalPort", "internalPort")
IMAGE = ("repository", "tag", "pullPolicy")
CONTAINER, HEALTH, METRICS, VOLUME = ("name",), ("path",), ("path", "port"), ("name", "size", "mountPath")
RESOURCES, AMOUNTS = ("limits", "requests"), ("cpu", "memory", "ephemeral-storage")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
SERVICE_TYPES = ("ClusterIP", "NodePort", "LoadBalancer")
PROTOCOLS = ("http", "tcp")
STRATEGIES = ("RollingUpdate", "Recreate")
PORTS, REPLICAS = (1, 65535), (0, 100)
QUANTITY = re.compile(r"\d+(\.\d+)?([munkMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")  # Kubernetes' resource.Quantity
ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL_FORM = "lower case letters, digits and dashes, at most 63 characters"


@dataclass(frozen=True, slots=True)
class Metrics:
    """Where the service shows its own measurements to Prometheus."""

    path: str
    port: int


@dataclass(frozen=True, slots=True)
class Volume:
    """*size* as a Kubernetes quantity, such as 100Mi."""

    name: str
    size: str
    mount_path: str


@dataclass(frozen=True, slots=True)
class Values:
    """*fixed*: the image when the values name one. *http*: whether the port speaks HTTP; *env* in the file's order."""

    name: str
    fixed: Artifact | None
    replicas: int
    pull_policy: str
    service_type: str
    external_port: int
    internal_port: int
    http: bool
    container: str
    resources: Mapping[str, Any]
    health_path: str
    metrics: Metrics | None
    env: Mapping[str, str]
    volume: Volume | None
    strategy: str


def parse_values(service: str, file: str, text: str) -> Values:
    """Raises SpecError with every fault. A service speaks HTTP if `service.protocol` says so; where it says nothing: if
    it receives artifacts, or has a `health` or `metrics` section. (Keptn's values have no such field, and its fixed
    image, a database, speaks its own protocol.)"""
    documents = read_documents(file, text)
    if len(documents) != 1:
        raise SpecError([Fault(file, 0, "", f"holds {len(documents)} YAML documents and must hold one, the values")])
    faults: list[Fault] = []
    root = Section(documents[0], (), FIELDS, faults)
    values = _values(service, documents[0], root, faults)
    if faults:
        raise SpecError(sorted(faults, key=lambda fault: fault.line))
    return values


def _values(service: str, document: Document, root: Section, faults: list[Fault]) -> Values:
    network = root.section("service", NETWORK)
    if network.has("name") and network.written("name") != service:
        network.refuse(
            "name", f"is {network.written('name')!r} and must be {service!r}, the name it was onboarded under"
        )
    if not network.has("internalPort"):
        network.refuse("internalPort", "is missing: name the port on which the container listens")
    internal = network.integer("internalPort", 8080, low=PORTS[0], high=PORTS[1])
    image, fixed = _image(root)
    health, metrics = root.section("health", HEALTH), root.section("metrics", METRICS)
    speaks = "http" if fixed is None or health.given or metrics.given else "tcp"
    protocol = network.choice("protocol", speaks, PROTOCOLS)
    if protocol == "tcp" and health.given:
        health.refuse("", "asks over HTTP, and service.protocol is tcp: leave one of them out")
    volume = _volume(root)
    return Values(
        name=service,
        fixed=fixed,
        replicas=root.integer("replicaCount", 1, low=REPLICAS[0], high=REPLICAS[1]),
        pull_policy=image.choice("pullPolicy", "IfNotPresent", PULL_POLICIES),
        service_type=network.choice("type", "ClusterIP", SERVICE_TYPES),
        external_port=network.integer("externalPort", 80, low=PORTS[0], high=PORTS[1]),
        internal_port=internal,
        http=protocol == "http",
        container=root.section("container", CONTAINER).text("name", service, DNS_LABEL, _LABEL_FORM),
        resources=_resources(root),
        health_path=health.text("path", "/health", URL_PATH, "a path such as /health"),
        metrics=_metrics(metrics, internal),
        env=_env(document, faults),
        volume=volume,
        strategy=root.choice("strategy", "Recreate" if volume else "RollingUpdate", STRATEGIES),
    )


def _image(root: Section) -> tuple[Section, Artifact | None]:
    image = root.section("image", IMAGE)
    if not image.has("repository"):
        if image.has("tag"):
            image.refuse("tag", "is given without image.repository: name both for a fixed image, or neither")
        return image, None
    try:
        return image, parse_artifact(
            image.written("repository") or "", image.written("tag") if image.has("tag") else None
        )
    except InvalidError as error:
        image.refuse("repository", str(error))
        return image, None


def _resources(root: Section) -> Mapping[str, Any]:
    resources = root.section("resources", RESOURCES)
    found: dict[str, dict[str, str]] = {}
    for kind in resources.names():
        amounts = resources.section(kind, AMOUNTS)
        form = "an amount such as 100m or 0.5 (cpu), 128Mi (memory)"
        given = {name: amounts.text(name, "", QUANTITY, form) for name in amounts.names() if amounts.has(name)}
        if given:
            found[kind] = given
    return found


def _metrics(metrics: Section, internal: int) -> Metrics | None:
    if not metrics.given:
        return None
    return Metrics(
        path=metrics.text("path", "/metrics", URL_PATH, "a path such as /metrics"),
        port=metrics.integer("port", internal, low=PORTS[0], high=PORTS[1]),
    )


def _env(document: Document, faults: list[Fault]) -> Mapping[str, str]:
    found = document.value.get("env") if isinstance(document.value, Mapping) else None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        faults.append(document.fault(("env",), f"is {found!r} and must be a mapping, NAME: value"))
        return {}
    env: dict[str, str] = {}
    for name in found:
        written = document.texts.get(("env", name))
        if not ENV_NAME.fullmatch(name):
            faults.append(
                document.fault(("env", name), "is not a variable's name: letters, digits and _, no digit first")
            )
        elif name in OWN_ENV:
            faults.append(document.fault(("env", name), "is set by Lockgate: choose another name"))
        elif written is None:
            faults.append(document.fault(("env", name), "must be one value, not a list or mapping"))
        else:
            env[name] = written
    return env


def _volume(root: Section) -> Volume | None:
    volume = root.section("volume", VOLUME)
    if not volume.given:
        return None
    for name in ("name", "mountPath"):
        if not volume.has(name):
            volume.refuse(name, "is missing")
    return Volume(
        name=volume.text("name", "volume", DNS_LABEL, _LABEL_FORM),
        size=volume.text("size", "100Mi", QUANTITY, "an amount such as 100Mi"),
        mount_path=volume.text("mountPath", "/", URL_PATH, "an absolute path such as /data"),
    )
