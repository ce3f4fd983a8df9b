"""A release as objects: the Deployment of one colour (or of a direct stage), what it uses, and what colours share."""

from collections.abc import Mapping, Sequence
from typing import Any

from lockgate.domain.manifest import Manifest
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import Colour, Release
from lockgate.manifests.hosts import cluster_host
from lockgate.manifests.naming import ISTIO, MANAGED, RELEASE_LABEL, coloured, destination_name, selector_of

# A release brings its own copy of these, so that putting a colour back puts back what it was configured with.
COPIED = ("PersistentVolumeClaim", "ConfigMap", "Secret")

# Where a pod names an object of its namespace (core/v1 PodSpec).
_NAMES = {"claimName": "PersistentVolumeClaim", "secretName": "Secret"}
_REFERENCES = {
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secret": "Secret",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
}


def colour_objects(
    place: Place, rendered: Sequence[Manifest], release: Release, colour: Colour
) -> tuple[Manifest, ...]:
    """Deployment `<service>-<colour>`, after the copies `<name>-<colour>` of what it uses."""
    return _release_objects(place, rendered, release, colour)


def direct_objects(place: Place, rendered: Sequence[Manifest], release: Release) -> tuple[Manifest, ...]:
    return _release_objects(place, rendered, release, None)


def shared_objects(place: Place, rendered: Sequence[Manifest], strategy: DeploymentStrategy) -> tuple[Manifest, ...]:
    """The Service, which selects every release, and with colours the subsets that tell them apart."""
    services = tuple(_service(place, manifest) for manifest in rendered if manifest["kind"] == "Service")
    if strategy is DeploymentStrategy.DIRECT:
        return services
    return (*services, _destination_rule(place))


def _release_objects(
    place: Place, rendered: Sequence[Manifest], release: Release, colour: Colour | None
) -> tuple[Manifest, ...]:
    copied = [manifest for manifest in rendered if manifest["kind"] in COPIED]
    own = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in copied}
    copies = (_placed(place, manifest, coloured(manifest["metadata"]["name"], colour)) for manifest in copied)
    deployments = (
        _deployment(place, manifest, release, colour, own) for manifest in rendered if manifest["kind"] == "Deployment"
    )
    return (*copies, *deployments)


def _deployment(
    place: Place, manifest: Manifest, release: Release, colour: Colour | None, own: set[tuple[str, str]]
) -> Manifest:
    name = coloured(place.service, colour)
    selector = {"app": selector_of(place), "deployment": name}
    template = manifest["spec"]["template"]
    written = template.get("metadata", {})
    others = {key: value for key, value in written.get("labels", {}).items() if key not in selector}
    metadata = {**written, "labels": {**selector, **others, RELEASE_LABEL: release.id}}
    pod = _with_copies(template["spec"], own, colour)
    spec = {
        **manifest["spec"],
        "selector": {"matchLabels": selector},
        "template": {**template, "metadata": metadata, "spec": pod},
    }
    return {**_placed(place, manifest, name), "spec": spec}


def _with_copies(node: Any, own: set[tuple[str, str]], colour: Colour | None) -> Any:
    """*node* of a pod's spec with every name of a copied object replaced by that of the copy. Names of objects that
    the service's files do not define (a secret that an operator made) stay."""
    if isinstance(node, Mapping):
        return {key: _value(key, value, own, colour) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_with_copies(entry, own, colour) for entry in node]
    return node


def _value(key: str, value: Any, own: set[tuple[str, str]], colour: Colour | None) -> Any:
    if key in _NAMES and (_NAMES[key], value) in own:
        return coloured(value, colour)
    if key in _REFERENCES and isinstance(value, Mapping) and (_REFERENCES[key], value.get("name")) in own:
        value = {**value, "name": coloured(value["name"], colour)}
    if key == "imagePullSecrets":
        return [
            {**entry, "name": coloured(entry["name"], colour)} if ("Secret", entry.get("name")) in own else entry
            for entry in value
        ]
    return _with_copies(value, own, colour)


def _service(place: Place, manifest: Manifest) -> Manifest:
    placed = _placed(place, manifest, manifest["metadata"]["name"])
    return {**placed, "spec": {**manifest["spec"], "selector": {"app": selector_of(place)}}}


def _destination_rule(place: Place) -> Manifest:
    subsets = [
        {"name": colour.value, "labels": {"deployment": coloured(place.service, colour)}}
        for colour in (Colour.BLUE, Colour.GREEN)
    ]
    return {
        "apiVersion": ISTIO,
        "kind": "DestinationRule",
        "metadata": {
            "name": destination_name(place),
            "namespace": place.namespace,
            "labels": {"app": selector_of(place), **MANAGED},
        },
        "spec": {"host": cluster_host(place), "subsets": subsets},
    }


def _placed(place: Place, manifest: Manifest, name: str) -> dict[str, Any]:
    written = manifest["metadata"]
    labels = {**written.get("labels", {}), "app": selector_of(place), **MANAGED}
    return {**manifest, "metadata": {**written, "name": name, "namespace": place.namespace, "labels": labels}}
