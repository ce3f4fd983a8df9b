"""Values become objects, and every fault in them is named with its line."""

from typing import Any

import pytest

from lockgate.charts.service import ServiceCharts, validate_service
from lockgate.domain.artifact import Artifact
from lockgate.domain.errors import SpecError
from lockgate.domain.manifest import Manifest
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place

# Keptn 0.2.2's own file for carts, as users have it.
KEPTN = """\
replicaCount: 1
image: {repository: null, tag: null, pullPolicy: IfNotPresent}
service: {name: carts, type: LoadBalancer, externalPort: 80, internalPort: 8080}
container: {name: carts}
resources: {limits: {cpu: 100m, memory: 128Mi}, requests: {cpu: 100m, memory: 128Mi}}
"""
DATABASE = """\
image:
  repository: mongo
service: {name: carts-db, externalPort: 27017, internalPort: 27017}
volume: {name: carts-db-mongodata, size: 100Mi, mountPath: /data/db}
"""
ARTIFACT = Artifact("docker.io/keptnexamples/carts", "0.6.0")


def place(service: str) -> Place:
    return Place(ProjectName("sockshop"), StageName("dev"), ServiceName(service))


def render(text: str, service: str = "carts") -> dict[str, Manifest]:
    objects = ServiceCharts().render(place(service), {"values.yaml": text}, ARTIFACT)
    return {each["kind"]: each for each in objects}


def container(objects: dict[str, Manifest]) -> dict[str, Any]:
    found: dict[str, Any] = objects["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    return found


def faults(text: str, service: str = "carts") -> list[str]:
    return [str(fault) for fault in validate_service(service, {"values.yaml": text})]


def test_keptns_own_values_are_an_http_service_that_receives_artifacts() -> None:
    shape = ServiceCharts().shape("carts", {"values.yaml": KEPTN})
    assert (shape.fixed, shape.port, shape.http, shape.health_path) == (None, 80, True, "/health")


def test_a_repository_in_the_values_is_a_fixed_image_that_speaks_its_own_protocol() -> None:
    shape = ServiceCharts().shape("carts-db", {"values.yaml": DATABASE})
    assert (shape.fixed, shape.port, shape.http) == (Artifact("mongo", "latest"), 27017, False)


def test_the_tag_of_a_fixed_image_is_taken_as_it_is_written() -> None:
    text = "image: {repository: nginx, tag: 1.10}\nservice: {internalPort: 80}\nhealth: {path: /up}\n"
    shape = ServiceCharts().shape("web", {"values.yaml": text})
    assert (shape.fixed, shape.http, shape.health_path) == (Artifact("nginx", "1.10"), True, "/up")


def test_the_deployment_runs_the_artifact_with_the_documents_container() -> None:
    found = container(render(KEPTN))
    assert (found["name"], found["image"]) == ("carts", "docker.io/keptnexamples/carts:0.6.0")
    assert found["resources"]["limits"] == {"cpu": "100m", "memory": "128Mi"}
    assert found["ports"] == [{"name": "internalport", "containerPort": 8080, "protocol": "TCP"}]


def test_pods_know_who_they_are() -> None:
    environment = {each["name"]: each for each in container(render(KEPTN))["env"]}
    assert environment["DEPLOYMENT_NAME"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['deployment']"
    assert environment["CONTAINER_IMAGE"]["value"] == "docker.io/keptnexamples/carts:0.6.0"
    assert [environment[f"KEPTN_{name}"]["value"] for name in ("PROJECT", "STAGE", "SERVICE")] == [
        "sockshop",
        "dev",
        "carts",
    ]


def test_variables_of_the_users_own_are_passed_as_written() -> None:
    environment = container(render(KEPTN + "env: {LEVEL: 1.10, DEBUG: yes, AT: 12:30, DAY: 2026-01-02}\n"))["env"]
    assert {each["name"]: each.get("value") for each in environment[-4:]} == {
        "LEVEL": "1.10",
        "DEBUG": "yes",
        "AT": "12:30",
        "DAY": "2026-01-02",
    }


def test_http_services_are_probed_at_their_health_path_and_others_at_their_port() -> None:
    http, tcp = container(render(KEPTN)), container(render(DATABASE, "carts-db"))
    for probe in ("readinessProbe", "livenessProbe"):
        assert http[probe]["httpGet"] == {"path": "/health", "port": 8080}
        assert tcp[probe]["tcpSocket"] == {"port": 27017}


def test_the_services_port_says_what_it_speaks() -> None:
    assert render(KEPTN)["Service"]["spec"] == {
        "type": "LoadBalancer",
        "ports": [{"name": "http", "port": 80, "targetPort": "internalport", "protocol": "TCP"}],
    }
    assert render(DATABASE, "carts-db")["Service"]["spec"]["ports"][0]["name"] == "tcp"


def test_a_volume_is_claimed_mounted_and_has_one_writer_at_a_time() -> None:
    objects = render(DATABASE, "carts-db")
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    assert objects["PersistentVolumeClaim"]["spec"]["resources"] == {"requests": {"storage": "100Mi"}}
    assert pod["volumes"][0]["persistentVolumeClaim"] == {"claimName": "carts-db-mongodata"}
    assert container(objects)["volumeMounts"] == [{"name": "carts-db-mongodata", "mountPath": "/data/db"}]
    assert objects["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}


def test_a_rolling_update_never_takes_a_pod_away_before_its_successor_is_there() -> None:
    strategy = render(KEPTN)["Deployment"]["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_metrics_are_announced_by_annotations_and_their_own_port() -> None:
    objects = render(KEPTN + "metrics: {path: /prometheus, port: 9100}\n")
    assert objects["Deployment"]["spec"]["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9100",
        "prometheus.io/path": "/prometheus",
    }
    assert container(objects)["ports"][1]["containerPort"] == 9100
    assert "annotations" not in render(KEPTN)["Deployment"]["spec"]["template"]["metadata"]


def test_a_protocol_that_is_named_wins() -> None:
    text = "service: {internalPort: 6379, externalPort: 6379, protocol: tcp}\n"
    assert ServiceCharts().shape("carts", {"values.yaml": text}).http is False


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("replicas: 2", "carts/values.yaml:6: replicas: unknown field: did you mean replicaCount?"),
        ("metrics: {url: /x}", "carts/values.yaml:6: metrics.url: unknown field: known are path, port"),
        ("health: up", "carts/values.yaml:6: health: is 'up' and must be a mapping"),
        ("health: {path: up}", "carts/values.yaml:6: health.path: is 'up' and must be a path such as /health"),
        ("env: [A]", "carts/values.yaml:6: env: is ['A'] and must be a mapping"),
        ("env: {POD_NAME: x}", "carts/values.yaml:6: env.POD_NAME: is set by Lockgate"),
        ("env: {A-B: x}", "carts/values.yaml:6: env.A-B: is not a variable's name"),
        ("env: {A: [1]}", "carts/values.yaml:6: env.A: must be one value"),
        ("strategy: Canary", "carts/values.yaml:6: strategy: is 'Canary': known are RollingUpdate, Recreate"),
        ("volume: {size: 1Gi, mountPath: /x}", "carts/values.yaml:6: volume.name: is missing"),
        (
            "volume: {name: a, size: big, mountPath: /x}",
            "carts/values.yaml:6: volume.size: is 'big' and must be an amount",
        ),
        ("volume: {name: a, mountPath: x}", "carts/values.yaml:6: volume.mountPath: is 'x' and must be an absolute"),
        ("env: {A: 1}\nenv: {B: 2}", "carts/values.yaml:7: env: is given twice"),
    ],
)
def test_a_fault_is_named_with_its_line_and_the_way_out(line: str, said: str) -> None:
    (fault,) = faults(f"{KEPTN}{line}\n")
    assert fault.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service: {name: foo, internalPort: 80}", "carts/values.yaml:1: service.name: is 'foo' and must be 'carts'"),
        ("service: {internalPort: 70000}", "service.internalPort: is 70000 and must be a whole number from 1 to 65535"),
        ("service: {internalPort: true}", "service.internalPort: is True and must be"),
        ("service: {}", "service.internalPort: is missing"),
        ("image: {tag: '1'}\nservice: {internalPort: 80}", "carts/values.yaml:1: image.tag: is given without"),
        (
            "image: {repository: 'a b'}\nservice: {internalPort: 80}",
            "image.repository: image 'a b' is not an image name",
        ),
        ("resources: {limits: {cpu: 100q}}\nservice: {internalPort: 80}", "resources.limits.cpu: is '100q'"),
        (
            "service: {internalPort: 80, protocol: tcp}\nhealth: {path: /}",
            "carts/values.yaml:2: health: asks over HTTP",
        ),
        ("", "carts/values.yaml: holds 0 YAML documents"),
        ("a: [\nb: c", "carts/values.yaml:2: is not YAML"),
        ("- 1", "carts/values.yaml:1: is [1] and must be a mapping"),
        ("a: !secret x", "carts/values.yaml:1: is not YAML"),
        ("a: .nan", "a: '.nan' has no place in JSON"),
        ("a: &a [*a]", "aliases make it endless"),
    ],
)
def test_a_broken_file_is_refused(text: str, said: str) -> None:
    assert any(said in fault for fault in faults(text))


def test_aliases_of_aliases_do_not_fill_the_memory() -> None:
    text = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{after}: &{after} [{','.join(f'*{before}' for _ in range(10))}]\n"
        for before, after in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "far too large" in faults(text)[0]


def test_all_faults_are_reported_at_once_in_the_order_of_lines() -> None:
    found = validate_service("carts", {"values.yaml": "replicaCount: x\nstratgy: y\nservice: {internalPort: 0}\n"})
    assert [fault.line for fault in found] == [1, 2, 3]


def test_rendering_a_broken_file_raises() -> None:
    with pytest.raises(SpecError, match="stratgy"):
        ServiceCharts().render(place("carts"), {"values.yaml": f"{KEPTN}stratgy: x"}, ARTIFACT)
