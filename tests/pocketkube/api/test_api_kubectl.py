"""The real kubectl against the API: commands and exactly what they print. No controllers run here."""

import re
from typing import Any

import pytest

from pocketkube.objects.kinds import KubeObject

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: carts-blue, namespace: dev, labels: {app: carts}}
spec:
  replicas: 1
  selector: {matchLabels: {app: carts}}
  template:
    metadata: {labels: {app: carts}}
    spec: {containers: [{name: carts, image: "docker.io/keptnexamples/carts:0.6.0"}]}
"""
ROUTE = """
apiVersion: networking.istio.io/v1alpha3
kind: VirtualService
metadata: {name: carts, namespace: dev}
spec:
  hosts: [carts.dev.localhost]
  gateways: [gw]
  http: [{route: [{destination: {host: carts, subset: blue}, weight: 100}]}]
"""
CONFIG = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: dev}, data: {a: '1', b: '2'}}"


def fill(live: Any) -> None:
    """What controllers would have made of a few objects."""
    create = live.store.create
    labels = {"app": "carts"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "carts", "image": "carts:0.6.0"}]}}
    workload = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    counts = {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    create(_object("Deployment", "carts-blue", spec=workload, status=counts))
    create(_object("ReplicaSet", "carts-blue-6d", spec=workload, status=counts))
    create(_object("Job", "check", spec={**workload, "completions": 1}, status={"startTime": "2026-11-22T21:00:00Z"}))
    spec = {"type": "LoadBalancer", "clusterIP": "127.64.0.1", "selector": labels, "ports": [_port(80, 31380)]}
    create(_object("Service", "gateway", spec=spec, status={"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}))
    create(_object("Service", "carts", spec={"type": "ClusterIP", "clusterIP": "127.64.0.2", "ports": [_port(80)]}))
    create(_object("ConfigMap", "settings", data={"a": "1", "b": "2"}))
    create(_object("Secret", "word", type="Opaque", data={"a": "Yg=="}))
    create(_object("VirtualService", "carts", spec={"hosts": ["carts.localhost", "carts"], "gateways": ["gw"]}))
    create(_object("DestinationRule", "carts", spec={"host": "carts"}))
    create(_object("Gateway", "gw", spec={}))
    claim = {"accessModes": ["ReadWriteOnce"], "volumeName": "dev-files", "volumeMode": "Filesystem"}
    bound = {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"]}
    create(_object("PersistentVolumeClaim", "files", spec=claim, status=bound))
    for name, status in _PODS.items():
        create(_object("Pod", name, spec={"containers": [{"name": "carts", "image": "carts"}]}, status=status))
    leaving = _object("Pod", "leaving", spec={"containers": [{"name": "c"}]}, status={"phase": "Running"})
    leaving["metadata"]["finalizers"] = ["pocketkube.dev/runtime"]
    create(leaving)
    live.store.delete("Pod", "dev", "leaving")


def _object(kind: str, name: str, **parts: Any) -> KubeObject:
    return {"kind": kind, "metadata": {"name": name, "namespace": "dev"}, **parts}


def _port(number: int, node: int | None = None) -> KubeObject:
    return {"port": number, "protocol": "TCP", **({"nodePort": node} if node else {})}


def _waiting(reason: str, restarts: int = 0) -> KubeObject:
    each = {"name": "carts", "ready": False, "restartCount": restarts, "state": {"waiting": {"reason": reason}}}
    if restarts:
        each["lastState"] = {"terminated": {"exitCode": 1, "finishedAt": "2026-11-22T21:00:00Z"}}
    return {"phase": "Pending", "containerStatuses": [each]}


_RUNNING = {"name": "carts", "ready": True, "restartCount": 0, "state": {"running": {}}}
_DONE = {
    "name": "carts",
    "ready": False,
    "restartCount": 0,
    "state": {"terminated": {"exitCode": 0, "reason": "Completed"}},
}
_PODS: dict[str, KubeObject] = {
    "crashing": _waiting("CrashLoopBackOff", 3),
    "done": {"phase": "Succeeded", "containerStatuses": [_DONE]},
    "new": {"phase": "Pending"},
    "running": {"phase": "Running", "podIP": "127.64.16.1", "containerStatuses": [_RUNNING]},
    "unknown": _waiting("ErrImagePull"),
}

TABLES = {
    "get deployments": """
NAME         DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE
carts-blue   1         1         1            1           90s
""",
    "get deployments -o wide": """
NAME         DESIRED   CURRENT   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES        SELECTOR
carts-blue   1         1         1            1           90s   carts        carts:0.6.0   app=carts
""",
    "get rs": """
NAME            DESIRED   CURRENT   READY   AGE
carts-blue-6d   1         1         1       90s
""",
    "get pods": """
NAME       READY   STATUS             RESTARTS      AGE
crashing   0/1     CrashLoopBackOff   3 (90s ago)   90s
done       0/1     Completed          0             90s
leaving    0/1     Terminating        0             90s
new        0/1     Pending            0             90s
running    1/1     Running            0             90s
unknown    0/1     ErrImagePull       0             90s
""",
    "get pod running -o wide": """
NAME      READY   STATUS    RESTARTS   AGE   IP            NODE     NOMINATED NODE   READINESS GATES
running   1/1     Running   0          90s   127.64.16.1   <none>   <none>           <none>
""",
    "get svc": """
NAME      TYPE           CLUSTER-IP   EXTERNAL-IP   PORT(S)        AGE
carts     ClusterIP      127.64.0.2   <none>        80/TCP         90s
gateway   LoadBalancer   127.64.0.1   127.0.0.1     80:31380/TCP   90s
""",
    "get jobs": """
NAME    STATUS    COMPLETIONS   DURATION   AGE
check   Running   0/1           90s        90s
""",
    "get pvc": """
NAME    STATUS   VOLUME      CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
files   Bound    dev-files   1Gi        RWO                           <unset>                 90s
""",
    "get cm": """
NAME       DATA   AGE
settings   2      90s
""",
    "get secrets": """
NAME   TYPE     DATA   AGE
word   Opaque   1      90s
""",
    "get vs": """
NAME    GATEWAYS   HOSTS                         AGE
carts   ["gw"]     ["carts.localhost","carts"]   90s
""",
    "get dr,gw": """
NAME                                        HOST    AGE
destinationrule.networking.istio.io/carts   carts   90s

NAME                             AGE
gateway.networking.istio.io/gw   90s
""",
    "get ns": """
NAME      STATUS   AGE
default   Active   90s
dev       Active   90s
""",
    "get pods --field-selector status.phase=Running --no-headers -o name": "\npod/leaving\npod/running\n",
    "get cm -l app=nobody": "\nNo resources found in dev namespace.\n",
    "get pods new -o jsonpath={.status.phase}": "\nPending",
    "get deploy carts-blue -o custom-columns=N:.metadata.name,I:.spec.template.spec.containers[*].image": """
N            I
carts-blue   carts:0.6.0
""",
    "get --raw /healthz": "\nok",
}


@pytest.mark.parametrize("command", TABLES)
async def test_kubectl_prints(live: Any, command: str) -> None:
    fill(live)
    live.clock.advance(90)

    assert await live.ok(*command.split(), "-n", "dev") == TABLES[command].removeprefix("\n")


async def test_lists_come_in_pages_when_asked_for(live: Any) -> None:
    fill(live)

    listed = await live.ok("get", "pods", "-n", "dev", "-o", "name", "--chunk-size=2")

    assert listed.split() == [f"pod/{name}" for name in sorted([*_PODS, "leaving"])]


async def test_api_resources_names_every_kind_with_its_short_names(live: Any) -> None:
    lines = (await live.ok("api-resources", "--no-headers")).splitlines()

    found = {words[-1]: words[:-3] for words in (line.split() for line in lines)}
    assert found["Deployment"] == ["deployments", "deploy"]
    assert found["VirtualService"] == ["virtualservices", "vs"]
    assert {"Namespace", "Pod", "ReplicaSet", "Service", "ConfigMap", "Secret", "Job", "Event"} <= found.keys()


SESSION = [
    # Each line: the command, then what it prints; ages and uids do not occur.
    ("create ns shop", "namespace/shop created"),
    ("create ns shop", 'Error from server (AlreadyExists): namespaces "shop" already exists'),
    ("create configmap c --from-literal=a=b -n shop", "configmap/c created"),
    ("create secret generic s --from-literal=a=b -n shop", "secret/s created"),
    ("create deployment web --image=web:1 --port=8080 --replicas=2 -n shop", "deployment.apps/web created"),
    ("create service clusterip web --tcp=80:8080 -n shop", "service/web created"),
    ("create job check --image=check -n shop -- true", "job.batch/check created"),
    ("run p --image=web:1 -n shop", "pod/p created"),
    ("get deploy web -n shop -o jsonpath={.spec.replicas}/{.spec.template.spec.containers[0].ports[0]}", None),
    ("scale deploy/web --replicas=3 -n shop", "deployment.apps/web scaled"),
    ("scale deploy/web --current-replicas=9 --replicas=1 -n shop", "error: Expected replicas to be 9, was 3"),
    ("set image deploy/web web=web:2 -n shop", "deployment.apps/web image updated"),
    ("set env deploy/web A=B -n shop", "deployment.apps/web env updated"),
    ("label deploy web tier=front -n shop", "deployment.apps/web labeled"),
    ("annotate deploy web note=hello -n shop", "deployment.apps/web annotated"),
    ("rollout pause deploy/web -n shop", "deployment.apps/web paused"),
    ("rollout resume deploy/web -n shop", "deployment.apps/web resumed"),
    ("rollout restart deploy/web -n shop", "deployment.apps/web restarted"),
    ('patch deploy web -n shop -p {"spec":{"minReadySeconds":1}}', "deployment.apps/web patched"),
    ('patch deploy web -n shop --type=merge -p {"spec":{"minReadySeconds":2}}', "deployment.apps/web patched"),
    (
        'patch deploy web -n shop --type=json -p [{"op":"remove","path":"/spec/minReadySeconds"}]',
        "deployment.apps/web patched",
    ),
    ("expose deploy web --name=other --port=80 -n shop", "service/other exposed"),
    ("auth can-i delete deployments -n shop", "yes"),
    ("delete pod p -n shop --grace-period=0 --force", None),
    ("delete svc,cm --all -n shop", 'service "other" deleted from shop namespace'),
    ("delete deploy web -n shop --cascade=orphan", 'deployment.apps "web" deleted from shop namespace'),
    ("get deploy web -n shop", 'Error from server (NotFound): deployments.apps "web" not found'),
    ("delete ns shop", 'namespace "shop" deleted'),
    ("get ns shop", 'Error from server (NotFound): namespaces "shop" not found'),
]


async def test_a_session_of_writing_commands(live: Any) -> None:
    for command, said in SESSION:
        _, output = await live.kubectl(*command.split())
        if said is not None:
            assert said in output.splitlines(), f"{command}: {output}"
        else:
            assert "rror" not in output, f"{command}: {output}"


async def test_typed_commands_send_everything_that_they_were_told(live: Any) -> None:
    await live.ok("create", "deployment", "web", "--image=web:1", "--port=8080", "--replicas=0", "-n", "dev")
    await live.ok("create", "service", "nodeport", "web", "--tcp=80:http", "--node-port=30080", "-n", "dev")
    await live.ok("create", "secret", "generic", "s", "--from-literal=a=ü", "-n", "dev")

    deployment, service = live.store.get("Deployment", "dev", "web"), live.store.get("Service", "dev", "web")
    assert deployment["spec"]["replicas"] == 0
    assert deployment["spec"]["template"]["spec"]["containers"][0]["ports"] == [
        {"containerPort": 8080, "protocol": "TCP"}
    ]
    assert service["spec"]["ports"][0] | {"name": "x"} == {
        "name": "x",
        "port": 80,
        "protocol": "TCP",
        "targetPort": "http",
        "nodePort": 30080,
    }
    assert live.store.get("Secret", "dev", "s")["data"] == {"a": "w7w="}


@pytest.mark.parametrize("side", [[], ["--server-side"]])
async def test_apply_creates_then_is_silent_then_removes_what_is_no_longer_said(live: Any, side: list[str]) -> None:
    applied = ["apply", *side, "-f", "-"]
    verb = "serverside-applied" if side else "created"
    assert await live.ok(*applied, stdin=CONFIG) == f"configmap/settings {verb}\n"
    version = live.store.get("ConfigMap", "dev", "settings")["metadata"]["resourceVersion"]

    again = await live.ok(*applied, stdin=CONFIG)

    assert again == f"configmap/settings {'serverside-applied' if side else 'unchanged'}\n"
    assert live.store.get("ConfigMap", "dev", "settings")["metadata"]["resourceVersion"] == version
    await live.ok(*applied, stdin=CONFIG.replace("a: '1', ", ""))
    assert live.store.get("ConfigMap", "dev", "settings")["data"] == {"b": "2"}


async def test_what_was_applied_by_the_client_can_go_on_by_server_side_apply(live: Any) -> None:
    await live.ok("apply", "-f", "-", stdin=CONFIG)
    await live.ok("apply", "--server-side", "-f", "-", stdin=CONFIG.replace("a: '1', ", ""))

    assert live.store.get("ConfigMap", "dev", "settings")["data"] == {"b": "2"}


async def test_kubectl_shows_a_conflict_and_can_force_it(live: Any) -> None:
    await live.ok("apply", "--server-side", "--field-manager=lockgate", "-f", "-", stdin=CONFIG)
    changed = CONFIG.replace("a: '1'", "a: '9'")

    code, output = await live.kubectl("apply", "--server-side", "-f", "-", stdin=changed)
    forced = await live.ok("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=changed)

    assert code == 1
    assert 'Apply failed with 1 conflict: conflict with "lockgate": .data.a' in output
    assert forced == "configmap/settings serverside-applied\n"


@pytest.mark.parametrize("command", ["apply", "create", "apply --server-side"])
async def test_a_misspelt_field_is_refused_with_its_path(live: Any, command: str) -> None:
    code, output = await live.kubectl(*command.split(), "-f", "-", stdin=ROUTE.replace("weight", "wieght"))

    assert code == 1
    assert 'strict decoding error: unknown field "spec.http[0].route[0].wieght"' in output
    assert live.store.list("VirtualService") == []


async def test_a_misspelt_field_is_a_warning_for_those_who_ask(live: Any) -> None:
    output = await live.ok("create", "--validate=warn", "-f", "-", stdin=ROUTE.replace("weight", "wieght"))

    assert output.splitlines() == [
        'Warning: unknown field "spec.http[0].route[0].wieght"',
        "virtualservice.networking.istio.io/carts created",
    ]


async def test_diff_shows_what_apply_would_change_and_changes_nothing(live: Any) -> None:
    await live.ok("apply", "--server-side", "-f", "-", stdin=CONFIG)

    same, _ = await live.kubectl("diff", "--server-side", "-f", "-", stdin=CONFIG)
    code, output = await live.kubectl("diff", "--server-side", "-f", "-", stdin=CONFIG.replace("'2'", "'3'"))

    assert (same, code) == (0, 1)
    assert re.search(r'^-  b: "2"\n\+  b: "3"$', output, re.MULTILINE)
    assert live.store.get("ConfigMap", "dev", "settings")["data"]["b"] == "2"


async def test_describe_shows_the_servers_defaults(live: Any) -> None:
    await live.ok("apply", "-f", "-", stdin=DEPLOYMENT)

    described = await live.ok("describe", "deployment", "carts-blue", "-n", "dev")

    for line in (
        "StrategyType:           RollingUpdate",
        "RollingUpdateStrategy:  25% max unavailable, 25% max surge",
        "    Image:         docker.io/keptnexamples/carts:0.6.0",
        "Events:            <none>",
    ):
        assert line in described.splitlines(), described


async def test_describe_shows_a_route_as_the_document_does(live: Any) -> None:
    await live.ok("apply", "-f", "-", stdin=ROUTE)

    described = await live.ok("describe", "virtualService", "-n", "dev")

    wanted = """
  Http:
    Route:
      Destination:
        Host:    carts
        Subset:  blue
      Weight:    100
"""
    assert wanted in described


async def test_explain_knows_built_in_and_istio_kinds(live: Any) -> None:
    assert "rollingUpdate\t<RollingUpdateDeployment>" in await live.ok("explain", "deployment.spec.strategy")
    assert "subset\t<string>" in await live.ok("explain", "virtualservice.spec.http.route.destination")


async def test_a_refused_change_is_told_with_the_name_of_the_kind(live: Any) -> None:
    await live.ok("apply", "-f", "-", stdin=DEPLOYMENT)

    code, output = await live.kubectl("apply", "-f", "-", stdin=DEPLOYMENT.replace("{app: carts}", "{app: other}"))

    assert code == 1
    assert output.startswith('The Deployment "carts-blue" is invalid: spec.selector: Invalid value'), output
