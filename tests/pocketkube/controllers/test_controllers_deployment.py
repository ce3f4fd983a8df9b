import asyncio
from typing import Any

import pytest

READY = {"httpGet": {"port": 8080}, "periodSeconds": 1, "timeoutSeconds": 20}


def template(version: str, image: str = "web:1") -> dict[str, Any]:
    container = {"name": "c", "image": image, "env": [{"name": "VERSION", "value": version}], "readinessProbe": READY}
    return {"metadata": {"labels": {"app": "carts"}}, "spec": {"containers": [container]}}


def deployment(version: str = "1", replicas: int = 1, **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": {"app": "carts"}}
    return {"replicas": replicas, "selector": selector, "template": template(version), **spec}


def set_version(version: str) -> Any:
    return lambda obj: obj["spec"].update(template=template(version))


async def rolled_out(cluster: Any) -> None:
    await cluster.until(lambda: cluster.rolled_out("carts"), "the rollout")


def versions(cluster: Any) -> list[str]:
    return sorted(pod["spec"]["containers"][0]["env"][0]["value"] for pod in cluster.pods())


def revisions(cluster: Any) -> dict[str, int]:
    sets = cluster.store.list("ReplicaSet", "shop")
    return {
        each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]: each["spec"]["replicas"] for each in sets
    }


async def test_a_deployment_becomes_ready_pods_through_a_replica_set(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment(replicas=2))
    await rolled_out(cluster)
    assert len(cluster.pods(app="carts")) == 2
    found = cluster.get("Deployment", "carts")
    assert cluster.condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    assert cluster.condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    (replicaset,) = cluster.store.list("ReplicaSet", "shop")
    (owner,) = replicaset["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Deployment", "carts", True)
    assert replicaset["metadata"]["labels"].keys() == {"app", "pod-template-hash"}
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
    assert found["metadata"]["generation"] == 1
    assert cluster.said("ScalingReplicaSet", "from 0 to 2")
    assert len(set(cluster.addresses.given)) == 2


async def test_a_rolling_update_answers_every_request(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment("1"))
    await rolled_out(cluster)
    answers: list[str] = []
    asking = asyncio.create_task(_ask_all_the_time(cluster, answers))
    cluster.change("Deployment", "carts", set_version("2"))
    await rolled_out(cluster)
    await cluster.until(lambda: versions(cluster) == ["2"] and answers[-1:] == ["2"], "an answer of the new one")
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert set(answers) == {"1", "2"}, "every request found a ready pod that answered"
    assert revisions(cluster) == {"1": 0, "2": 1}


async def test_a_broken_new_version_leaves_the_old_one_serving(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment("1", progressDeadlineSeconds=1))
    await rolled_out(cluster)
    (old,) = cluster.pods()
    cluster.change("Deployment", "carts", lambda obj: obj["spec"].update(template=template("2", image="no/such:1")))
    await cluster.until(
        lambda: (
            cluster.condition(cluster.get("Deployment", "carts"), "Progressing")["reason"] == "ProgressDeadlineExceeded"
        ),
        "the deadline",
    )
    found = cluster.get("Deployment", "carts")
    assert cluster.condition(found, "Progressing")["status"] == "False"
    assert cluster.condition(found, "Available")["status"] == "True"
    assert cluster.is_ready(old["metadata"]["name"])

    cluster.change("Deployment", "carts", set_version("1"))
    await rolled_out(cluster)
    assert [pod["metadata"]["uid"] for pod in cluster.pods()] == [old["metadata"]["uid"]]
    assert revisions(cluster) == {"2": 0, "3": 1}, "an undo gives the old generation a new number"


async def test_recreate_never_runs_two_versions_at_once(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment("1", replicas=2, strategy={"type": "Recreate"}))
    await rolled_out(cluster)
    seen: list[set[str]] = []
    watching = asyncio.create_task(_watch_versions(cluster, seen))
    cluster.change("Deployment", "carts", set_version("2"))
    await cluster.until(lambda: cluster.rolled_out("carts") and versions(cluster) == ["2", "2"], "the new version")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert {"1", "2"} not in seen


async def test_a_deployment_is_scaled_up_and_down_and_to_nothing(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment())
    for replicas in (3, 1, 0, 1):
        cluster.change("Deployment", "carts", lambda obj, replicas=replicas: obj["spec"].update(replicas=replicas))
        await rolled_out(cluster)
        await cluster.until(lambda replicas=replicas: len(cluster.store.list("Pod")) == replicas, f"{replicas} pods")
    assert revisions(cluster) == {"1": 1}


async def test_a_deleted_pod_is_replaced_at_a_new_address(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment())
    await rolled_out(cluster)
    (old,) = cluster.pods()
    cluster.store.delete("Pod", "shop", old["metadata"]["name"])
    await cluster.until(lambda: cluster.find("Pod", old["metadata"]["name"]) is None, "the end of the old one")
    await rolled_out(cluster)
    (new,) = cluster.pods()
    assert new["status"]["podIP"] != old["status"]["podIP"]


async def test_only_so_many_old_generations_are_kept(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment("1", replicas=0, revisionHistoryLimit=1))
    for version in "234":
        await rolled_out(cluster)
        cluster.change("Deployment", "carts", set_version(version))
        await cluster.until(lambda version=version: revisions(cluster).get(version) == 0, f"revision {version}")
    await cluster.until(lambda: set(revisions(cluster)) == {"3", "4"}, "the end of the oldest")


async def test_a_paused_deployment_waits_with_its_new_version(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment("1"))
    await rolled_out(cluster)
    cluster.change("Deployment", "carts", lambda obj: obj["spec"].update(paused=True, template=template("2")))
    await cluster.until(
        lambda: cluster.condition(cluster.get("Deployment", "carts"), "Progressing")["reason"] == "DeploymentPaused",
        "the pause",
    )
    assert versions(cluster) == ["1"]
    cluster.change("Deployment", "carts", lambda obj: obj["spec"].update(paused=False))
    await cluster.until(lambda: versions(cluster) == ["2"], "the new version")
    await rolled_out(cluster)


async def test_a_deleted_deployment_leaves_nothing_behind(cluster: Any) -> None:
    cluster.create("Deployment", "carts", spec=deployment(replicas=2))
    await rolled_out(cluster)
    assert len(cluster.processes()) == 2
    cluster.store.delete("Deployment", "shop", "carts")
    await cluster.until(lambda: not cluster.store.list("Pod"), "the end of the pods")
    assert cluster.store.list("ReplicaSet") == []
    assert cluster.processes() == []


async def test_a_deleted_namespace_ends_all_that_is_in_it(cluster: Any) -> None:
    cluster.create("PersistentVolumeClaim", "files", spec={})
    cluster.create("Deployment", "carts", spec=deployment())
    await rolled_out(cluster)
    await cluster.until(lambda: (cluster.data / "volumes/shop/files").is_dir(), "the volume")
    cluster.store.delete("Namespace", "", "shop")
    await cluster.until(lambda: cluster.store.find("Namespace", "", "shop") is None, "the end of the namespace")
    assert cluster.processes() == []
    assert not (cluster.data / "volumes/shop/files").exists()


@pytest.mark.parametrize("annotated", [True, False])
async def test_a_served_pod_counts_once_the_mesh_knows_it_or_has_had_its_time(meshed: Any, annotated: bool) -> None:
    meshed.create("Service", "carts", spec={"selector": {"app": "carts"}})
    meshed.create("Deployment", "carts", spec=deployment())
    (pod,) = await meshed.until(meshed.pods, "a pod")
    name = pod["metadata"]["name"]
    await meshed.until(lambda: meshed.is_ready(name), "readiness")
    assert not meshed.rolled_out("carts")
    if annotated:
        meshed.change("Pod", name, lambda obj: obj["metadata"].setdefault("annotations", {}).update({IN_MESH: "true"}))
    await rolled_out(meshed)


IN_MESH = "pocketkube.dev/in-mesh"


async def _watch_versions(cluster: Any, seen: list[set[str]]) -> None:
    while True:
        running = [pod for pod in cluster.store.list("Pod") if cluster.child(pod["metadata"]["name"])]
        seen.append({pod["spec"]["containers"][0]["env"][0]["value"] for pod in running})
        await asyncio.sleep(0.005)


async def _ask_all_the_time(cluster: Any, answers: list[str]) -> None:
    """Asks a ready pod each time, as one does whose endpoints follow the pods at once."""
    while True:
        ready = [pod for pod in cluster.pods() if cluster.is_ready(pod["metadata"]["name"])]
        try:
            newest = max(ready, key=lambda pod: int(pod["metadata"]["resourceVersion"]))
            reader, writer = await asyncio.open_connection(newest["status"]["podIP"], 8080)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            answers.append((await reader.read()).decode().rpartition("\r\n\r\n")[2])
            writer.close()
        except (OSError, ValueError) as error:
            answers.append(f"failed: {error}")
        await asyncio.sleep(0.005)
