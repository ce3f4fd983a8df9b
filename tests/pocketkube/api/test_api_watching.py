"""Watches, waits and followed logs, by the real kubectl and over plain HTTP."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from pocketkube.api.decoding import BadRequestError
from pocketkube.api.podlogs import LogOptions
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject

PODS = "/api/v1/namespaces/dev/pods"


def pod(name: str, **labels: str) -> KubeObject:
    spec = {"containers": [{"name": "main", "image": "i"}]}
    running = {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"running": {}}}]}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "dev", "labels": labels},
        "spec": spec,
        "status": running,
    }


@asynccontextmanager
async def client(live: Any) -> AsyncIterator[httpx.AsyncClient]:
    trusted = ssl.create_default_context(cafile=str(live.folder / "ca.crt"))
    headers = {"Authorization": f"Bearer {(live.folder / 'token').read_text().strip()}"}
    async with httpx.AsyncClient(base_url=live.address, headers=headers, verify=trusted, timeout=60) as session:
        yield session


@asynccontextmanager
async def watching(live: Any, path: str, **query: str) -> AsyncIterator[AsyncIterator[KubeObject]]:
    async with client(live) as session, session.stream("GET", path, params={"watch": "true", **query}) as answer:
        lines = answer.aiter_lines()

        async def events() -> AsyncIterator[KubeObject]:
            async for line in lines:
                yield json.loads(line)

        yield events()


async def take(events: AsyncIterator[KubeObject], count: int) -> list[tuple[str, str]]:
    async def taken() -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        while len(found) < count:
            event = await anext(events)
            found.append((event["type"], event["object"].get("metadata", {}).get("name", "")))
        return found

    return await asyncio.wait_for(taken(), 60)


async def test_initial_events_end_with_a_bookmark(live: Any) -> None:
    live.store.create(pod("a"))
    query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    async with watching(live, PODS, **query) as events:
        first, mark = await anext(events), await anext(events)
        live.store.create(pod("b"))
        after = await anext(events)

    assert (first["type"], mark["type"], after["type"]) == ("ADDED", "BOOKMARK", "ADDED")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert int(mark["object"]["metadata"]["resourceVersion"]) < int(after["object"]["metadata"]["resourceVersion"])


async def test_a_watch_from_a_lists_version_tells_only_what_came_after(live: Any) -> None:
    live.store.create(pod("a"))
    async with client(live) as session:
        version = (await session.get(PODS)).json()["metadata"]["resourceVersion"]
    live.store.create(pod("b"))

    async with watching(live, PODS, resourceVersion=version) as events:
        live.store.delete("Pod", "dev", "a")
        assert await take(events, 2) == [("ADDED", "b"), ("DELETED", "a")]


async def test_an_object_that_leaves_the_selection_is_deleted_for_the_watcher(live: Any) -> None:
    live.store.create(pod("a", colour="blue"))
    live.store.create(pod("b", colour="green"))
    async with watching(live, PODS, labelSelector="colour in (blue)") as events:
        await take(events, 1)
        live.store.change("Pod", "dev", "a", lambda obj: obj["metadata"].update(labels={"colour": "green"}))
        live.store.change("Pod", "dev", "b", lambda obj: obj["metadata"].update(labels={"colour": "blue"}))
        live.store.change("Pod", "dev", "b", lambda obj: obj["status"].update(phase="Failed"))
        assert await take(events, 3) == [("DELETED", "a"), ("ADDED", "b"), ("MODIFIED", "b")]


async def test_a_version_that_never_was_means_list_again(live: Any) -> None:
    async with watching(live, PODS, resourceVersion="1000000") as events:
        event = await asyncio.wait_for(anext(events), 60)

    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_watch_ends_after_the_time_that_was_asked_for(live: Any) -> None:
    async with watching(live, PODS, timeoutSeconds="1") as events:
        assert [event async for event in events] == []


async def test_get_w_prints_rows_as_they_change(live: Any) -> None:
    live.store.create(pod("a"))
    process = await live.start_kubectl("get", "pods", "-n", "dev", "-w")
    assert process.stdout is not None
    header, first = await process.stdout.readline(), await process.stdout.readline()
    live.store.change("Pod", "dev", "a", lambda obj: obj["status"].update(phase="Succeeded", containerStatuses=[]))
    second = await asyncio.wait_for(process.stdout.readline(), 60)
    process.terminate()
    await process.wait()

    assert header.split()[:3] == [b"NAME", b"READY", b"STATUS"]
    assert (first.split()[2], second.split()[2]) == (b"Running", b"Succeeded")


async def test_wait_returns_when_a_condition_comes_true(live: Any) -> None:
    live.store.create(pod("a"))
    process = await live.start_kubectl("wait", "--for=condition=Ready", "pod/a", "-n", "dev", "--timeout=60s")
    ready = [{"type": "Ready", "status": "True"}]
    live.store.change("Pod", "dev", "a", lambda obj: obj["status"].update(conditions=ready))
    output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert output == b"pod/a condition met\n"


async def test_wait_for_deletion_returns_when_the_last_finalizer_is_gone(live: Any) -> None:
    held = pod("a")
    held["metadata"]["finalizers"] = ["pocketkube.dev/runtime"]
    live.store.create(held)
    process = await live.start_kubectl("delete", "pod", "a", "-n", "dev")
    while "deletionTimestamp" not in live.store.get("Pod", "dev", "a")["metadata"]:
        assert process.returncode is None
        await asyncio.sleep(0.01)
    live.store.change("Pod", "dev", "a", lambda obj: obj["metadata"].pop("finalizers"))
    output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert output == b'pod "a" deleted from dev namespace\n'


async def test_rollout_status_ends_when_all_replicas_are_available(live: Any) -> None:
    spec = {"replicas": 1, "selector": {}, "template": {}}
    deployment = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "dev"}, "spec": spec}
    live.store.create(deployment)
    process = await live.start_kubectl("rollout", "status", "deploy/web", "-n", "dev", "--timeout=60s")
    assert process.stdout is not None
    waiting = await asyncio.wait_for(process.stdout.readline(), 60)
    counts = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    live.store.change("Deployment", "dev", "web", lambda obj: obj.update(status=counts))
    rest, _ = await asyncio.wait_for(process.communicate(), 60)

    assert b"Waiting for deployment" in waiting
    assert rest.endswith(b'deployment "web" successfully rolled out\n')


async def test_events_of_an_object_are_described_with_it(live: Any) -> None:
    created = live.store.create(pod("a"))
    record_event(live.store, created, type="Warning", reason="Failed", message="no such image", component="kubelet")

    described = await live.ok("describe", "pod", "a", "-n", "dev")

    assert re.search(r"^  Warning  Failed  \S+ +kubelet  no such image$", described, re.MULTILINE), described


@pytest.fixture
def logged(live: Any) -> Any:
    live.store.create(pod("a"))
    folder = live.folder / "pods" / "dev" / "a" / "main"
    folder.mkdir(parents=True)
    (folder / "log").write_text("one\ntwo\nthree\n")
    (folder / "log.1").write_text("before\n")
    return live


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("logs a", "one\ntwo\nthree\n"),
        ("logs a --tail=2", "two\nthree\n"),
        ("logs a --tail=0", ""),
        ("logs a -c main --limit-bytes=5", "one\nt"),
        ("logs a --previous", "before\n"),
    ],
)
async def test_logs_prints(logged: Any, words: str, printed: str) -> None:
    assert await logged.ok(*words.split(), "-n", "dev") == printed


async def test_a_followed_log_goes_on_until_the_container_ends(logged: Any) -> None:
    log = logged.folder / "pods" / "dev" / "a" / "main" / "log"
    process = await logged.start_kubectl("logs", "-f", "a", "-n", "dev", "--tail=1")
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"three\n"
    with log.open("a") as file:
        file.write("four\n")
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"four\n"
    ended = [{"name": "main", "state": {"terminated": {"exitCode": 0}}}]
    with log.open("a") as file:
        file.write("five\n")
    logged.store.change("Pod", "dev", "a", lambda obj: obj["status"].update(containerStatuses=ended))
    output, _ = await asyncio.wait_for(process.communicate(), 60)

    assert output == b"five\n"
    assert process.returncode == 0


async def test_a_log_that_is_not_there_yet_says_what_the_container_waits_for(live: Any) -> None:
    waiting = pod("a")
    waiting["status"] = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ErrImagePull"}}}]}
    live.store.create(waiting)

    code, output = await live.kubectl("logs", "a", "-n", "dev")

    assert code == 1
    assert 'container "main" in pod "a" is waiting to start: ErrImagePull' in output


@pytest.mark.parametrize("query", [{"sinceSeconds": "5"}, {"timestamps": "true"}, {"container": "other"}])
def test_what_cannot_be_answered_about_a_log_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadRequestError, match=r"is not kept|is not valid"):
        LogOptions.parse(query, pod("a"))
