"""The store as values: versions, generations, stale writes, no-ops."""

import pytest

from pocketkube.objects.errors import AlreadyExistsError, ConflictError, InvalidError, NotFoundError
from pocketkube.objects.kinds import KINDS, KubeObject
from pocketkube.objects.store import ObjectStore


def config_map(name: str = "settings", **values: str) -> KubeObject:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "dev", "labels": {"app": name}},
        "data": values,
    }


def test_a_new_object_gets_identity_time_version_and_generation(store: ObjectStore) -> None:
    created = store.create(config_map(a="1"))["metadata"]

    assert created["uid"]
    assert created["creationTimestamp"] == "2026-11-22T21:00:00Z"
    assert created["resourceVersion"] == str(store.resource_version) == "1"
    assert created["generation"] == 1


def test_the_same_name_twice_is_refused(store: ObjectStore) -> None:
    store.create(config_map())

    with pytest.raises(AlreadyExistsError, match='configmaps "settings" already exists'):
        store.create(config_map())


def test_a_name_may_be_generated(store: ObjectStore) -> None:
    template = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "run-", "namespace": "dev"}}

    first, second = store.create(template), store.create(template)

    assert first["metadata"]["name"].startswith("run-")
    assert first["metadata"]["name"] != second["metadata"]["name"]


def test_an_object_without_any_name_is_refused(store: ObjectStore) -> None:
    with pytest.raises(InvalidError, match=r"a ConfigMap needs metadata\.name"):
        store.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "dev"}})


def test_what_comes_out_is_the_readers_own(store: ObjectStore) -> None:
    store.create(config_map(a="1"))

    store.get("ConfigMap", "dev", "settings")["data"]["a"] = "changed"
    store.list("ConfigMap")[0]["data"]["a"] = "changed"

    assert store.get("ConfigMap", "dev", "settings")["data"] == {"a": "1"}


def test_a_list_is_by_namespace_and_labels_and_sorted(store: ObjectStore) -> None:
    for name in ("b", "a", "c"):
        store.create(config_map(name))
    elsewhere = config_map("a")
    elsewhere["metadata"]["namespace"] = "production"
    store.create(elsewhere)

    assert [obj["metadata"]["name"] for obj in store.list("ConfigMap", "dev")] == ["a", "b", "c"]
    assert [obj["metadata"]["namespace"] for obj in store.list("ConfigMap", labels={"app": "a"})] == [
        "dev",
        "production",
    ]


def test_a_change_of_the_desired_state_raises_the_generation_and_one_of_metadata_or_status_does_not(
    store: ObjectStore,
) -> None:
    pod = store.create(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "dev"}, "spec": {"nodeName": "a"}}
    )
    labelled = store.update({**pod, "metadata": {**pod["metadata"], "labels": {"a": "b"}}})
    judged = store.update({**labelled, "status": {"phase": "Running"}})
    moved = store.update({**judged, "spec": {"nodeName": "b"}})

    assert [obj["metadata"]["generation"] for obj in (labelled, judged, moved)] == [1, 1, 2]
    versions = [int(obj["metadata"]["resourceVersion"]) for obj in (pod, labelled, judged, moved)]
    assert versions == sorted(set(versions))


def test_an_update_without_status_keeps_the_status(store: ObjectStore) -> None:
    pod = store.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "dev"},
            "spec": {},
            "status": {"phase": "Running"},
        }
    )
    del pod["status"]

    assert store.update(pod)["status"] == {"phase": "Running"}


def test_an_update_that_changes_nothing_is_no_new_version(store: ObjectStore) -> None:
    created = store.create(config_map(a="1"))

    assert store.update(config_map(a="1"))["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    assert store.resource_version == 1


def test_a_stale_version_is_refused(store: ObjectStore) -> None:
    first = store.create(config_map(a="1"))
    store.change("ConfigMap", "dev", "settings", lambda obj: obj["data"].update(a="2"))

    with pytest.raises(ConflictError, match=r"object has been modified.*resourceVersion 1 was sent, 2 is current"):
        store.update(first)
    assert store.get("ConfigMap", "dev", "settings")["data"] == {"a": "2"}


def test_the_identity_of_an_object_cannot_be_changed(store: ObjectStore) -> None:
    created = store.create(config_map(a="1"))
    forged = config_map(a="2")
    forged["metadata"]["creationTimestamp"] = "1999-01-01T00:00:00Z"

    updated = store.update(forged)

    assert updated["metadata"]["creationTimestamp"] == created["metadata"]["creationTimestamp"]
    assert updated["metadata"]["uid"] == created["metadata"]["uid"]


def test_what_is_not_there_is_said_in_the_words_of_kubernetes(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError, match=r'deployments.apps "carts" not found'):
        store.get("Deployment", "dev", "carts")
    assert store.find("Deployment", "dev", "carts") is None


def test_an_unknown_kind_is_answered_with_the_known_ones(store: ObjectStore) -> None:
    with pytest.raises(KeyError, match=r"no kind 'Deplyoment'; known: Namespace, .*Deployment"):
        store.list("Deplyoment")


def test_istio_kinds_are_stored_in_one_version_however_they_are_written(store: ObjectStore) -> None:
    gateway = {"kind": "Gateway", "apiVersion": "networking.istio.io/v1alpha3", "metadata": {"name": "g"}, "spec": {}}

    assert store.create(gateway)["apiVersion"] == KINDS["Gateway"].api_version == "networking.istio.io/v1beta1"
