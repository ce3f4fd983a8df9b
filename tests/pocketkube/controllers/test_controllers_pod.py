import asyncio
import os
import signal
from typing import Any

import pytest

from pocketkube.runtime.procfs import alive, ended
from pocketkube.runtime.runs import Launcher, Plan, Run

FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(1000)"
PATIENT = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(1000)"
)


def spec(*args: str, policy: str = "Always", image: str = "python:1", **container: Any) -> dict[str, Any]:
    return {"restartPolicy": policy, "containers": [{"name": "c", "image": image, "args": list(args), **container}]}


async def test_a_pod_gets_an_address_runs_and_becomes_ready_by_its_probe(cluster: Any) -> None:
    probe = {"httpGet": {"port": "http"}, "initialDelaySeconds": 600, "timeoutSeconds": 20}
    ports = [{"name": "http", "containerPort": 8080}]
    cluster.create("Pod", "web", spec=spec(image="web:1", readinessProbe=probe, ports=ports))
    await cluster.until(lambda: cluster.is_ready("web"), "readiness")
    pod = cluster.get("Pod", "web")
    (status,) = pod["status"]["containerStatuses"]
    assert pod["status"]["phase"] == "Running"
    assert pod["status"]["podIP"] == cluster.addresses.given[0]
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)
    assert status["imageID"].startswith("web@sha256:")
    reasons = {reason for _, reason, _ in cluster.events()}
    assert reasons - {"Unhealthy"} == {"Scheduled", "Pulled", "Created", "Started"}


async def test_an_unknown_image_says_what_to_add_and_starts_once_it_is_added(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec(image="some/thing:2", policy="Never"))
    waiting = await cluster.until(lambda: cluster.state(cluster.find("Pod", "p")).get("waiting"), "a reason")
    await cluster.until(lambda: cluster.said("Failed"), "the event")
    advice = (
        'image "some/thing:2" is not in the catalogue: add an [[image]] with repository = "some/thing" '
        f"to {cluster.images}"
    )
    await cluster.until(
        lambda: cluster.state(cluster.get("Pod", "p"))["waiting"] == {"reason": "ErrImagePull", "message": advice},
        f"ErrImagePull, not {waiting}",
    )
    assert ("p", "Failed", advice) in cluster.events()
    assert cluster.get("Pod", "p")["status"]["phase"] == "Pending"

    with cluster.images.open("a") as file:
        file.write('[[image]]\nrepository = "some/thing"\ncommand = ["true"]\n')
    await cluster.until(lambda: cluster.get("Pod", "p")["status"]["phase"] == "Succeeded", "success")


async def test_a_crashing_container_is_restarted_with_growing_delays(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec("import os; print(os.getpid()); raise SystemExit(3)"))

    def waiting() -> dict[str, str]:
        return dict(cluster.state(cluster.find("Pod", "p")).get("waiting", {}))

    await cluster.until(lambda: waiting().get("message", "").startswith("back-off 1s"), "a first back-off")
    await cluster.until(lambda: waiting().get("message", "").startswith("back-off 2s"), "a second back-off")
    pod = cluster.get("Pod", "p")
    last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert waiting()["reason"] == "CrashLoopBackOff"
    assert (last["exitCode"], last["reason"]) == (3, "Error")
    assert pod["status"]["phase"] == "Running"
    assert cluster.restarts(pod) == 1
    assert cluster.said("BackOff")
    assert cluster.log("p") != cluster.log("p", "log.1")


async def test_a_container_that_was_over_before_anybody_looked_has_its_ids_and_restarts_all_the_same(
    cluster: Any,
) -> None:
    await cluster.stop()
    cluster.create("Pod", "p", spec=spec("pass", policy="OnFailure"))
    folder = cluster.folder("p")
    second = Run.numbered(folder, 2)
    await Launcher().launch(
        second, Plan(["true"], {"PATH": os.defpath}, str(folder / "root"), str(folder / "log"), 0.0)
    )
    await second.over()
    cluster.start()

    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Succeeded", "success")
    (status,) = cluster.get("Pod", "p")["status"]["containerStatuses"]
    assert status["restartCount"] == 1
    assert status["imageID"].startswith("python@sha256:")
    assert status["containerID"] == status["state"]["terminated"]["containerID"]


@pytest.mark.parametrize(
    ("policy", "code", "phase"),
    [("Never", 0, "Succeeded"), ("Never", 4, "Failed"), ("OnFailure", 0, "Succeeded")],
)
async def test_a_pod_that_need_not_run_again_ends_with_its_exit_code(
    cluster: Any, policy: str, code: int, phase: str
) -> None:
    cluster.create("Pod", "p", spec=spec(f"raise SystemExit({code})", policy=policy))
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == phase, phase)
    pod = cluster.get("Pod", "p")
    assert cluster.state(pod)["terminated"]["exitCode"] == code
    assert cluster.condition(pod, "Ready")["status"] == "False"


async def test_a_killed_process_comes_back_with_the_same_address(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec(FOREVER))
    await cluster.until(lambda: cluster.is_ready("p"), "readiness")
    before = cluster.get("Pod", "p")
    os.kill(cluster.child("p").pid, signal.SIGKILL)
    await cluster.until(lambda: cluster.restarts(cluster.get("Pod", "p")) == 1 and cluster.is_ready("p"), "a restart")
    after = cluster.get("Pod", "p")
    assert after["status"]["podIP"] == before["status"]["podIP"]
    assert after["status"]["containerStatuses"][0]["lastState"]["terminated"]["exitCode"] == 137


async def test_a_container_that_fails_its_liveness_probe_is_restarted(cluster: Any) -> None:
    probe = {"httpGet": {"path": "/sick", "port": 8080}, "periodSeconds": 0.2, "timeoutSeconds": 20}
    ready = {"httpGet": {"port": 8080}, "timeoutSeconds": 20}
    cluster.create(
        "Pod", "p", spec=spec(image="web:1", readinessProbe=ready, livenessProbe={**probe, "initialDelaySeconds": 1})
    )
    await cluster.until(lambda: cluster.is_ready("p"), "readiness")
    (cluster.folder("p") / "root" / "sick").touch()
    await cluster.until(lambda: cluster.restarts(cluster.get("Pod", "p")) == 1, "a restart")
    assert cluster.said("Killing", "Container c failed liveness probe, will be restarted")
    assert cluster.said("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503")
    await cluster.until(lambda: cluster.is_ready("p"), "readiness again")
    assert not (cluster.folder("p") / "root" / "sick").exists(), "a restarted container begins with a fresh root"


async def test_a_deleted_pod_stays_visible_until_its_process_is_gone(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec(PATIENT, terminationGracePeriodSeconds=30))
    await cluster.until(lambda: "up" in cluster.log("p"), "the program")
    child = cluster.child("p")
    cluster.store.delete("Pod", "shop", "p")
    await cluster.until(lambda: cluster.said("Killing"), "the event")
    assert alive(child)
    assert "deletionTimestamp" in cluster.get("Pod", "p")["metadata"]
    cluster.store.delete("Pod", "shop", "p", grace_seconds=0)  # kubectl delete --force: no more patience.
    await cluster.until(lambda: cluster.find("Pod", "p") is None, "the end of the pod")
    assert not alive(child)
    assert not cluster.folder("p").exists()


async def test_a_pod_object_taken_away_by_force_takes_its_process_along(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec(PATIENT))
    await cluster.until(lambda: "up" in cluster.log("p"), "the program")
    child = cluster.child("p")
    cluster.change("Pod", "p", lambda pod: pod["metadata"].update(finalizers=[]))
    cluster.store.delete("Pod", "shop", "p")
    assert cluster.find("Pod", "p") is None
    await cluster.until(lambda: not alive(child), "the end of the process")
    await cluster.until(lambda: not cluster.folder("p").exists(), "the end of the folder")


async def test_a_pod_waits_for_the_config_map_it_names_and_then_starts(cluster: Any) -> None:
    source = [{"configMapRef": {"name": "settings"}}]
    cluster.create("Pod", "p", spec=spec("import os; print(os.environ['COLOUR'])", policy="Never", envFrom=source))
    await cluster.until(lambda: cluster.said("Failed", 'configmap "settings" not found'), "the event")
    assert cluster.state(cluster.get("Pod", "p"))["waiting"]["reason"] == "CreateContainerConfigError"
    cluster.create("ConfigMap", "settings", data={"COLOUR": "green"})
    await cluster.until(lambda: cluster.get("Pod", "p")["status"]["phase"] == "Succeeded", "success")
    assert cluster.log("p") == "green\n"


async def test_a_volume_that_cannot_be_had_is_an_event(cluster: Any) -> None:
    body = spec(FOREVER)
    cluster.create("Pod", "p", spec={**body, "volumes": [{"name": "v", "hostPath": {"path": "/"}}]})
    await cluster.until(lambda: cluster.said("FailedMount", "hostPath is not supported here"), "the event")
    assert cluster.get("Pod", "p")["status"]["phase"] == "Pending"


async def test_a_pod_sees_where_it_is(cluster: Any) -> None:
    cluster.services["CARTS_SERVICE_HOST"] = "127.1.2.3"
    source = "import os; print(os.getcwd(), os.environ['HOME'], *(os.environ[n] for n in os.environ['N'].split()))"
    env = [{"name": "N", "value": "POD_IP POD_ROOT HOSTNAME CARTS_SERVICE_HOST"}]
    cluster.create("Pod", "p", spec=spec(source, policy="Never", env=env))
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Succeeded", "success")
    root = str(cluster.folder("p") / "root")
    assert cluster.log("p").split() == [root, root, cluster.addresses.given[0], root, "p", "127.1.2.3"]


async def test_what_a_container_leaves_to_say_is_in_its_status(cluster: Any) -> None:
    source = "import os; open(os.environ['POD_ROOT'] + '/dev/termination-log', 'w').write('p95 was 3 s')"
    cluster.create("Pod", "p", spec=spec(source, policy="Never"))
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Succeeded", "success")
    assert cluster.state(cluster.get("Pod", "p"))["terminated"]["message"] == "p95 was 3 s"


async def test_a_program_that_does_not_exist_is_a_start_error(cluster: Any) -> None:
    cluster.create("Pod", "p", spec=spec(policy="Never", command=["no-such-program"]))
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Failed", "failure")
    ended = cluster.state(cluster.get("Pod", "p"))["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("StartError", 128)
    assert ended["message"] == 'exec "no-such-program": No such file or directory'


async def test_init_containers_run_first_one_after_the_other(cluster: Any) -> None:
    write = "import os; open(os.environ['POD_ROOT'] + '/shared/order', 'a').write('{}')"
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    parts = [
        {"name": name, "image": "python:1", "args": [write.format(name)], "volumeMounts": mounts} for name in "abc"
    ]
    body = {
        "restartPolicy": "Never",
        "initContainers": parts[:2],
        "containers": parts[2:],
        "volumes": [{"name": "shared", "emptyDir": {}}],
    }
    cluster.create("Pod", "p", spec=body)
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Succeeded", "success")
    assert (cluster.folder("p", ".volumes") / "shared/order").read_text() == "abc"
    assert len(cluster.get("Pod", "p")["status"]["initContainerStatuses"]) == 2


async def test_a_failed_init_container_fails_the_pod_and_nothing_else_starts(cluster: Any) -> None:
    body = spec("print('main')", policy="Never")
    body["initContainers"] = [{"name": "i", "image": "python:1", "args": ["raise SystemExit(1)"]}]
    cluster.create("Pod", "p", spec=body)
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Failed", "failure")
    assert cluster.log("p") == ""


async def test_two_containers_share_a_pod_and_both_must_be_ready(cluster: Any) -> None:
    never = {"tcpSocket": {"port": 1}, "timeoutSeconds": 20}
    body = spec(FOREVER)
    body["containers"].append({"name": "d", "image": "python:1", "args": [FOREVER], "readinessProbe": never})
    cluster.create("Pod", "p", spec=body)
    await cluster.until(lambda: cluster.get("Pod", "p").get("status", {}).get("phase") == "Running", "running")
    condition = await cluster.until(lambda: cluster.condition(cluster.get("Pod", "p"), "Ready"), "a condition")
    await cluster.until(
        lambda: cluster.condition(cluster.get("Pod", "p"), "Ready").get("message", "").endswith("[d]"), f"{condition}"
    )


async def test_a_pod_in_the_mesh_is_not_stopped_before_it_is_drained(meshed: Any) -> None:
    meshed.create("Pod", "p", spec=spec(FOREVER))
    await meshed.until(lambda: meshed.is_ready("p"), "readiness")
    child = meshed.child("p")
    meshed.store.delete("Pod", "shop", "p")
    over = asyncio.create_task(ended(child))
    await asyncio.wait([over], timeout=1)
    assert not over.done()
    meshed.change(
        "Pod", "p", lambda pod: pod["metadata"].setdefault("annotations", {}).update({"pocketkube.dev/drained": "true"})
    )
    await asyncio.wait_for(over, 60)
    await meshed.until(lambda: meshed.find("Pod", "p") is None, "the end of the pod")


async def test_a_pod_that_nobody_drains_is_stopped_all_the_same(meshed: Any) -> None:
    meshed.create("Pod", "p", spec=spec(FOREVER))
    await meshed.until(lambda: meshed.is_ready("p"), "readiness")
    meshed.store.delete("Pod", "shop", "p")
    await meshed.until(lambda: meshed.find("Pod", "p") is None, "the end of the pod")
    assert meshed.processes() == []
