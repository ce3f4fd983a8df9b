"""The client that control planes use: lightkube, async, with raw dicts and server-side apply."""

import asyncio
from typing import Any

import pytest
from lightkube import AsyncClient, KubeConfig
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.apps_v1 import Deployment
from lightkube.types import PatchType

from pocketkube.objects.kinds import KubeObject

VirtualService = create_namespaced_resource("networking.istio.io", "v1beta1", "VirtualService", "virtualservices")


def deployment(**fields: Any) -> KubeObject:
    labels = {"app": "carts"}
    spec = {"containers": [{"name": "carts", "image": "carts:1"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "carts", **fields},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture
def client(live: Any) -> AsyncClient:
    return AsyncClient(KubeConfig.from_file(live.folder / "kubeconfig"), field_manager="lockgate")


async def apply(client: AsyncClient, obj: KubeObject, *, force: bool = False) -> Any:
    return await client.patch(Deployment, "carts", obj, namespace="dev", patch_type=PatchType.APPLY, force=force)


async def test_an_applied_dict_arrives_and_reads_back(client: AsyncClient) -> None:
    await apply(client, deployment(annotations={"lockgate.dev/fence": "7"}))

    read = await client.get(Deployment, "carts", namespace="dev")

    assert read.metadata is not None
    assert read.metadata.annotations == {"lockgate.dev/fence": "7"}


async def test_an_unknown_field_in_a_dict_is_refused_and_not_dropped(client: AsyncClient) -> None:
    with pytest.raises(ApiError, match=r'unknown field "spec\.replica"') as refusal:
        misspelt = deployment()
        misspelt["spec"]["replica"] = 2
        await apply(client, misspelt)
    assert refusal.value.status.code == 400


async def test_an_apply_with_the_version_just_read_is_fenced(client: AsyncClient) -> None:
    first = await apply(client, deployment())
    await apply(client, deployment(annotations={"note": "newer"}))

    with pytest.raises(ApiError, match="the object has been modified") as refusal:
        await apply(client, deployment(resourceVersion=first.metadata.resourceVersion), force=True)
    assert (refusal.value.status.code, refusal.value.status.reason) == (409, "Conflict")


async def test_waiting_for_a_condition(client: AsyncClient, live: Any) -> None:
    await apply(client, deployment())
    waiting = asyncio.create_task(client.wait(Deployment, "carts", for_conditions=["Available"], namespace="dev"))
    conditions = [{"type": "Available", "status": "True"}]
    live.store.change("Deployment", "dev", "carts", lambda obj: obj.update(status={"conditions": conditions}))

    await asyncio.wait_for(waiting, 60)


async def test_custom_kinds_are_written_and_watched(client: AsyncClient) -> None:
    route = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "carts"},
        "spec": {"hosts": ["carts"], "http": [{"route": [{"destination": {"host": "carts"}, "weight": 100}]}]},
    }
    await client.patch(VirtualService, "carts", route, namespace="dev", patch_type=PatchType.APPLY)

    async for step, found in client.watch(VirtualService, namespace="dev"):
        assert (step, found["spec"]["hosts"]) == ("ADDED", ["carts"])
        break
