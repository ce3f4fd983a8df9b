"""A container's environment and command line, as Kubernetes puts them together."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.catalogue import Image

_REFERENCE = re.compile(r"\$\$|\$\(([^()]+)\)")
_KEYED_FIELD = re.compile(r"metadata\.(labels|annotations)\['([^']*)'\]")
Lookup = Callable[[str, str], KubeObject | None]  # (kind, name) in the pod's namespace


class ConfigError(Exception):
    """What a container refers to is not there (yet), or cannot be had here."""


def container_environment(
    pod: KubeObject, container: Mapping[str, Any], base: Mapping[str, str], lookup: Lookup
) -> dict[str, str]:
    """`base`, then envFrom, then env; a later one wins. ConfigError."""
    environment = dict(base)
    for source in container.get("envFrom") or []:
        environment |= _all_of(source, lookup)
    for entry in container.get("env") or []:
        value = _value(entry, pod, environment, lookup)
        if value is not None:
            environment[entry["name"]] = value
    return environment


def command_line(container: Mapping[str, Any], image: Image, environment: Mapping[str, str]) -> list[str]:
    """ENTRYPOINT and CMD of the image, overridden by command and args, with $(NAME) put in. ConfigError."""
    command = container.get("command") or []
    args = container.get("args") or []
    if not command:
        command = image.command
        args = args or image.args
    words = [expand(word, environment) for word in (*command, *args)]
    if not words[0]:
        raise ConfigError(f"container {container['name']}: the command is empty")
    return words


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Puts values in for $(NAME); $$ is one $, and a name that is not known stays as it is written."""

    def value(match: re.Match[str]) -> str:
        if match.group(0) == "$$":
            return "$"
        return environment.get(match.group(1), match.group(0))

    return _REFERENCE.sub(value, text)


def contents(obj: KubeObject) -> dict[str, bytes]:
    """The keys and values of a ConfigMap or a Secret."""
    if obj["kind"] == "Secret":
        encoded = {key: base64.b64decode(value) for key, value in (obj.get("data") or {}).items()}
        return encoded | {key: value.encode() for key, value in (obj.get("stringData") or {}).items()}
    binary = {key: base64.b64decode(value) for key, value in (obj.get("binaryData") or {}).items()}
    return binary | {key: value.encode() for key, value in (obj.get("data") or {}).items()}


def referred(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> dict[str, bytes] | None:
    """What a reference to a ConfigMap or Secret gives; None when it is missing and optional. ConfigError."""
    name = reference.get("name") or reference.get("secretName") or ""
    obj = lookup(kind, name)
    if obj is not None:
        return contents(obj)
    if reference.get("optional"):
        return None
    raise ConfigError(f'{kind.lower()} "{name}" not found')


def _all_of(source: Mapping[str, Any], lookup: Lookup) -> dict[str, str]:
    prefix = source.get("prefix") or ""
    for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if source.get(field) is not None:
            found = referred(kind, source[field], lookup) or {}
            return {f"{prefix}{key}": value.decode(errors="replace") for key, value in found.items()}
    raise ConfigError(f"envFrom has no source that is known here: {sorted(source)}")


def _value(entry: Mapping[str, Any], pod: KubeObject, environment: Mapping[str, str], lookup: Lookup) -> str | None:
    source = entry.get("valueFrom")
    if not source:
        return expand(entry.get("value") or "", environment)
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"].get("fieldPath", ""))
    for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if field in source:
            return _key(kind, source[field], lookup)
    raise ConfigError(f"env {entry['name']}: {', '.join(sorted(source))} is not supported here")


def _key(kind: str, reference: Mapping[str, Any], lookup: Lookup) -> str | None:
    found = referred(kind, reference, lookup)
    if found is None:
        return None
    if reference["key"] in found:
        return found[reference["key"]].decode(errors="replace")
    if reference.get("optional"):
        return None
    raise ConfigError(f"couldn't find key {reference['key']} in {kind} {reference.get('name')}")


def _field(pod: KubeObject, path: str) -> str:
    metadata, spec, status = pod["metadata"], pod.get("spec", {}), pod.get("status", {})
    keyed = _KEYED_FIELD.fullmatch(path)
    if keyed:
        return str((metadata.get(keyed.group(1)) or {}).get(keyed.group(2), ""))
    known: Mapping[str, Any] = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata["namespace"],
        "metadata.uid": metadata["uid"],
        "spec.nodeName": spec.get("nodeName"),
        "spec.serviceAccountName": spec.get("serviceAccountName") or "default",
        "status.podIP": status.get("podIP"),
        "status.podIPs": status.get("podIP"),
        "status.hostIP": status.get("hostIP"),
    }
    if path not in known:
        raise ConfigError(f"fieldRef {path} is not supported here; known are {', '.join(known)}")
    return str(known[path] or "")
