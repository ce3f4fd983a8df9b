"""A release becomes the objects that the document's kubectl commands show."""

from typing import Any

import pytest

from lockgate.domain.artifact import Artifact
from lockgate.domain.manifest import Manifest, Ref, ref_of
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import BlueGreenState, Colour, DirectState, Release, Weights
from lockgate.manifests.hosts import hosts_of
from lockgate.manifests.releases import colour_objects, direct_objects, shared_objects
from lockgate.manifests.routes import refs_of_place, virtual_service
from lockgate.manifests.stage import stage_objects

CARTS = Place(ProjectName("sockshop"), StageName("production"), ServiceName("carts"))
OLD = Release("r1", Artifact("docker.io/keptnexamples/carts", "0.6.0"), "c1")
NEW = Release("r2", Artifact("docker.io/keptnexamples/carts", "0.6.2_prometheus"), "c2")
STATE = BlueGreenState(blue=NEW, green=OLD, weights=Weights.all_on(Colour.BLUE))


def named(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}


def rendered() -> tuple[Manifest, ...]:
    """A service that uses each way of naming an object, some of which its files do not define."""
    container = {
        "name": "carts",
        "image": NEW.artifact.reference,
        "env": [
            {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
            {"name": "B", "valueFrom": {"secretKeyRef": {"name": "password", "key": "b"}}},
            {"name": "C", "valueFrom": {"secretKeyRef": {"name": "by-operator", "key": "c"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "password"}}],
    }
    volumes = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "password", "secret": {"secretName": "password"}},
        {"name": "archive", "persistentVolumeClaim": {"claimName": "by-operator"}},
        {
            "name": "both",
            "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "other"}}]},
        },
    ]
    pod = {"containers": [container], "volumes": volumes, "imagePullSecrets": [{"name": "password"}, {"name": "pull"}]}
    template = {"metadata": {"labels": {"tier": "web", "app": "carts"}, "annotations": {"a": "b"}}, "spec": pod}
    return (
        named("ConfigMap", "settings", data={"a": "1"}),
        named("Secret", "password"),
        named("PersistentVolumeClaim", "data"),
        named(
            "Deployment", "carts", spec={"replicas": 2, "selector": {"matchLabels": {"x": "y"}}, "template": template}
        ),
        named("Service", "carts", spec={"selector": {"x": "y"}, "ports": [{"name": "http", "port": 80}]}),
    )


def only(kind: str, objects: tuple[Manifest, ...]) -> Manifest:
    found = [each for each in objects if each["kind"] == kind]
    assert len(found) == 1
    return found[0]


def test_a_stage_has_a_namespace_and_a_gateway_for_every_host() -> None:
    namespace, gateway = stage_objects(CARTS.project, CARTS.stage)
    assert ref_of(namespace) == Ref("Namespace", "", "sockshop-production")
    assert ref_of(gateway) == Ref("Gateway", "sockshop-production", "sockshop-production-gateway")
    assert gateway["spec"]["selector"] == {"istio": "ingressgateway"}
    assert gateway["spec"]["servers"] == [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]


def test_a_service_answers_under_its_long_and_its_short_host() -> None:
    assert hosts_of(CARTS) == (
        "carts.sockshop-production.localhost",
        "carts.sockshop-production.127.0.0.1.nip.io",
        "carts.sockshop-production.127.0.0.1.xip.io",
        "carts.production.localhost",
        "carts.production.127.0.0.1.nip.io",
        "carts.production.127.0.0.1.xip.io",
    )
    assert "carts.production.10.1.2.3.nip.io" in hosts_of(CARTS, "10.1.2.3")


def test_a_colour_is_a_deployment_with_the_documents_labels() -> None:
    deployment = only("Deployment", colour_objects(CARTS, rendered(), NEW, Colour.BLUE))
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert ref_of(deployment) == Ref("Deployment", "sockshop-production", "carts-blue")
    assert list(labels.items())[:2] == [("app", "sockshop-selector-carts"), ("deployment", "carts-blue")]
    assert labels["lockgate.dev/release"] == "r2"
    assert labels["tier"] == "web"
    assert deployment["spec"]["selector"] == {
        "matchLabels": {"app": "sockshop-selector-carts", "deployment": "carts-blue"}
    }
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["template"]["metadata"]["annotations"] == {"a": "b"}


def test_the_release_is_no_part_of_the_selector_since_that_may_not_change() -> None:
    first = only("Deployment", colour_objects(CARTS, rendered(), OLD, Colour.BLUE))
    second = only("Deployment", colour_objects(CARTS, rendered(), NEW, Colour.BLUE))
    assert first["spec"]["selector"] == second["spec"]["selector"]
    assert first["spec"]["template"]["metadata"]["labels"] != second["spec"]["template"]["metadata"]["labels"]


def test_a_colour_has_its_own_copies_of_what_it_uses_and_names_them() -> None:
    objects = colour_objects(CARTS, rendered(), NEW, Colour.GREEN)
    pod = only("Deployment", objects)["spec"]["template"]["spec"]
    container = pod["containers"][0]
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert names == [
        ("ConfigMap", "settings-green"),
        ("Secret", "password-green"),
        ("PersistentVolumeClaim", "data-green"),
        ("Deployment", "carts-green"),
    ]
    refs = [next(iter(entry["valueFrom"].values()))["name"] for entry in container["env"]]
    assert refs == ["settings-green", "password-green", "by-operator"]
    assert container["envFrom"] == [
        {"configMapRef": {"name": "settings-green"}},
        {"secretRef": {"name": "password-green"}},
    ]
    assert pod["volumes"][0] == {"name": "settings", "configMap": {"name": "settings-green"}}
    assert pod["volumes"][1]["persistentVolumeClaim"] == {"claimName": "data-green"}
    assert pod["volumes"][2]["secret"] == {"secretName": "password-green"}
    assert pod["volumes"][3]["persistentVolumeClaim"] == {"claimName": "by-operator"}
    assert pod["volumes"][4]["projected"]["sources"] == [
        {"configMap": {"name": "settings-green"}},
        {"secret": {"name": "other"}},
    ]
    assert pod["imagePullSecrets"] == [{"name": "password-green"}, {"name": "pull"}]


def test_a_direct_release_keeps_the_names_of_its_files() -> None:
    objects = direct_objects(CARTS, rendered(), NEW)
    deployment = only("Deployment", objects)
    assert [each["metadata"]["name"] for each in objects] == ["settings", "password", "data", "carts"]
    assert deployment["spec"]["template"]["metadata"]["labels"]["deployment"] == "carts"
    assert deployment["spec"]["template"]["spec"] == rendered()[3]["spec"]["template"]["spec"]


def test_rendering_leaves_what_was_rendered_as_it_is() -> None:
    objects = rendered()
    colour_objects(CARTS, objects, NEW, Colour.BLUE)
    assert objects == rendered()


def test_the_service_selects_both_colours_and_subsets_tell_them_apart() -> None:
    service, rule = shared_objects(CARTS, rendered(), DeploymentStrategy.BLUE_GREEN)
    assert service["spec"] == {"selector": {"app": "sockshop-selector-carts"}, "ports": [{"name": "http", "port": 80}]}
    assert ref_of(rule) == Ref("DestinationRule", "sockshop-production", "carts-production-destination")
    assert rule["spec"] == {
        "host": "carts.sockshop-production.svc.cluster.local",
        "subsets": [
            {"name": "blue", "labels": {"deployment": "carts-blue"}},
            {"name": "green", "labels": {"deployment": "carts-green"}},
        ],
    }


def test_a_direct_stage_needs_no_subsets() -> None:
    assert [each["kind"] for each in shared_objects(CARTS, rendered(), DeploymentStrategy.DIRECT)] == ["Service"]


def test_a_route_names_both_colours_with_their_weights_blue_first() -> None:
    route = virtual_service(CARTS, STATE, ["carts.production.localhost"], http=True)
    host = "carts.sockshop-production.svc.cluster.local"
    assert ref_of(route) == Ref("VirtualService", "sockshop-production", "sockshop-production-carts")
    assert route["spec"] == {
        "gateways": ["sockshop-production-gateway", "mesh"],
        "hosts": ["carts.production.localhost", host],
        "http": [
            {
                "route": [
                    {"destination": {"host": host, "subset": "blue"}, "weight": 100},
                    {"destination": {"host": host, "subset": "green"}, "weight": 0},
                ]
            }
        ],
    }


def test_a_direct_route_has_one_destination() -> None:
    route = virtual_service(CARTS, DirectState(NEW), ["carts.production.localhost"], http=True)
    assert route["spec"]["http"] == [
        {"route": [{"destination": {"host": "carts.sockshop-production.svc.cluster.local"}}]}
    ]


def test_a_service_that_speaks_no_http_is_routed_inside_only() -> None:
    route = virtual_service(CARTS, STATE, ["carts.production.localhost"], http=False)
    assert route["spec"]["gateways"] == ["mesh"]
    assert route["spec"]["hosts"] == ["carts.sockshop-production.svc.cluster.local"]
    assert [entry["weight"] for entry in route["spec"]["http"][0]["route"]] == [100, 0]


@pytest.mark.parametrize("strategy", list(DeploymentStrategy))
def test_all_that_is_applied_is_named_for_removal_routes_first(strategy: DeploymentStrategy) -> None:
    direct = strategy is DeploymentStrategy.DIRECT
    objects = [virtual_service(CARTS, DirectState(NEW) if direct else STATE, [], http=True)]
    objects += shared_objects(CARTS, rendered(), strategy)
    if direct:
        objects += direct_objects(CARTS, rendered(), NEW)
    else:
        for colour in Colour:
            objects += colour_objects(CARTS, rendered(), NEW, colour)
    refs = refs_of_place(CARTS, strategy, rendered())
    assert set(refs) == {ref_of(each) for each in objects}
    assert len(refs) == len(set(refs))
    assert refs[0].kind == "VirtualService"
    kinds = [ref.kind for ref in refs]
    assert kinds.index("Service") < kinds.index("Deployment") < kinds.index("PersistentVolumeClaim")
