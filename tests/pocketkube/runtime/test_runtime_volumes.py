import base64
from pathlib import Path
from typing import Any

import pytest

from pocketkube.objects.kinds import KubeObject
from pocketkube.runtime.volumes import VolumeError, claim_folder, make_volumes, mount

OBJECTS: dict[tuple[str, str], KubeObject] = {
    ("ConfigMap", "settings"): {"kind": "ConfigMap", "data": {"a.conf": "A", "b.conf": "B"}},
    ("Secret", "keys"): {"kind": "Secret", "data": {"token": base64.b64encode(b"\x00s3cret").decode()}},
    ("PersistentVolumeClaim", "files"): {"kind": "PersistentVolumeClaim", "metadata": {}, "status": {"phase": "Bound"}},
    ("PersistentVolumeClaim", "unbound"): {"kind": "PersistentVolumeClaim", "metadata": {}, "status": {}},
}


def mounted(tmp_path: Path, volumes: list[dict[str, Any]], mounts: list[dict[str, Any]]) -> Path:
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "shop"}, "spec": {"volumes": volumes}}
    made = make_volumes(pod, tmp_path / "pod", tmp_path / "data", lambda kind, name: OBJECTS.get((kind, name)))
    root = tmp_path / "root"
    root.mkdir(exist_ok=True)
    mount({"name": "c", "volumeMounts": mounts}, root, made)
    return root


def test_maps_and_secrets_are_files_at_their_mount_path(tmp_path: Path) -> None:
    root = mounted(
        tmp_path,
        [
            {"name": "m", "configMap": {"name": "settings"}},
            {"name": "s", "secret": {"secretName": "keys", "defaultMode": 0o400}},
        ],
        [{"name": "m", "mountPath": "/etc/app"}, {"name": "s", "mountPath": "/run/keys"}],
    )
    assert {path.name: path.read_text() for path in (root / "etc/app").iterdir()} == {"a.conf": "A", "b.conf": "B"}
    assert (root / "run/keys/token").read_bytes() == b"\x00s3cret"
    assert (root / "run/keys/token").stat().st_mode & 0o777 == 0o400


def test_items_choose_keys_and_sub_path_one_file(tmp_path: Path) -> None:
    root = mounted(
        tmp_path,
        [{"name": "m", "configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "x/y"}]}}],
        [{"name": "m", "mountPath": "/all"}, {"name": "m", "mountPath": "/one", "subPath": "x/y"}],
    )
    assert (root / "all/x/y").read_text() == "A"
    assert (root / "one").read_text() == "A"
    assert not (root / "all/b.conf").exists()


def test_files_of_a_claim_outlive_the_pod(tmp_path: Path) -> None:
    volumes = [{"name": "f", "persistentVolumeClaim": {"claimName": "files"}}]
    claim_folder(tmp_path / "data", "shop", "files").mkdir(parents=True)
    for text in ("1", "12"):
        root = mounted(tmp_path, volumes, [{"name": "f", "mountPath": "/data"}])
        with (root / "data/log").open("a") as file:
            file.write(text[-1])
        assert (claim_folder(tmp_path / "data", "shop", "files") / "log").read_text() == text


def test_a_volume_inside_another_never_costs_the_other_its_files(tmp_path: Path) -> None:
    folder = claim_folder(tmp_path / "data", "shop", "files")
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/precious").touch()
    volumes = [{"name": "f", "persistentVolumeClaim": {"claimName": "files"}}, {"name": "e", "emptyDir": {}}]
    with pytest.raises(VolumeError, match="is in the way"):
        mounted(tmp_path, volumes, [{"name": "e", "mountPath": "/data/sub"}, {"name": "f", "mountPath": "/data"}])
    assert (folder / "sub/precious").exists()


@pytest.mark.parametrize(
    ("volume", "complaint"),
    [
        ({"hostPath": {"path": "/"}}, "hostPath is not supported here; use configMap, secret"),
        ({"configMap": {"name": "none"}}, 'configmap "none" not found'),
        ({"configMap": {"name": "settings", "items": [{"key": "no", "path": "x"}]}}, "has no key no"),
        ({"configMap": {"name": "settings", "items": [{"key": "a.conf", "path": "../x"}]}}, "may not"),
        ({"persistentVolumeClaim": {"claimName": "none"}}, 'persistentvolumeclaim "none" not found'),
        ({"persistentVolumeClaim": {"claimName": "unbound"}}, "is not bound"),
    ],
)
def test_a_volume_that_cannot_be_had_is_refused_by_name(tmp_path: Path, volume: dict[str, Any], complaint: str) -> None:
    with pytest.raises(VolumeError, match=complaint):
        mounted(tmp_path, [{"name": "v", **volume}], [])


@pytest.mark.parametrize("path", ["/../x", "/a/../../x", "/"])
def test_no_mount_leads_out_of_the_root(tmp_path: Path, path: str) -> None:
    with pytest.raises(VolumeError):
        mounted(tmp_path, [{"name": "e", "emptyDir": {}}], [{"name": "e", "mountPath": path}])
