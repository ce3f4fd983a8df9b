import base64
from typing import Any

import pytest

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.catalogue import Image
from pocketkube.runtime.environment import ConfigError, command_line, container_environment, expand

POD: KubeObject = {
    "kind": "Pod",
    "metadata": {
        "name": "carts-1",
        "namespace": "shop",
        "uid": "u-1",
        "labels": {"app": "carts"},
        "annotations": {"lockgate.dev/release": "r7"},
    },
    "spec": {"nodeName": "localhost"},
    "status": {"podIP": "127.9.0.1", "hostIP": "127.0.0.1"},
}
OBJECTS: dict[tuple[str, str], KubeObject] = {
    ("ConfigMap", "settings"): {"kind": "ConfigMap", "data": {"COLOUR": "blue", "SIZE": "9"}},
    ("Secret", "keys"): {"kind": "Secret", "data": {"TOKEN": base64.b64encode(b"s3cret").decode()}},
}
IMAGE = Image("carts", "*", ("python", "-m", "carts"), ("--port", "80"))


def resolved(container: dict[str, Any]) -> dict[str, str]:
    return container_environment(
        POD, {"name": "c", **container}, {"BASE": "1"}, lambda kind, name: OBJECTS.get((kind, name))
    )


def test_a_later_source_wins_over_an_earlier_one() -> None:
    env = resolved(
        {
            "envFrom": [{"configMapRef": {"name": "settings"}}, {"prefix": "P_", "secretRef": {"name": "keys"}}],
            "env": [{"name": "COLOUR", "value": "green"}, {"name": "BASE", "value": "2"}],
        }
    )
    assert env == {"BASE": "2", "COLOUR": "green", "SIZE": "9", "P_TOKEN": "s3cret"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "carts-1"),
        ("metadata.namespace", "shop"),
        ("metadata.uid", "u-1"),
        ("metadata.labels['app']", "carts"),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['lockgate.dev/release']", "r7"),
        ("status.podIP", "127.9.0.1"),
        ("spec.nodeName", "localhost"),
    ],
)
def test_a_field_of_the_pod_can_be_a_variable(path: str, value: str) -> None:
    assert resolved({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": path}}}]})["X"] == value


def test_keys_of_maps_and_secrets_can_be_variables_and_be_used_in_later_ones() -> None:
    env = resolved(
        {
            "env": [
                {"name": "T", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "TOKEN"}}},
                {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "COLOUR"}}},
                {"name": "BOTH", "value": "$(T)-$(C)-$(LATER)-$$(T)"},
                {"name": "LATER", "value": "x"},
            ]
        }
    )
    assert env["BOTH"] == "s3cret-blue-$(LATER)-$(T)"


def test_an_optional_reference_may_lead_nowhere() -> None:
    env = resolved(
        {
            "envFrom": [{"configMapRef": {"name": "none", "optional": True}}],
            "env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "NO", "optional": True}}}],
        }
    )
    assert env == {"BASE": "1"}


@pytest.mark.parametrize(
    ("container", "complaint"),
    [
        ({"envFrom": [{"configMapRef": {"name": "none"}}]}, 'configmap "none" not found'),
        (
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "none", "key": "k"}}}]},
            'secret "none" not found',
        ),
        (
            {"env": [{"name": "X", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "k"}}}]},
            "couldn't find key k in Secret keys",
        ),
        ({"env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "metadata.nme"}}}]}, "metadata.nme"),
        ({"env": [{"name": "X", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}, "resourceFieldRef"),
    ],
)
def test_what_is_missing_or_not_supported_is_named(container: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        resolved(container)


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({}, ["python", "-m", "carts", "--port", "80"]),
        ({"args": ["--port", "$(P)"]}, ["python", "-m", "carts", "--port", "8080"]),
        ({"command": ["sh", "-c"]}, ["sh", "-c"]),
        ({"command": ["sh", "-c"], "args": ["echo $(P) $$(P) $(Q)"]}, ["sh", "-c", "echo 8080 $(P) $(Q)"]),
    ],
)
def test_command_and_args_override_entrypoint_and_cmd(container: dict[str, Any], words: list[str]) -> None:
    assert command_line({"name": "c", **container}, IMAGE, {"P": "8080"}) == words


def test_two_dollars_are_one() -> None:
    assert expand("$$ $$$(A) $A $()", {"A": "1"}) == "$ $1 $A $()"
