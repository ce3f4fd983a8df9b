"""From a container's spec to a plan that can be executed: image, environment, volumes, an empty root."""

import os
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime import environment, volumes
from pocketkube.runtime.catalogue import Image
from pocketkube.runtime.node import Node
from pocketkube.runtime.runs import Plan

_TERMINATION_LOG = "/dev/termination-log"
_LONGEST_MESSAGE = 4096  # bytes, as in Kubernetes
_LONGEST_FALLBACK = 2048


class UnstartableError(Exception):
    """Why a container cannot start now; `reason` is that of its waiting state, `event` that of the warning."""

    def __init__(self, reason: str, message: str, event: str = "Failed") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.event = event


def find_image(container: Mapping[str, Any], node: Node) -> Image:
    """The container's image in the catalogue. UnstartableError with the sentence that says what to add."""
    name = container.get("image") or ""
    image = node.catalogue.find(name)
    if image is None:
        raise UnstartableError("ErrImagePull", node.catalogue.advice(name))
    return image


def prepare(pod: KubeObject, container: Mapping[str, Any], image: Image, folder: Path, node: Node) -> Plan:
    """Makes the container's root anew, as for every start of a container; its volumes stay. UnstartableError."""
    if container.get("restartPolicy") == "Always":
        raise UnstartableError(
            "CreateContainerConfigError",
            f"init container {container['name']}: restartPolicy Always is not supported here",
        )
    root = folder / "root"
    namespace = pod["metadata"]["namespace"]
    lookup = partial(_lookup, node, namespace)
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    try:
        made = volumes.make_volumes(pod, folder.parent, node.data, lookup)
        volumes.mount(container, root, made)
    except volumes.VolumeError as error:
        raise UnstartableError("ContainerCreating", str(error), "FailedMount") from error
    _make_message_file(container, root)
    try:
        variables = environment.container_environment(pod, container, _base(pod, root, image, node), lookup)
        variables["POD_ROOT"] = str(root)  # Never overridden: a container's processes are known by it.
        argv = environment.command_line(container, image, variables)
    except environment.ConfigError as error:
        raise UnstartableError("CreateContainerConfigError", str(error)) from error
    cwd = root / PurePosixPath((container.get("workingDir") or "/").lstrip("/"))
    return Plan(argv=argv, env=variables, cwd=str(cwd), log=str(folder / "log"), delay=0.0)


def termination_message(container: Mapping[str, Any], folder: Path, *, failed: bool) -> str:
    """What the container left to say; with FallbackToLogsOnError the end of its log if it left nothing."""
    said = _message_file(container, folder / "root")
    text = _head(said)
    if not text and failed and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        return _tail(folder / "log")
    return text


def _lookup(node: Node, namespace: str, kind: str, name: str) -> KubeObject | None:
    return node.store.find(kind, namespace, name)


def _base(pod: KubeObject, root: Path, image: Image, node: Node) -> dict[str, str]:
    own = Path(sys.executable).parent
    linked = pod["spec"].get("enableServiceLinks") is not False
    return {
        "PATH": os.pathsep.join((str(own), os.environ.get("PATH", os.defpath))),
        "HOME": str(root),
        "LANG": "C.UTF-8",
        "HOSTNAME": pod["spec"].get("hostname") or pod["metadata"]["name"],
        "POD_IP": pod["status"]["podIP"],
        **(node.services(pod["metadata"]["namespace"]) if linked else {}),
        **image.env,
    }


def _make_message_file(container: Mapping[str, Any], root: Path) -> None:
    file = _message_file(container, root)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.touch()


def _message_file(container: Mapping[str, Any], root: Path) -> Path:
    path = PurePosixPath((container.get("terminationMessagePath") or _TERMINATION_LOG).lstrip("/"))
    if ".." in path.parts:
        raise UnstartableError("CreateContainerConfigError", f"terminationMessagePath {path} leads out of the root")
    return root / path


def _head(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST_MESSAGE).decode(errors="replace")
    except OSError:
        return ""


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONGEST_FALLBACK))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
