"""The Kubernetes adapter keeps the contract against a real API, and reads rollouts, routes and Jobs rightly."""

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from lightkube.config import client_adapter
from lightkube.config.kubeconfig import KubeConfig

from lockgate.cluster.kubernetes import KubernetesCluster, connect
from lockgate.cluster.rest import GoneError, Rest, StaleError
from lockgate.domain.artifact import Artifact
from lockgate.domain.errors import ConflictError, FencedError, InvalidError, LockgateError, TransientError
from lockgate.domain.manifest import Manifest, Ref
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import DeploymentStrategy, Place
from lockgate.domain.release import BlueGreenState, Colour, Release, Weights
from lockgate.manifests.hosts import hosts_of
from lockgate.manifests.releases import colour_objects, shared_objects
from lockgate.manifests.routes import refs_of_place, virtual_service
from lockgate.manifests.stage import stage_objects
from lockgate.ports.cluster import Broken, Cluster, NotYet, Readiness, Ready
from lockgate.testing.contracts.cluster import ClusterContract, config, gone, namespace

PATIENCE = 60.0
Platform = Any  # the class in conftest.py, which cannot be imported


class TestKubernetesCluster(ClusterContract):
    @pytest.fixture
    def cluster(self, kubernetes: KubernetesCluster, platform: Platform) -> KubernetesCluster:
        self._platform = platform
        return kubernetes

    async def take_over(self, cluster: Cluster, ref: Ref) -> None:
        theirs = json.dumps(config(ref.namespace, ref.name, colour="red"))
        flags = ("--server-side", "--force-conflicts", "--field-manager=somebody")
        await self._platform.kubectl("apply", *flags, "-f", "-", given=theirs)


async def until(ask: Callable[[], Awaitable[Readiness]], wanted: Callable[[Readiness], bool]) -> Readiness:
    answer: Readiness = NotYet("not asked")
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                answer = await ask()
                if wanted(answer):
                    return answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"still {answer}") from None


async def until_ready(cluster: Cluster, *refs: Ref) -> None:
    assert await until(lambda: cluster.readiness(refs), lambda answer: not isinstance(answer, NotYet)) == Ready()


def deployment(place: str, image: str, **container: Any) -> Manifest:
    labels = {"app": "web", "deployment": "web", "lockgate.dev/release": image.replace(":", "-")}
    pod = {"containers": [{"name": "web", "image": image, **container}], "terminationGracePeriodSeconds": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": place},
        "spec": {
            "selector": {"matchLabels": {"app": "web", "deployment": "web"}},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


PROBE = {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}


async def told(kubernetes: KubernetesCluster, ref: Ref, words: str) -> str:
    """Why *ref* is not ready, once *words* stand in it."""
    async with asyncio.timeout(PATIENCE):
        while words not in (said := await kubernetes.why_not([ref])):  # noqa: ASYNC110  # a cluster tells nobody
            await asyncio.sleep(0.1)
    return said


async def test_a_deployment_becomes_ready_when_its_pods_answer(kubernetes: KubernetesCluster, place: str) -> None:
    await kubernetes.apply([namespace(place), deployment(place, "web:v1", **PROBE)], fence=1)
    await until_ready(kubernetes, Ref("Deployment", place, "web"))


async def test_a_pod_that_never_answers_is_not_yet_ready(kubernetes: KubernetesCluster, place: str) -> None:
    await kubernetes.apply([namespace(place), deployment(place, "web:mute", **PROBE)], fence=1)
    ask = Ref("Deployment", place, "web")
    answer = await until(lambda: kubernetes.readiness([ask]), lambda answer: "0 of 1 new pods ready" in str(answer))
    assert isinstance(answer, NotYet)
    assert "is not ready: Readiness probe failed" in await told(kubernetes, ask, "Readiness probe failed")


async def test_an_unknown_image_is_broken_and_says_what_to_add(kubernetes: KubernetesCluster, place: str) -> None:
    await kubernetes.apply([namespace(place), deployment(place, "web:unknown")], fence=1)
    ask = Ref("Deployment", place, "web")
    answer = await until(lambda: kubernetes.readiness([ask]), lambda answer: isinstance(answer, Broken))
    assert "web:unknown" in str(answer)
    assert "[[image]]" in str(answer)


async def test_a_good_image_after_an_unknown_one_is_ready(kubernetes: KubernetesCluster, place: str) -> None:
    ask = Ref("Deployment", place, "web")
    await kubernetes.apply([namespace(place), deployment(place, "web:unknown")], fence=1)
    await until(lambda: kubernetes.readiness([ask]), lambda answer: isinstance(answer, Broken))
    await kubernetes.apply([deployment(place, "web:v1", **PROBE)], fence=2)
    await until_ready(kubernetes, ask)


async def test_a_missing_secret_is_broken(kubernetes: KubernetesCluster, place: str) -> None:
    secret = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "a"}}}
    await kubernetes.apply([namespace(place), deployment(place, "web:v1", env=[secret])], fence=1)
    ask = Ref("Deployment", place, "web")
    answer = await until(lambda: kubernetes.readiness([ask]), lambda answer: isinstance(answer, Broken))
    assert "absent" in str(answer)


async def test_a_program_that_keeps_ending_is_shown_with_its_exit_code(
    kubernetes: KubernetesCluster, place: str
) -> None:
    await kubernetes.apply([namespace(place), deployment(place, "web:crash")], fence=1)
    ask = Ref("Deployment", place, "web")
    answer = await until(lambda: kubernetes.readiness([ask]), lambda answer: "exit code 7" in str(answer))
    assert isinstance(answer, NotYet)
    assert "its last lines: FOO is missing" in await told(kubernetes, ask, "FOO")


async def test_a_job_is_ready_when_it_is_over(kubernetes: KubernetesCluster, place: str) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "j", "image": "web:crash"}]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": place},
        "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}},
    }
    await kubernetes.apply([namespace(place), job], fence=1)
    await until_ready(kubernetes, Ref("Job", place, "once"))
    (found,) = await kubernetes.select("Pod", place, {"a": "b"})
    assert found["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7


async def test_a_field_that_the_api_does_not_know_is_refused(kubernetes: KubernetesCluster, place: str) -> None:
    with pytest.raises(InvalidError, match="imagee"):
        await kubernetes.apply([namespace(place), deployment(place, "web:v1", imagee="x")], fence=1)


async def test_weights_that_somebody_edited_are_a_conflict_and_stay(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    where, state = shop(place), blue_green("v1", "v2", Weights.all_on(Colour.BLUE))
    await kubernetes.apply(stage_objects(where.project, where.stage), fence=None)
    await kubernetes.apply([route(where, state)], fence=1)
    patch = [{"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 50}]
    patch += [{"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 50}]
    name = f"{place}-web"
    await platform.kubectl("patch", "virtualservice", name, "-n", place, "--type=json", "-p", json.dumps(patch))
    flipped = route(where, blue_green("v1", "v2", Weights.all_on(Colour.GREEN)))
    with pytest.raises(ConflictError, match=r"\.spec\.http.*kubectl-patch"):
        await kubernetes.apply([flipped], fence=2)


async def test_the_way_out_of_a_conflict_that_is_printed_works(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    await kubernetes.apply([namespace(place), config(place, "one", colour="blue", size="1")], fence=1)
    flags = ("--server-side", "--force-conflicts", "--field-manager=somebody")
    await platform.kubectl("apply", *flags, "-f", "-", given=json.dumps(config(place, "one", colour="red")))
    await platform.kubectl("patch", "configmap", "one", "-n", place, "-p", '{"data": {"size": "2"}}')
    ours = config(place, "one", colour="green", size="3")
    with pytest.raises(ConflictError) as raised:
        await kubernetes.apply([ours], fence=2)
    command = shlex.split(str(raised.value).partition("kubectl ")[2])
    await platform.kubectl(*command)
    await kubernetes.apply([ours], fence=2)
    held = await kubernetes.read(Ref("ConfigMap", place, "one"))
    assert held is not None
    assert held["data"] == ours["data"]


class LateRest(Rest):
    """Stops between a read that found nothing and what follows, until *meanwhile* has happened."""

    meanwhile: Callable[[], Awaitable[None]] | None = None

    async def get(self, ref: Ref) -> dict[str, Any]:
        try:
            return await super().get(ref)
        except GoneError:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                await meanwhile()
            raise


def over(platform: Platform, kind: type[Rest]) -> Rest:
    parameters = client_adapter.ConnectionParams(trust_env=False)
    single = KubeConfig.from_file(platform.kubeconfig).get()
    assert single is not None
    return kind(client_adapter.AsyncClient(single, parameters))


async def test_a_turn_that_saw_nothing_does_not_write_over_what_a_later_one_created(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    await kubernetes.apply([namespace(place)], fence=None)
    rest = over(platform, LateRest)
    assert isinstance(rest, LateRest)
    rest.meanwhile = lambda: kubernetes.apply([config(place, "one", colour="blue")], fence=7)
    stopped = KubernetesCluster(rest, settle_seconds=0)
    with pytest.raises(FencedError):
        await stopped.apply([config(place, "one", colour="red")], fence=6)
    await stopped.close()
    held = await kubernetes.read(Ref("ConfigMap", place, "one"))
    assert held is not None
    assert held["data"] == {"colour": "blue"}


async def test_fields_of_a_creation_that_broke_off_are_taken_over_by_the_next_apply(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    await kubernetes.apply([namespace(place)], fence=None)
    rest = over(platform, Rest)
    await rest.create(config(place, "one", colour="blue", weight="9"))
    await rest.close()
    await kubernetes.apply([config(place, "one", colour="green")], fence=1)
    held = await kubernetes.read(Ref("ConfigMap", place, "one"))
    assert held is not None
    assert held["data"] == {"colour": "green"}


async def test_an_object_that_changed_since_it_was_read_is_not_removed(platform: Platform, place: str) -> None:
    rest = over(platform, Rest)
    await rest.apply(namespace(place))
    read = await rest.apply(config(place, "one", colour="blue"))
    await rest.apply(config(place, "one", colour="green"))
    with pytest.raises(StaleError):
        await rest.delete(read)
    assert (await rest.get(Ref("ConfigMap", place, "one")))["data"] == {"colour": "green"}
    await rest.close()


async def test_traffic_follows_the_weights_once_the_route_is_ready(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    where = shop(place)
    state = blue_green("v1", "v2", Weights.all_on(Colour.BLUE))
    await kubernetes.apply(stage_objects(where.project, where.stage), fence=None)
    await kubernetes.apply(shared_objects(where, RENDERED, DeploymentStrategy.BLUE_GREEN), fence=1)
    for colour in Colour:
        await kubernetes.apply(colour_objects(where, rendered(colour, state), state.release(colour), colour), fence=1)
    await until_ready(kubernetes, *(Ref("Deployment", place, f"web-{colour}") for colour in Colour))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{platform.gateway_port}", trust_env=False) as users:
        for live, version in ((Colour.BLUE, "v1"), (Colour.GREEN, "v2"), (Colour.BLUE, "v1")):
            await kubernetes.apply([route(where, blue_green("v1", "v2", Weights.all_on(live)))], fence=1)
            await until_ready(kubernetes, Ref("VirtualService", place, f"{place}-web"))
            answers = [await users.get("/", headers={"Host": hosts_of(where)[0]}) for _ in range(20)]
            assert {(answer.status_code, answer.text) for answer in answers} == {(200, version)}
    refs = refs_of_place(where, DeploymentStrategy.BLUE_GREEN, RENDERED)
    await kubernetes.remove(refs, fence=1)
    assert all([await gone(kubernetes, ref) for ref in refs])


async def test_kubectl_describes_what_the_document_shows(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    where, state = shop(place), blue_green("v1", "v2", Weights.all_on(Colour.BLUE))
    await kubernetes.apply(stage_objects(where.project, where.stage), fence=None)
    await kubernetes.apply(colour_objects(where, rendered(Colour.BLUE, state), state.blue, Colour.BLUE), fence=1)
    await kubernetes.apply([route(where, state)], fence=1)
    deployed = lines(await platform.kubectl("describe", "deployment", "web-blue", "-n", place))
    assert f"Labels: app={where.project}-selector-web" in deployed
    assert "deployment=web-blue" in deployed
    assert "Image: web:v1" in deployed
    routed = lines(await platform.kubectl("describe", "virtualService", "-n", place))
    host = f"Host: web.{place}.svc.cluster.local"
    begin = routed.index("Route:")
    assert routed[begin : begin + 9] == [
        "Route:",
        "Destination:",
        host,
        "Subset: blue",
        "Weight: 100",
        "Destination:",
        host,
        "Subset: green",
        "Weight: 0",
    ]


async def test_an_api_that_was_killed_is_transient_and_the_same_client_goes_on_when_it_is_back(
    kubernetes: KubernetesCluster, platform: Platform, place: str
) -> None:
    await kubernetes.apply([namespace(place), config(place, "one", colour="blue")], fence=1)
    platform.kill()
    try:
        with pytest.raises(TransientError, match="configmap one"):
            await kubernetes.read(Ref("ConfigMap", place, "one"))
    finally:
        platform.start_again()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                held = await kubernetes.read(Ref("ConfigMap", place, "one"))
                break
            except TransientError:
                await asyncio.sleep(0.05)
    assert held is not None
    assert held["data"] == {"colour": "blue"}


@pytest.mark.parametrize("text", [None, "", "{}", "- 1", "a: [", "clusters: []\nusers: []\ncontexts: []\n"])
def test_a_kubeconfig_that_cannot_be_used_is_named(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    if text is not None:
        file.write_text(text)
    with pytest.raises(LockgateError, match=str(file)):
        connect(file)


def test_a_context_that_is_not_there_is_named(platform: Platform) -> None:
    with pytest.raises(InvalidError, match="nowhere"):
        connect(platform.kubeconfig, "nowhere")


RENDERED: tuple[Manifest, ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
    },
)


def rendered(colour: Colour, state: BlueGreenState) -> tuple[Manifest, ...]:
    return (*RENDERED, deployment("", state.release(colour).artifact.reference, **PROBE))


def shop(place: str) -> Place:
    return Place(ProjectName(place.removesuffix("-dev")), StageName("dev"), ServiceName("web"))


def blue_green(blue: str, green: str, weights: Weights) -> BlueGreenState:
    one, other = (Release(f"r-{tag}", Artifact("web", tag), "c") for tag in (blue, green))
    return BlueGreenState(blue=one, green=other, weights=weights)


def route(where: Place, state: BlueGreenState) -> Manifest:
    return virtual_service(where, state, hosts_of(where), http=True)


def lines(text: str) -> list[str]:
    """Without the columns' white space."""
    return [" ".join(line.split()) for line in text.splitlines()]
