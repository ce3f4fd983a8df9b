"""Server-side apply: who owns which field, what is removed, what is refused."""

from copy import deepcopy
from typing import Any

import pytest

from pocketkube.api.decoding import BadRequestError
from pocketkube.objects.errors import ConflictError, NotFoundError
from pocketkube.objects.kinds import KubeObject

DEPLOYMENT = "/apis/apps/v1/namespaces/dev/deployments/carts"
CONFIG = "/api/v1/namespaces/dev/configmaps/settings"


def config_map(**values: str) -> KubeObject:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": values}


def deployment(**container: Any) -> KubeObject:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "carts", "labels": {"app": "carts"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "carts"}},
            "template": {
                "metadata": {"labels": {"app": "carts"}},
                "spec": {"containers": [{"name": "carts", "image": "carts:1", **container}]},
            },
        },
    }


def container_of(obj: KubeObject) -> KubeObject:
    container: KubeObject = obj["spec"]["template"]["spec"]["containers"][0]
    return container


def test_a_field_that_is_no_longer_applied_is_removed(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1", b="2"))

    assert calls.apply(CONFIG, config_map(b="2"))["data"] == {"b": "2"}


def test_the_last_entry_that_is_no_longer_applied_takes_its_map_with_it(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1"))

    assert "data" not in calls.apply(CONFIG, config_map())


def test_what_somebody_else_owns_stays(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1"))
    calls.apply(CONFIG, config_map(b="2"), "other")

    assert calls.apply(CONFIG, config_map())["data"] == {"b": "2"}


def test_a_field_that_two_apply_with_one_value_goes_with_the_last_of_them(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1"))
    calls.apply(CONFIG, config_map(a="1"), "other")

    assert calls.apply(CONFIG, config_map())["data"] == {"a": "1"}
    assert "data" not in calls.apply(CONFIG, config_map(), "other")


def test_a_differing_value_of_somebody_elses_is_refused_with_field_and_manager(calls: Any) -> None:
    calls.apply(DEPLOYMENT, deployment())
    changed = deployment(image="carts:2")

    with pytest.raises(ConflictError) as refusal:
        calls.apply(DEPLOYMENT, changed, "other")

    field = '.spec.template.spec.containers[name="carts"].image'
    assert refusal.value.message == f'Apply failed with 1 conflict: conflict with "lockgate": {field}'
    assert refusal.value.details["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "lockgate"', "field": field}
    ]
    assert container_of(calls.store.get("Deployment", "dev", "carts"))["image"] == "carts:1"


def test_several_conflicts_are_all_named(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1", b="2"))

    with pytest.raises(ConflictError) as refusal:
        calls.apply(CONFIG, config_map(a="x", b="y"), "other")

    assert refusal.value.message == 'Apply failed with 2 conflicts: conflicts with "lockgate":\n- .data.a\n- .data.b'


def test_force_takes_the_field_over(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1"))

    taken = calls.apply(CONFIG, config_map(a="2"), "other", force=True)

    assert taken["data"] == {"a": "2"}
    with pytest.raises(ConflictError, match=r'conflict with "other": \.data\.a'):
        calls.apply(CONFIG, config_map(a="1"))


def test_who_changes_a_field_otherwise_owns_it_from_then_on(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1", b="2"))
    calls.patch(CONFIG, "merge-patch", {"data": {"a": "edited"}}, "kubectl-edit")

    with pytest.raises(
        ConflictError, match=r'conflict with "kubectl-edit" using v1 at 2026-11-22T21:00:00Z: \.data\.a'
    ):
        calls.apply(CONFIG, config_map(a="1", b="2"))
    assert calls.apply(CONFIG, config_map(b="2"))["data"] == {"a": "edited", "b": "2"}


def test_only_the_last_who_changed_a_field_is_named_in_a_conflict(calls: Any) -> None:
    calls.apply(CONFIG, config_map(a="1"))
    calls.patch(CONFIG, "merge-patch", {"data": {"a": "edited"}}, "kubectl-edit")

    with pytest.raises(ConflictError) as refusal:
        calls.apply(CONFIG, config_map(a="2"), "other")

    assert [cause["message"].split()[2] for cause in refusal.value.details["causes"]] == ['"kubectl-edit"']


def test_what_existed_before_anybody_applied_is_not_overwritten_in_silence(calls: Any) -> None:
    calls.store.create({**config_map(a="1"), "metadata": {"name": "settings", "namespace": "dev"}})

    with pytest.raises(ConflictError, match='conflict with "before-first-apply"'):
        calls.apply(CONFIG, config_map(a="2"))


def test_a_stale_version_is_refused_even_with_force(calls: Any) -> None:
    first = calls.apply(CONFIG, config_map(a="1"))
    calls.apply(CONFIG, config_map(a="2"))
    late = config_map(a="3")
    late["metadata"]["resourceVersion"] = first["metadata"]["resourceVersion"]

    with pytest.raises(ConflictError, match="the object has been modified"):
        calls.apply(CONFIG, late, force=True)
    assert calls.store.get("ConfigMap", "dev", "settings")["data"] == {"a": "2"}


def test_an_apply_with_a_version_does_not_create_what_is_gone(calls: Any) -> None:
    config = config_map(a="1")
    config["metadata"]["resourceVersion"] = "7"

    with pytest.raises(NotFoundError):
        calls.apply(CONFIG, config)


def test_applying_the_same_again_writes_nothing(calls: Any, clock: Any) -> None:
    first = calls.apply(DEPLOYMENT, deployment())
    clock.advance(60)

    assert calls.apply(DEPLOYMENT, deployment()) == first


def test_a_probe_that_is_no_longer_applied_goes_with_its_defaults(calls: Any) -> None:
    probe = {"httpGet": {"path": "/health", "port": 8080}}
    assert (
        container_of(calls.apply(DEPLOYMENT, deployment(readinessProbe=probe)))["readinessProbe"]["periodSeconds"] == 10
    )

    assert "readinessProbe" not in container_of(calls.apply(DEPLOYMENT, deployment()))


def test_list_items_are_merged_by_their_keys(calls: Any) -> None:
    calls.apply(DEPLOYMENT, deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]))
    calls.patch(
        DEPLOYMENT,
        "strategic-merge-patch",
        {"spec": {"template": {"spec": {"containers": [{"name": "carts", "env": [{"name": "C", "value": "3"}]}]}}}},
    )

    applied = calls.apply(DEPLOYMENT, deployment(env=[{"name": "B", "value": "9"}]))

    values = {each["name"]: each["value"] for each in container_of(applied)["env"]}
    assert values == {"B": "9", "C": "3"}


def test_what_controllers_wrote_into_a_map_stays_when_the_applier_gives_its_own_entries_up(calls: Any) -> None:
    annotated = deployment()
    annotated["metadata"]["annotations"] = {"note": "mine"}
    calls.apply(DEPLOYMENT, annotated)
    calls.store.change("Deployment", "dev", "carts", lambda obj: obj["metadata"]["annotations"].update(revision="1"))

    assert calls.apply(DEPLOYMENT, deployment())["metadata"]["annotations"] == {"revision": "1"}


def test_a_route_is_owned_as_a_whole(calls: Any) -> None:
    path = "/apis/networking.istio.io/v1beta1/namespaces/dev/virtualservices/carts"
    service: KubeObject = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "carts"},
        "spec": {"hosts": ["carts"], "http": [{"route": [{"destination": {"host": "carts"}, "weight": 100}]}]},
    }
    calls.apply(path, service, "lockgate-traffic")
    shifted = deepcopy(service)
    shifted["spec"]["http"][0]["route"][0]["weight"] = 50

    with pytest.raises(ConflictError, match=r'conflict with "lockgate-traffic": \.spec\.http$'):
        calls.apply(path, shifted)


def test_status_is_applied_through_its_own_door_only(calls: Any) -> None:
    calls.apply(DEPLOYMENT, {**deployment(), "status": {"replicas": 9}})
    assert "status" not in calls.store.get("Deployment", "dev", "carts")

    judged = calls.apply(f"{DEPLOYMENT}/status", {**deployment(image="carts:9"), "status": {"replicas": 1}}, "watcher")

    assert judged["status"] == {"replicas": 1}
    assert container_of(judged)["image"] == "carts:1"
    assert judged["metadata"]["generation"] == 1


def test_an_applied_configuration_may_not_claim_ownership_itself(calls: Any) -> None:
    config = config_map(a="1")
    config["metadata"]["managedFields"] = [{"manager": "other"}]

    with pytest.raises(BadRequestError, match="managedFields must be nil"):
        calls.apply(CONFIG, config)


def test_managed_fields_are_written_in_the_form_of_kubernetes(calls: Any) -> None:
    entry = calls.apply(DEPLOYMENT, deployment(ports=[{"containerPort": 8080}]))["metadata"]["managedFields"][0]

    container = entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"carts"}']
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("lockgate", "Apply", "apps/v1")
    assert container == {
        ".": {},
        "f:image": {},
        "f:name": {},
        "f:ports": {'k:{"containerPort":8080,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
    }
