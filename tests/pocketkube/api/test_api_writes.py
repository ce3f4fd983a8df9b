"""Create, replace, patch: defaults, strict fields, validation, stale and unchangeable things."""

from typing import Any

import pytest

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.incoming import UnsupportedMediaTypeError
from pocketkube.api.targets import parse_target
from pocketkube.api.writes import WriteOptions, Writes
from pocketkube.objects.errors import ConflictError, InvalidError, NotFoundError
from pocketkube.objects.kinds import KubeObject

DEPLOYMENTS = "/apis/apps/v1/namespaces/dev/deployments"
SERVICES = "/api/v1/namespaces/dev/services"
ROUTES = "/apis/networking.istio.io/v1/namespaces/dev/virtualservices"

CARTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: carts}
spec:
  selector: {matchLabels: {app: carts}}
  template:
    metadata: {labels: {app: carts}}
    spec:
      containers:
      - name: carts
        image: docker.io/keptnexamples/carts:0.6.0
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {port: 8080}}
        volumeMounts: [{name: files, mountPath: /files}]
      volumes: [{name: files, configMap: {name: files}}]
"""
ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: carts}
spec: {hosts: [carts], http: [{route: [{destination: {host: carts, subset: blue}, weight: 100}]}]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: carts}
spec: {selector: {app: carts}, ports: [{port: 80}]}
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: check}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: check, image: check}]}}}
"""


def test_the_servers_defaults_are_filled_in(calls: Any) -> None:
    spec = calls.create(DEPLOYMENTS, CARTS)["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]

    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert (pod["restartPolicy"], pod["dnsPolicy"], pod["terminationGracePeriodSeconds"]) == (
        "Always",
        "ClusterFirst",
        30,
    )
    assert pod["volumes"][0]["configMap"]["defaultMode"] == 0o644
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]
    assert container["readinessProbe"] == {
        "httpGet": {"port": 8080, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


def test_a_service_keeps_the_address_that_the_mesh_gave_it(calls: Any) -> None:
    created = calls.create(SERVICES, SERVICE)
    assert created["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert (created["spec"]["type"], created["spec"]["sessionAffinity"]) == ("ClusterIP", "None")
    calls.store.change("Service", "dev", "carts", lambda obj: obj["spec"].update(clusterIP="127.64.0.9"))

    assert calls.replace(f"{SERVICES}/carts", SERVICE)["spec"]["clusterIP"] == "127.64.0.9"


def test_two_jobs_of_one_name_select_different_pods(calls: Any) -> None:
    def selected() -> str:
        job = calls.create("/apis/batch/v1/namespaces/dev/jobs", JOB)
        labels: dict[str, str] = job["spec"]["selector"]["matchLabels"]
        assert labels.items() <= job["spec"]["template"]["metadata"]["labels"].items()
        assert labels == {"batch.kubernetes.io/controller-uid": job["metadata"]["uid"]}
        return labels.popitem()[1]

    first = selected()
    calls.store.delete("Job", "dev", "check")

    assert selected() != first


def test_plain_secrets_are_encoded(calls: Any) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"word": "ü"}}

    created = calls.create("/api/v1/namespaces/dev/secrets", secret)

    assert created["data"] == {"word": "w7w="}
    assert "stringData" not in created


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("subset: blue", "subsett: blue", 'unknown field "spec.http[0].route[0].destination.subsett"'),
        ("http:", "htttp:", 'unknown field "spec.htttp"'),
        ("weight: 100", "weight: a lot", 'spec.http[0].route[0].weight: expected an integer, got the string "a lot"'),
        ("weight: 100", "weight: -1", "spec.http[0].route[0].weight: -1 is less than 0"),
        ("[carts]", "carts", 'spec.hosts: expected a list, got the string "carts"'),
        ("{route", "{timeout: soon, route", "spec.http[0].timeout: 'soon' does not look right"),
    ],
)
def test_a_route_that_says_something_unknown_is_refused_with_the_path(
    calls: Any, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(BadRequestError) as refusal:
        calls.create(ROUTES, ROUTE.replace(old, new))

    assert complaint in refusal.value.message
    assert refusal.value.message.startswith('VirtualService in version "v1" cannot be handled as a VirtualService: ')
    assert refusal.value.details["causes"]


def test_all_unknown_fields_are_named_at_once(calls: Any) -> None:
    broken = CARTS.replace("image:", "imagee: x\n        image:").replace("selector:", "replica: 2\n  selector:")

    with pytest.raises(BadRequestError) as refusal:
        calls.create(DEPLOYMENTS, broken)

    assert refusal.value.message.endswith(
        'strict decoding error: unknown field "spec.replica", unknown field "spec.template.spec.containers[0].imagee"'
    )


def test_a_client_may_ask_for_warnings_instead(writes_and_route: tuple[Writes, KubeObject]) -> None:
    writes, route = writes_and_route
    options = WriteOptions("kubectl", field_validation="Warn")

    written = writes.create(parse_target(ROUTES), route, options)

    assert written.warnings == ('unknown field "spec.mirorr"',)
    assert "mirorr" not in written.object["spec"]


def test_a_client_may_ask_for_silence(writes_and_route: tuple[Writes, KubeObject]) -> None:
    writes, route = writes_and_route

    written = writes.create(parse_target(ROUTES), route, WriteOptions("kubectl", field_validation="Ignore"))

    assert written.warnings == ()
    assert "mirorr" not in written.object["spec"]


@pytest.fixture
def writes_and_route(calls: Any) -> tuple[Writes, KubeObject]:
    spec = {"hosts": ["carts"], "mirorr": True}
    kind, version = "VirtualService", "networking.istio.io/v1"
    return calls.writes, {"apiVersion": version, "kind": kind, "metadata": {"name": "carts"}, "spec": spec}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("labels: {app: carts}", "labels: {app: other}", "spec.template.metadata.labels: Invalid value"),
        ("name: carts}\n", "name: Carts}\n", 'metadata.name: Invalid value: "Carts"'),
        ("  selector: {matchLabels: {app: carts}}\n", "", "spec.selector: Required value"),
        ("image: docker.io/keptnexamples/carts:0.6.0", "image: ''", "spec.template.spec.containers[0].image: Required"),
        (
            "containerPort: 8080",
            "containerPort: 80800",
            "ports[0].containerPort: Invalid value: 80800: must be between",
        ),
        ("name: files, mountPath", "name: filez, mountPath", 'volumeMounts[0].name: Not found: "filez"'),
        (
            "{httpGet: {port: 8080}}",
            "{periodSeconds: 1}",
            "readinessProbe: Required value: must specify a handler type",
        ),
        (
            "      containers:",
            "      restartPolicy: Never\n      containers:",
            'restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ),
        ("spec:\n  selector", "spec:\n  strategy: {type: BlueGreen}\n  selector", '"Recreate", "RollingUpdate"'),
    ],
)
def test_an_impossible_deployment_is_refused_with_field_and_reason(
    calls: Any, old: str, new: str, complaint: str
) -> None:
    assert old in CARTS
    with pytest.raises(InvalidError) as refusal:
        calls.create(DEPLOYMENTS, CARTS.replace(old, new))

    assert complaint in refusal.value.message
    assert refusal.value.message.startswith("Deployment.apps ")


def test_the_selector_of_a_deployment_does_not_change(calls: Any) -> None:
    calls.create(DEPLOYMENTS, CARTS)

    with pytest.raises(InvalidError, match=r"spec\.selector: Invalid value: .*field is immutable"):
        calls.replace(f"{DEPLOYMENTS}/carts", CARTS.replace("app: carts", "app: other"))


def test_a_missing_namespace_is_named(calls: Any) -> None:
    with pytest.raises(NotFoundError, match='namespaces "staging" not found'):
        calls.create(DEPLOYMENTS.replace("dev", "staging"), CARTS)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("kind: Deployment", "kind: Pod", "kind"), ("apps/v1", "apps/v1beta1", "apiVersion")],
)
def test_the_object_and_the_url_must_agree(calls: Any, old: str, new: str, field: str) -> None:
    with pytest.raises(BadRequestError, match=f"the object says {field} .* the URL says"):
        calls.create(DEPLOYMENTS, CARTS.replace(old, new))


def test_replacing_with_a_stale_version_is_refused(calls: Any) -> None:
    first = calls.create(DEPLOYMENTS, CARTS)
    calls.patch(f"{DEPLOYMENTS}/carts", "merge-patch", {"spec": {"replicas": 2}})

    with pytest.raises(ConflictError, match="the object has been modified"):
        calls.replace(f"{DEPLOYMENTS}/carts", first)


def test_a_write_of_the_status_leaves_the_rest_alone_and_the_other_way_round(calls: Any) -> None:
    created = calls.create(DEPLOYMENTS, CARTS)
    del created["metadata"]["resourceVersion"]

    judged = calls.replace(
        f"{DEPLOYMENTS}/carts/status",
        {**created, "spec": {**created["spec"], "replicas": 7}, "status": {"replicas": 1}},
    )
    scaled = calls.patch(f"{DEPLOYMENTS}/carts", "merge-patch", {"spec": {"replicas": 2}, "status": {"replicas": 9}})

    assert (judged["spec"]["replicas"], judged["metadata"]["generation"]) == (1, 1)
    assert (scaled["spec"]["replicas"], scaled["metadata"]["generation"]) == (2, 2)
    assert scaled["status"] == {"replicas": 1}


def test_a_dry_run_answers_but_keeps_nothing(calls: Any) -> None:
    options = WriteOptions("kubectl", dry_run=True)

    written = calls.writes.create(parse_target(SERVICES), {**_service(), "metadata": {"name": "carts"}}, options)

    assert written.object["spec"]["type"] == "ClusterIP"
    assert calls.store.find("Service", "dev", "carts") is None


def _service() -> KubeObject:
    return {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80}]}}


def test_a_strategic_patch_merges_lists_by_their_key_and_deletes_by_directive(calls: Any) -> None:
    calls.create(DEPLOYMENTS, CARTS)

    def patched(container: KubeObject) -> Any:
        body = {"spec": {"template": {"spec": {"containers": [{"name": "carts", **container}]}}}}
        obj = calls.patch(f"{DEPLOYMENTS}/carts", "strategic-merge-patch", body)
        return obj["spec"]["template"]["spec"]["containers"]

    assert [each["name"] for each in patched({"name": "side", "image": "side:1"})] == ["carts", "side"]
    assert patched({"env": [{"name": "A", "value": "1"}]})[0]["env"] == [{"name": "A", "value": "1"}]
    assert patched({"env": [{"name": "B", "value": "2"}, {"name": "A", "$patch": "delete"}]})[0]["env"] == [
        {"name": "B", "value": "2"}
    ]
    assert [each["name"] for each in patched({"name": "side", "$patch": "delete"})] == ["carts"]


def test_a_strategic_patch_can_change_the_order_and_replace_a_strategy(calls: Any) -> None:
    calls.create(DEPLOYMENTS, CARTS)
    containers = [{"name": "side", "image": "side:1"}]
    template = {
        "spec": {"containers": containers, "$setElementOrder/containers": [{"name": "side"}, {"name": "carts"}]}
    }
    strategy = {"$retainKeys": ["type"], "type": "Recreate"}

    patched = calls.patch(
        f"{DEPLOYMENTS}/carts", "strategic-merge-patch", {"spec": {"template": template, "strategy": strategy}}
    )

    assert [each["name"] for each in patched["spec"]["template"]["spec"]["containers"]] == ["side", "carts"]
    assert patched["spec"]["strategy"] == {"type": "Recreate"}


def test_a_json_patch_whose_test_fails_changes_nothing(calls: Any) -> None:
    calls.create(DEPLOYMENTS, CARTS)
    operations = [
        {"op": "test", "path": "/spec/replicas", "value": 5},
        {"op": "replace", "path": "/spec/replicas", "value": 6},
    ]

    with pytest.raises(InvalidError):
        calls.patch(f"{DEPLOYMENTS}/carts", "json-patch", operations)
    assert calls.store.get("Deployment", "dev", "carts")["spec"]["replicas"] == 1


def test_only_built_in_kinds_are_patched_strategically_as_on_a_cluster(calls: Any) -> None:
    calls.create(ROUTES, ROUTE)

    with pytest.raises(UnsupportedMediaTypeError, match=r"accepted media types include: application/json-patch\+json"):
        calls.patch(f"{ROUTES}/carts", "strategic-merge-patch", {"spec": {}})


@pytest.mark.parametrize("change", [{"spec": {"containers": []}}, {"spec": {"restartPolicy": "Never"}}])
def test_the_spec_of_a_pod_does_not_change(calls: Any, change: KubeObject) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    calls.create("/api/v1/namespaces/dev/pods", {**pod, "spec": {"containers": [{"name": "c", "image": "i"}]}})

    with pytest.raises(InvalidError):
        calls.patch("/api/v1/namespaces/dev/pods/p", "merge-patch", change)
