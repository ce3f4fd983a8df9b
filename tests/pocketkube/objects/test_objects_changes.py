"""Subscriptions, watches from a version, the reconcile loop, and events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from pocketkube.objects.errors import ExpiredError
from pocketkube.objects.events import record_event
from pocketkube.objects.kinds import KubeObject
from pocketkube.objects.reconcile import reconcile_forever
from pocketkube.objects.store import ObjectStore

Reconcile = Callable[[str, str], Awaitable[float | None]]
KeysOf = Callable[[KubeObject], list[tuple[str, str]]]


def config_map(name: str, **values: str) -> KubeObject:
    return {"kind": "ConfigMap", "metadata": {"name": name, "namespace": "dev"}, "data": values}


async def test_a_subscription_tells_what_exists_and_then_what_changes(store: ObjectStore) -> None:
    store.create(config_map("a"))
    async with store.subscribe("ConfigMap") as changes:
        store.create(config_map("b"))
        store.update(config_map("b", x="1"))
        store.delete("ConfigMap", "dev", "a")
        seen = [await anext(changes) for _ in range(4)]

    assert [(step, obj["metadata"]["name"]) for step, obj in seen] == [
        ("ADDED", "a"),
        ("ADDED", "b"),
        ("MODIFIED", "b"),
        ("DELETED", "a"),
    ]


async def test_each_subscriber_may_edit_what_it_is_given(store: ObjectStore) -> None:
    async with store.subscribe("ConfigMap") as one, store.subscribe("ConfigMap") as other:
        store.create(config_map("a", x="1"))
        _, mine = await anext(one)
        mine["data"]["x"] = "edited"
        _, theirs = await anext(other)

    assert theirs["data"] == {"x": "1"}
    assert store.get("ConfigMap", "dev", "a")["data"] == {"x": "1"}


async def test_a_watch_from_a_version_misses_nothing_and_repeats_nothing(store: ObjectStore) -> None:
    store.create(config_map("a"))
    version = store.resource_version
    store.create(config_map("b"))

    async with store.watch("ConfigMap", since=version) as changes:
        store.create(config_map("c"))
        names = [(await anext(changes))[1]["metadata"]["name"] for _ in range(2)]

    assert names == ["b", "c"]


def test_a_version_from_before_what_is_remembered_has_expired(store: ObjectStore) -> None:
    for number in range(6_000):
        store.create(config_map(f"c{number}"))

    with pytest.raises(ExpiredError, match="too old resource version: 1 "):
        store.watch("ConfigMap", since=1)


def own_key(obj: KubeObject) -> list[tuple[str, str]]:
    return [(obj["metadata"]["namespace"], obj["metadata"]["name"])]


@asynccontextmanager
async def reconciling(store: ObjectStore, reconcile: Reconcile, keys: KeysOf = own_key) -> AsyncIterator[None]:
    task = asyncio.create_task(reconcile_forever(store, ["ConfigMap"], keys, reconcile))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_changes_during_a_reconciliation_lead_to_exactly_one_more_and_never_two_at_a_time(
    store: ObjectStore,
) -> None:
    runs, at_once = 0, []
    started, may_go_on, settled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def reconcile(namespace: str, name: str) -> None:
        nonlocal runs
        runs += 1
        at_once.append(runs)
        if runs == 1:
            started.set()
            await may_go_on.wait()
        assert at_once == [runs]
        at_once.clear()
        if runs == 2:
            settled.set()

    store.create(config_map("a"))
    async with reconciling(store, reconcile):
        await asyncio.wait_for(started.wait(), 10)
        for value in ("1", "2", "3"):
            store.update(config_map("a", x=value))
        may_go_on.set()
        await asyncio.wait_for(settled.wait(), 10)
        store.create(config_map("b"))

    assert runs == 2


async def test_a_failing_reconciliation_is_tried_again_and_does_not_stop_the_others(store: ObjectStore) -> None:
    failures, healed, other = 0, asyncio.Event(), asyncio.Event()

    async def reconcile(namespace: str, name: str) -> None:
        nonlocal failures
        if name == "good":
            other.set()
            return
        if failures < 2:
            failures += 1
            raise RuntimeError("not yet")
        healed.set()

    store.create(config_map("bad"))
    async with reconciling(store, reconcile):
        await asyncio.wait_for(healed.wait(), 10)
        store.create(config_map("good"))
        await asyncio.wait_for(other.wait(), 10)


async def test_a_returned_number_means_again_after_so_many_seconds(store: ObjectStore) -> None:
    runs, thrice = 0, asyncio.Event()

    async def reconcile(namespace: str, name: str) -> float | None:
        nonlocal runs
        runs += 1
        if runs == 3:
            thrice.set()
            return None
        return 0.01

    store.create(config_map("a"))
    async with reconciling(store, reconcile):
        await asyncio.wait_for(thrice.wait(), 10)


async def test_whom_an_object_belonged_to_before_is_reconciled_too(store: ObjectStore) -> None:
    seen: list[str] = []
    some = asyncio.Condition()

    def keys(obj: KubeObject) -> list[tuple[str, str]]:
        return [("dev", obj["metadata"]["labels"]["owner"])]

    async def reconcile(namespace: str, name: str) -> None:
        async with some:
            seen.append(name)
            some.notify_all()

    store.create({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "dev", "labels": {"owner": "old"}}})
    async with reconciling(store, reconcile, keys), some:
        await asyncio.wait_for(some.wait_for(lambda: seen == ["old"]), 10)
        store.change("ConfigMap", "dev", "a", lambda obj: obj["metadata"]["labels"].update(owner="new"))
        await asyncio.wait_for(some.wait_for(lambda: sorted(seen) == ["new", "old", "old"]), 10)


def test_the_same_event_again_is_counted(store: ObjectStore) -> None:
    pod = store.create({"kind": "Pod", "metadata": {"name": "p", "namespace": "dev"}, "spec": {}})
    for message in ("one", "one", "other"):
        record_event(store, pod, type="Warning", reason="Unhealthy", message=message, component="kubelet")

    events = {event["message"]: event for event in store.list("Event", "dev")}

    assert {message: event["count"] for message, event in events.items()} == {"one": 2, "other": 1}
    assert events["one"]["involvedObject"]["uid"] == pod["metadata"]["uid"]


def test_events_of_one_second_are_listed_in_the_order_in_which_they_happened(store: ObjectStore) -> None:
    pod = store.create({"kind": "Pod", "metadata": {"name": "p", "namespace": "dev"}, "spec": {}})
    told = ["Scheduled", "Pulled", "Created", "Started"]
    for reason in told:
        record_event(store, pod, type="Normal", reason=reason, message=reason, component="kubelet")

    assert [event["reason"] for event in store.list("Event", "dev")] == told


def test_an_event_about_something_in_a_dying_namespace_is_dropped_in_silence(store: ObjectStore) -> None:
    store.create({"kind": "Namespace", "metadata": {"name": "dev", "finalizers": ["x/y"]}})
    pod = store.create({"kind": "Pod", "metadata": {"name": "p", "namespace": "dev"}, "spec": {}})
    store.delete("Namespace", "", "dev")

    record_event(store, pod, type="Normal", reason="Killing", message="m", component="kubelet")

    assert store.list("Event") == []
