"""Pure: a check as a Job, and the script that it runs as a ConfigMap."""

import hashlib
from typing import Any

from lockgate.domain.manifest import Manifest, Ref
from lockgate.domain.testing import Check, CheckRequest

CONTAINER = "check"
_SCRIPT = "locustfile.py"
_FOLDER = "/tests"
_SLACK_SECONDS = 90  # for the image, the start, and requests that are under way when the time is up
_KEPT_SECONDS = 3600  # so that logs can be read after the delivery


def job_ref(request: CheckRequest) -> Ref:
    return Ref("Job", request.place.namespace, _name(request))


def labels_of(request: CheckRequest) -> dict[str, str]:
    """The run's id is longer than a label may be."""
    return {"lockgate.dev/run-hash": _hash(request), "lockgate.dev/check": request.check.value}


def deadline_seconds(request: CheckRequest) -> int:
    return _SLACK_SECONDS + (request.load.seconds if request.check is Check.PERFORMANCE else 0)


def script_object(request: CheckRequest, owner_uid: str | None) -> Manifest:
    """With *owner_uid*, that of the Job, it goes when the Job goes."""
    metadata = _metadata(request)
    if owner_uid is not None:
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": _name(request), "uid": owner_uid}
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {_SCRIPT: request.script}}


def job_object(request: CheckRequest, image: str, gateway: str) -> Manifest:
    container = {
        "name": CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "value": value} for name, value in _environment(request, gateway).items()],
        "volumeMounts": [{"name": "script", "mountPath": _FOLDER}],
    }
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "containers": [container],
        "volumes": [{"name": "script", "configMap": {"name": _name(request)}}],
    }
    # A sidecar would keep the pod alive after the check has ended.
    labels = {**labels_of(request), "sidecar.istio.io/inject": "false"}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": _metadata(request),
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline_seconds(request),
            "ttlSecondsAfterFinished": _KEPT_SECONDS,
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def _environment(request: CheckRequest, gateway: str) -> dict[str, str]:
    """The contract of the image: the settings of the load runner."""
    environment = {
        "CHECK": request.check.value,
        "LOCUST_FILE": f"{_FOLDER}/{_SCRIPT}",
        "TARGET_HOST": gateway if request.through_gateway else _inside(request),
        "HEALTH_PATH": request.health_path,
    }
    if request.through_gateway:
        environment["HOST_HEADER"] = request.host
    if request.check is Check.PERFORMANCE:
        environment["USERS"] = str(request.load.users)
        environment["SPAWN_RATE"] = str(max(1, round(request.load.spawn_rate)))
        environment["RUN_SECONDS"] = str(request.load.seconds)
    else:
        environment["ITERATIONS"] = "1"
    return environment


def _inside(request: CheckRequest) -> str:
    """By the variables that Kubernetes gives a pod for each Service of its namespace: no DNS needed."""
    prefix = request.place.service.upper().replace("-", "_")
    return f"http://$({prefix}_SERVICE_HOST):$({prefix}_SERVICE_PORT)"


def _metadata(request: CheckRequest) -> dict[str, Any]:
    return {
        "name": _name(request),
        "namespace": request.place.namespace,
        "labels": labels_of(request),
        "annotations": {"lockgate.dev/run": request.run},
    }


def _name(request: CheckRequest) -> str:
    return f"test-{_hash(request)}-{request.check.value}"


def _hash(request: CheckRequest) -> str:
    return hashlib.sha256(request.run.encode()).hexdigest()[:10]
