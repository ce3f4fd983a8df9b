"""What outlives a restart, and a SIGKILL in the middle of writing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pocketkube.kit.clock import SystemClock
from pocketkube.objects.errors import ExpiredError
from pocketkube.objects.store import ObjectStore

_WRITER = """
import sys, pathlib
from pocketkube.kit.clock import SystemClock
from pocketkube.objects.store import ObjectStore
store = ObjectStore(pathlib.Path(sys.argv[1]), SystemClock())
number = 0
while True:
    number += 1
    store.create({"kind": "ConfigMap", "metadata": {"name": f"c{number}", "namespace": "dev"}})
    print(number, flush=True)
"""


def test_objects_and_versions_outlive_a_restart(tmp_path: Path) -> None:
    first = ObjectStore(tmp_path / "objects.db", SystemClock())
    created = first.create({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "dev"}, "data": {"x": "ü"}})
    first.create({"kind": "ConfigMap", "metadata": {"name": "b", "namespace": "dev"}})
    first.delete("ConfigMap", "dev", "b")
    first.close()

    second = ObjectStore(tmp_path / "objects.db", SystemClock())

    assert second.list("ConfigMap") == [created]
    assert second.resource_version == first.resource_version == 3
    assert int(second.create({"kind": "ConfigMap", "metadata": {"name": "c"}})["metadata"]["resourceVersion"]) == 4


def test_a_watch_goes_on_over_a_restart_only_from_the_very_last_version(tmp_path: Path) -> None:
    first = ObjectStore(tmp_path / "objects.db", SystemClock())
    first.create({"kind": "ConfigMap", "metadata": {"name": "a", "namespace": "dev"}})
    first.create({"kind": "ConfigMap", "metadata": {"name": "b", "namespace": "dev"}})
    first.close()

    second = ObjectStore(tmp_path / "objects.db", SystemClock())

    second.watch("ConfigMap", since=2).close()
    with pytest.raises(ExpiredError):
        second.watch("ConfigMap", since=1)


def test_only_its_owner_may_read_the_file(tmp_path: Path) -> None:
    ObjectStore(tmp_path / "objects.db", SystemClock()).close()

    assert (tmp_path / "objects.db").stat().st_mode & 0o077 == 0


def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "objects.db"
    with subprocess.Popen([sys.executable, "-c", _WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        acknowledged = [int(next(writer.stdout)) for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout if line.endswith("\n")]

    store = ObjectStore(path, SystemClock())

    assert {f"c{number}" for number in acknowledged} <= store.names("ConfigMap", "dev")
    assert store.resource_version == len(store.list("ConfigMap"))
