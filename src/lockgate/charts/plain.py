"""Plain manifests: a service's own Deployment and Service as the user wrote them, with the artifact's image put in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lockgate.charts.documents import Document, Path, read_documents
from lockgate.charts.schemas import schema_fault
from lockgate.domain.artifact import Artifact, parse_artifact
from lockgate.domain.errors import Fault, InvalidError, SpecError
from lockgate.domain.manifest import Manifest
from lockgate.domain.project import Place

FOLDER = "manifests/"
# On the Deployment: its image is what the manifest says, and the service receives no artifacts.
FIXED = "lockgate.dev/fixed-image"

_API_VERSIONS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "ConfigMap": "v1",
    "Secret": "v1",
    "PersistentVolumeClaim": "v1",
}
_HTTP = ("http", "grpc")  # Istio: what a port's name starts with says what it speaks


@dataclass(frozen=True, slots=True)
class Plain:
    """*deployment* and *service* are among *objects*; *container* is the index of the one that runs the artifact."""

    objects: tuple[Manifest, ...]
    deployment: Manifest
    service: Manifest
    container: int
    fixed: Artifact | None

    @property
    def port(self) -> int:
        return int(self.service["spec"]["ports"][0]["port"])

    @property
    def http(self) -> bool:
        port = self.service["spec"]["ports"][0]
        return str(port.get("appProtocol") or port.get("name") or "").startswith(_HTTP)

    @property
    def health_path(self) -> str:
        """Where the container's own readiness probe asks, else `/health`."""
        asks = self.deployment["spec"]["template"]["spec"]["containers"][self.container].get("readinessProbe") or {}
        return str((asks.get("httpGet") or {}).get("path") or "/health")


def parse_plain(service: str, files: Mapping[str, str]) -> Plain:
    """*files*: path as faults shall show it → text. Raises SpecError with every fault."""
    faults: list[Fault] = []
    documents: list[Document] = []
    for file in sorted(files):
        try:
            documents += read_documents(file, files[file])
        except SpecError as error:
            faults += error.faults
    if not faults:
        faults += (fault for fault in map(_first_fault, documents) if fault is not None)
        faults += _missing(service, documents)
    if faults:
        raise SpecError(faults)
    deployment, found = _of_kind("Deployment", documents)[0], _of_kind("Service", documents)[0]
    _check_one_port(found, faults)
    container, fixed = _container(service, deployment, faults)
    if faults:
        raise SpecError(faults)
    objects = tuple(document.value for document in documents)
    return Plain(objects, deployment.value, found.value, container, fixed)


def objects_from_plain(place: Place, plain: Plain, artifact: Artifact) -> tuple[Manifest, ...]:
    """What others use comes first: claims, configuration, secrets, then Deployment and Service."""
    ordered = sorted(plain.objects, key=lambda manifest: manifest["kind"] in ("Deployment", "Service"))
    return tuple(
        _placed(place, _running(manifest, plain.container, artifact) if manifest is plain.deployment else manifest)
        for manifest in ordered
    )


def _first_fault(document: Document) -> Fault | None:
    value = document.value
    if not isinstance(value, dict):
        return document.fault((), "is not a Kubernetes object")
    kind = value.get("kind")
    if kind not in _API_VERSIONS:
        return document.fault(("kind",), f"is {kind!r}: known are {', '.join(_API_VERSIONS)}")
    wanted = _API_VERSIONS[kind]
    if value.get("apiVersion") != wanted:
        return document.fault(("apiVersion",), f"is {value.get('apiVersion')!r} and must be {wanted} for a {kind}")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
        return document.fault(("metadata", "name"), "is missing")
    if metadata.get("namespace") is not None:
        return document.fault(("metadata", "namespace"), "must be absent: each stage has a namespace of its own")
    return schema_fault(document)


def _of_kind(kind: str, documents: Sequence[Document]) -> list[Document]:
    return [each for each in documents if isinstance(each.value, dict) and each.value.get("kind") == kind]


def _missing(service: str, documents: Sequence[Document]) -> Iterator[Fault]:
    for kind in ("Deployment", "Service"):
        found = _of_kind(kind, documents)
        if not found:
            yield Fault(f"{service}/{FOLDER}", 0, "", f"holds no {kind}: it must hold one, called {service}")
            continue
        for extra in found[1:]:
            yield extra.fault(("kind",), f"is a second {kind}, and there may be one, called {service}")
        name = (found[0].value.get("metadata") or {}).get("name")
        if name != service:
            yield found[0].fault(("metadata", "name"), f"is {name!r} and must be {service!r}, the service's name")


def _check_one_port(found: Document, faults: list[Fault]) -> None:
    spec = found.value.get("spec") or {}
    ports = spec.get("ports") or []
    if len(ports) != 1:
        message = f"has {len(ports)} ports and must have one, the one that users call: metrics are read from pods"
        faults.append(found.fault(("spec", "ports"), message))
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") == "None":
        faults.append(found.fault(("spec",), "must have an address of its own: traffic is shifted behind it"))


def _container(service: str, deployment: Document, faults: list[Fault]) -> tuple[int, Artifact | None]:
    path: Path = ("spec", "template", "spec", "containers")
    pod: Any = deployment.value
    for part in path[:-1]:
        pod = pod.get(part) or {}
    containers: list[dict[str, Any]] = pod.get("containers") or []
    names = [container.get("name") for container in containers]
    if len(containers) != 1 and service not in names:
        message = f"are {', '.join(map(str, names)) or 'none'}: call the one that runs the artifact {service!r}"
        faults.append(deployment.fault(path, message))
        return 0, None
    index = names.index(service) if service in names else 0
    fixed = (deployment.value["metadata"].get("annotations") or {}).get(FIXED) == "true"
    for number, container in enumerate(containers):
        if (number != index or fixed) and not container.get("image"):
            faults.append(deployment.fault((*path, number, "image"), "is missing"))
    if not fixed or faults:
        return index, None
    try:
        return index, parse_artifact(containers[index]["image"], None)
    except InvalidError as error:
        faults.append(deployment.fault((*path, index, "image"), str(error)))
        return index, None


def _running(deployment: Manifest, index: int, artifact: Artifact) -> Manifest:
    spec = deployment["spec"]
    pod = spec["template"]["spec"]
    containers = list(pod["containers"])
    containers[index] = {**containers[index], "image": artifact.reference}
    template = {**spec["template"], "spec": {**pod, "containers": containers}}
    return {**deployment, "spec": {**spec, "template": template}}


def _placed(place: Place, manifest: Manifest) -> Manifest:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": place.namespace}}
