"""Plain manifests are taken as they are, with the artifact put in, or refused with file and line."""

from typing import Any

import pytest

from lockgate.charts.service import ServiceCharts, validate_service
from lockgate.domain.artifact import Artifact
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place

PLACE = Place(ProjectName("shop"), StageName("dev"), ServiceName("foo-bar"))
ARTIFACT = Artifact("registry.example/foo", "2")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: foo-bar
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: foo-bar
        image: registry.example/foo:1
        readinessProbe:
          httpGet: {path: /ready, port: 8080}
      - name: sidecar
        image: registry.example/proxy:7
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: foo-bar
spec:
  ports:
  - {name: http, port: 80, targetPort: 8080}
"""
SETTINGS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: '1'}\n"


def files(*texts: str) -> dict[str, str]:
    return {"manifests/all.yaml": "---\n".join(texts)}


def faults(*texts: str) -> list[str]:
    return [str(fault) for fault in validate_service("foo-bar", files(*texts))]


def containers(*texts: str) -> list[dict[str, Any]]:
    objects = ServiceCharts().render(PLACE, files(*texts), ARTIFACT)
    found: list[dict[str, Any]] = next(
        each["spec"]["template"]["spec"]["containers"] for each in objects if each["kind"] == "Deployment"
    )
    return found


def test_the_container_named_like_the_service_gets_the_artifact() -> None:
    assert [each["image"] for each in containers(DEPLOYMENT, SERVICE)] == [
        "registry.example/foo:2",
        "registry.example/proxy:7",
    ]


def test_a_single_container_may_have_any_name_and_no_image() -> None:
    text = DEPLOYMENT[: DEPLOYMENT.index("      - name: sidecar")].replace("- name: foo-bar", "- name: web")
    text = text.replace("        image: registry.example/foo:1\n", "")
    assert [each["image"] for each in containers(text, SERVICE)] == ["registry.example/foo:2"]


def test_what_others_use_comes_first_and_all_is_in_the_stages_namespace() -> None:
    objects = ServiceCharts().render(PLACE, files(DEPLOYMENT, SERVICE, SETTINGS), ARTIFACT)
    assert [each["kind"] for each in objects] == ["ConfigMap", "Deployment", "Service"]
    assert {each["metadata"]["namespace"] for each in objects} == {"shop-dev"}


def test_the_shape_is_read_from_port_and_probe() -> None:
    shape = ServiceCharts().shape("foo-bar", files(DEPLOYMENT, SERVICE))
    assert (shape.fixed, shape.port, shape.http, shape.health_path) == (None, 80, True, "/ready")


def test_a_port_whose_name_says_nothing_is_tcp_as_for_istio() -> None:
    assert ServiceCharts().shape("foo-bar", files(DEPLOYMENT, SERVICE.replace("http", "web"))).http is False
    named = SERVICE.replace("name: http", "name: web, appProtocol: http")
    assert ServiceCharts().shape("foo-bar", files(DEPLOYMENT, named)).http is True


def test_an_annotation_keeps_the_manifests_own_image() -> None:
    fixed = DEPLOYMENT.replace(
        "  name: foo-bar\nspec", '  name: foo-bar\n  annotations: {lockgate.dev/fixed-image: "true"}\nspec'
    )
    assert ServiceCharts().shape("foo-bar", files(fixed, SERVICE)).fixed == Artifact("registry.example/foo", "1")


def test_files_may_be_several() -> None:
    several = {"manifests/a.yaml": DEPLOYMENT, "manifests/b.yml": SERVICE, "tests/locustfile.py": "x", "README": "y"}
    assert validate_service("foo-bar", several) == []


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ((DEPLOYMENT,), "foo-bar/manifests/: holds no Service: it must hold one, called foo-bar"),
        ((DEPLOYMENT, SERVICE, SERVICE), "all.yaml:26: kind: is a second Service"),
        (
            (DEPLOYMENT, SERVICE.replace("name: foo-bar", "name: foo")),
            "all.yaml:20: metadata.name: is 'foo' and must be",
        ),
        ((DEPLOYMENT.replace("image:", "imagee:", 1), SERVICE), "spec.template.spec.containers[0]: Additional"),
        (
            (DEPLOYMENT.replace("replicas: 2", "replicas: two"), SERVICE),
            "all.yaml:6: spec.replicas: 'two' is not of type",
        ),
        ((DEPLOYMENT, SERVICE, SETTINGS.replace("name:", "namespace: x, name:")), "namespace: must be absent"),
        ((DEPLOYMENT, SERVICE, SETTINGS.replace("ConfigMap", "Ingress")), "kind: is 'Ingress': known are Deployment"),
        ((DEPLOYMENT, SERVICE, SETTINGS.replace("v1", "v2")), "apiVersion: is 'v2' and must be v1 for a ConfigMap"),
        ((DEPLOYMENT, SERVICE, "just text"), "is not a Kubernetes object"),
        ((DEPLOYMENT, SERVICE, "kind: Secret\napiVersion: v1"), "metadata.name: is missing"),
        ((DEPLOYMENT, SERVICE + "  - {name: grpc, port: 81}\n"), "spec.ports: has 2 ports and must have one"),
        ((DEPLOYMENT, SERVICE + "  clusterIP: None\n"), "spec: must have an address of its own"),
        ((DEPLOYMENT.replace("- name: foo-bar", "- name: web"), SERVICE), "containers: are web, sidecar: call the one"),
        (
            (DEPLOYMENT.replace("        image: registry.example/proxy:7\n", ""), SERVICE),
            "containers[1].image: is missing",
        ),
        ((DEPLOYMENT[: DEPLOYMENT.index("spec:")], SERVICE), "all.yaml:1: 'spec' is a required property"),
        ((DEPLOYMENT, SERVICE[: SERVICE.index("spec:")]), "spec.ports: has 0 ports"),
        (("a: 1\na: 2",), "all.yaml:2: a: is given twice"),
    ],
)
def test_a_fault_is_named_with_file_and_field(texts: tuple[str, ...], said: str) -> None:
    found = faults(*texts)
    assert any(said in fault for fault in found), found


def test_values_beside_manifests_are_refused_since_one_would_be_ignored() -> None:
    both = {**files(DEPLOYMENT, SERVICE), "values.yaml": "service: {internalPort: 80}"}
    (fault,) = validate_service("foo-bar", both)
    assert "keep the values or the manifests" in str(fault)


def test_a_service_without_either_is_refused() -> None:
    (fault,) = validate_service("foo-bar", {"README": "x"})
    assert "holds neither values.yaml nor manifests/*.yaml" in str(fault)
