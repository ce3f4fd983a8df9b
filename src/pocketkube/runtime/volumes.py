"""Volumes: folders that appear in a container at POD_ROOT + mountPath."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.environment import ConfigError, Lookup, referred

_SUPPORTED = ("configMap", "secret", "emptyDir", "persistentVolumeClaim")


class VolumeError(Exception):
    """A volume that is not there (yet), or of a sort that cannot be had here."""


def claim_folder(data: Path, namespace: str, claim: str) -> Path:
    """Where a PersistentVolumeClaim keeps its files."""
    return data.absolute() / "volumes" / namespace / claim


def make_volumes(pod: KubeObject, folder: Path, data: Path, lookup: Lookup) -> dict[str, Path]:
    """The folder of each of the pod's volumes by name, made and filled. VolumeError. Safe to repeat."""
    made = {}
    for volume in pod["spec"].get("volumes") or []:
        made[volume["name"]] = _make(volume, folder / ".volumes" / volume["name"], (pod, data), lookup)
    return made


def mount(container: Mapping[str, Any], root: Path, volumes: Mapping[str, Path]) -> None:
    """Links the volumes into the container's root. VolumeError. Safe to repeat."""
    # The shortest path first, so that a volume inside another is linked inside it.
    for mounted in sorted(container.get("volumeMounts") or [], key=lambda each: len(each["mountPath"])):
        if mounted["name"] not in volumes:
            raise VolumeError(f'container {container["name"]}: there is no volume "{mounted["name"]}"')
        if mounted.get("subPathExpr"):
            raise VolumeError(f"container {container['name']}: subPathExpr is not supported here; use subPath")
        source = volumes[mounted["name"]]
        if mounted.get("subPath"):
            source = source / _inside(mounted["subPath"])
            if not source.exists():
                source.mkdir(parents=True)
        _link(root / _inside(mounted["mountPath"]), source)


def _make(volume: Mapping[str, Any], folder: Path, place: tuple[KubeObject, Path], lookup: Lookup) -> Path:
    pod, data = place
    if volume.get("persistentVolumeClaim") is not None:
        return _claimed(volume["persistentVolumeClaim"]["claimName"], pod, data, lookup)
    folder.mkdir(parents=True, exist_ok=True)
    for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
        if volume.get(field) is not None:
            _fill(folder, volume[field], kind, lookup)
            return folder
    # A volume that names no sort is an emptyDir, as in Kubernetes.
    others = sorted(volume.keys() - {"name", *_SUPPORTED})
    if others:
        raise VolumeError(f'volume "{volume["name"]}": {others[0]} is not supported here; use {", ".join(_SUPPORTED)}')
    return folder


def _claimed(name: str, pod: KubeObject, data: Path, lookup: Lookup) -> Path:
    claim = lookup("PersistentVolumeClaim", name)
    if claim is None:
        raise VolumeError(f'persistentvolumeclaim "{name}" not found')
    if "deletionTimestamp" in claim["metadata"]:
        raise VolumeError(f'persistentvolumeclaim "{name}" is being deleted')
    if claim.get("status", {}).get("phase") != "Bound":
        raise VolumeError(f'persistentvolumeclaim "{name}" is not bound')
    return claim_folder(data, pod["metadata"]["namespace"], name)


def _fill(folder: Path, source: Mapping[str, Any], kind: str, lookup: Lookup) -> None:
    try:
        found = referred(kind, source, lookup) or {}
    except ConfigError as error:
        raise VolumeError(str(error)) from error
    wanted = [(key, key, None) for key in found]
    if source.get("items"):
        wanted = [(item["key"], item["path"], item.get("mode")) for item in source["items"]]
    for key, path, mode in wanted:
        if key not in found:
            if source.get("optional"):
                continue
            raise VolumeError(f'{kind.lower()} "{source.get("name") or source.get("secretName")}" has no key {key}')
        file = folder / _inside(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(found[key])
        file.chmod(mode or source.get("defaultMode") or 0o644)


def _link(target: Path, source: Path) -> None:
    try:
        if target.is_symlink():
            target.unlink()
        elif target.is_dir():
            target.rmdir()  # Never with contents: it may lie inside another volume.
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source)
    except OSError as error:
        raise VolumeError(f"{target} is in the way of a volume: {error.strerror}") from error


def _inside(path: str) -> PurePosixPath:
    """The path without its leading slash; VolumeError when it would lead out of its folder."""
    relative = PurePosixPath(path.lstrip("/"))
    if ".." in relative.parts or not relative.parts:
        raise VolumeError(f"path {path!r} may not be empty and may not have .. in it")
    return relative
