"""What the spec of a pod, alone or in a template, may not say."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pocketkube.api.causes import Cause

_DNS_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
_LABEL_SAID = "a lowercase RFC 1123 label of at most 63 characters"
_VARIABLE = re.compile(r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_PROBE_ACTIONS = ("httpGet", "tcpSocket", "exec", "grpc")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def faults(spec: dict[str, Any], path: str, policies: Sequence[str]) -> Iterator[Cause]:
    """Every fault of a pod's spec at `path`; `policies` are the restart policies that its owner allows."""
    if spec["restartPolicy"] not in policies:
        yield Cause.unsupported(f"{path}.restartPolicy", spec["restartPolicy"], policies)
    if spec["terminationGracePeriodSeconds"] < 0:
        said = "must be greater than or equal to 0"
        yield Cause.invalid(f"{path}.terminationGracePeriodSeconds", spec["terminationGracePeriodSeconds"], said)
    volumes = [volume["name"] for volume in spec.get("volumes", ())]
    yield from _names(volumes, f"{path}.volumes")
    if not spec.get("containers"):
        yield Cause.required(f"{path}.containers")
    for field in ("containers", "initContainers"):
        containers = spec.get(field, [])
        yield from _names([container["name"] for container in containers], f"{path}.{field}")
        for number, container in enumerate(containers):
            yield from _container(container, f"{path}.{field}[{number}]", volumes)


def port_faults(port: Any, path: str) -> Iterator[Cause]:
    """A number must be a TCP port; a name is looked up later."""
    if isinstance(port, int) and not 1 <= port <= 65535:
        yield Cause.invalid(path, port, "must be between 1 and 65535, inclusive")


def _names(names: list[str], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if len(name) > 63 or not _DNS_LABEL.match(name):
            yield Cause.invalid(f"{path}[{number}].name", name, _LABEL_SAID)
        if name in seen:
            yield Cause.duplicate(f"{path}[{number}].name", name)
        seen.add(name)


def _container(container: dict[str, Any], path: str, volumes: list[str]) -> Iterator[Cause]:
    if not container.get("image", "").strip():
        yield Cause.required(f"{path}.image")
    if container["imagePullPolicy"] not in _PULL_POLICIES:
        yield Cause.unsupported(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    for number, port in enumerate(container.get("ports", ())):
        yield from port_faults(port["containerPort"], f"{path}.ports[{number}].containerPort")
    for number, variable in enumerate(container.get("env", ())):
        yield from _variable(variable, f"{path}.env[{number}]")
    for number, mount in enumerate(container.get("volumeMounts", ())):
        if mount["name"] not in volumes:
            yield Cause.unknown_name(f"{path}.volumeMounts[{number}].name", mount["name"])
    for name in (name for name in _PROBES if name in container):
        yield from _probe(container[name], f"{path}.{name}")


def _variable(variable: dict[str, Any], path: str) -> Iterator[Cause]:
    if not _VARIABLE.match(variable["name"]):
        said = "a valid environment variable name consists of letters, digits, '_', '-' or '.'"
        yield Cause.invalid(f"{path}.name", variable["name"], said)
    if variable.get("value") and "valueFrom" in variable:
        yield Cause.invalid(f"{path}.valueFrom", "", "may not be specified when `value` is not empty")


def _probe(probe: dict[str, Any], path: str) -> Iterator[Cause]:
    actions = [action for action in _PROBE_ACTIONS if action in probe]
    if not actions:
        yield Cause.required(path, f"must specify a handler type: {', '.join(_PROBE_ACTIONS)}")
    if len(actions) > 1:
        yield Cause(path, "FieldValueForbidden", "Forbidden: may not specify more than 1 handler type")
    for action in actions:
        yield from port_faults(probe[action].get("port"), f"{path}.{action}.port")
    for field in ("timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        if probe[field] < 1:
            yield Cause.invalid(f"{path}.{field}", probe[field], "must be greater than or equal to 1")
