"""Pods as Prometheus finds them: the labels of kubernetes_sd_configs, and Prometheus itself where there is one."""

from typing import Any

from pocketkube.api.scraping import target_groups
from pocketkube.objects.kinds import KubeObject

POD: KubeObject = {
    "kind": "Pod",
    "metadata": {
        "name": "carts-blue-1",
        "namespace": "dev",
        "uid": "u",
        "labels": {"app": "carts", "lockgate.dev/release": "r-1"},
        "annotations": {"prometheus.io/scrape": "true"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "carts-blue", "uid": "o", "controller": True}],
    },
    "spec": {
        "containers": [
            {
                "name": "carts",
                "image": "carts:1",
                "ports": [{"name": "http", "containerPort": 8080}, {"containerPort": 9}],
            },
            {"name": "side", "image": "side:1"},
        ]
    },
    "status": {
        "phase": "Running",
        "podIP": "127.64.16.1",
        "hostIP": "127.0.0.1",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"name": "carts", "containerID": "pocketkube://x"}],
    },
}


def test_each_container_port_is_a_target_and_a_container_without_one_is_its_address() -> None:
    assert [group["targets"] for group in target_groups([POD])] == [
        ["127.64.16.1:8080"],
        ["127.64.16.1:9"],
        ["127.64.16.1"],
    ]


def test_the_labels_are_those_of_prometheus_with_its_sanitised_names() -> None:
    labels = {
        name.removeprefix("__meta_kubernetes_"): value for name, value in target_groups([POD])[0]["labels"].items()
    }

    assert labels == {
        "namespace": "dev",
        "pod_name": "carts-blue-1",
        "pod_ip": "127.64.16.1",
        "pod_ready": "true",
        "pod_phase": "Running",
        "pod_node_name": "",
        "pod_host_ip": "127.0.0.1",
        "pod_uid": "u",
        "pod_controller_kind": "ReplicaSet",
        "pod_controller_name": "carts-blue",
        "pod_label_app": "carts",
        "pod_labelpresent_app": "true",
        "pod_label_lockgate_dev_release": "r-1",
        "pod_labelpresent_lockgate_dev_release": "true",
        "pod_annotation_prometheus_io_scrape": "true",
        "pod_annotationpresent_prometheus_io_scrape": "true",
        "pod_container_name": "carts",
        "pod_container_image": "carts:1",
        "pod_container_id": "pocketkube://x",
        "pod_container_init": "false",
        "pod_container_port_name": "http",
        "pod_container_port_number": "8080",
        "pod_container_port_protocol": "TCP",
    }


def test_a_pod_without_an_address_is_not_there_yet() -> None:
    assert target_groups([{**POD, "status": {"phase": "Pending"}}]) == []


async def test_they_are_served_to_those_who_have_the_token(live: Any) -> None:
    unowned = {name: value for name, value in POD["metadata"].items() if name != "ownerReferences"}
    live.store.create({**POD, "metadata": unowned})

    answer = await live.ok("get", "--raw", "/sd/pods")

    assert '"targets":["127.64.16.1:8080"]' in answer
