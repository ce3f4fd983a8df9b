"""Two control planes on one data folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from lockgate.domain.errors import InvalidError, PermanentError
from lockgate.domain.source_name import SourceName
from lockgate.kit.clock import SystemClock
from lockgate.ports.metric_source import SourceSettings, SourceWish
from lockgate.store.memory import MemoryStore
from lockgate.wiring.alone import alone
from lockgate.wiring.sources import ConfiguredSources

KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: a, user: {token: x}}]
contexts: [{name: a, context: {cluster: a, user: a}}]
current-context: a
"""


def test_a_second_control_plane_on_the_same_folder_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(PermanentError, match="another control plane"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_a_second_serve_on_the_same_folder_ends_with_one_sentence_and_touches_nothing(tmp_path: Path) -> None:
    data, kubeconfig = tmp_path / "data", tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    serve = ("serve", "--kubeconfig", str(kubeconfig), "--data", str(data), "--port", "0")
    with alone(data):
        ended = subprocess.run(
            [sys.executable, "-m", "lockgate.cli", *serve], capture_output=True, text=True, timeout=120, check=False
        )
    assert ended.returncode == 5
    assert len(ended.stderr.splitlines()) == 1
    assert "another control plane is at work" in ended.stderr
    assert [path.name for path in data.iterdir()] == ["serve.lock"]


@pytest.mark.parametrize("url", ["http://[::1", "ftp://host", "http://user:sekret@host:9090", "host:9090"])
async def test_an_address_that_is_none_or_holds_a_password_is_refused_and_the_password_not_repeated(url: str) -> None:
    sources = ConfiguredSources(MemoryStore(), SystemClock(), {})
    with pytest.raises(InvalidError) as refusal:
        await sources.configure(SourceWish(SourceName("prometheus"), SourceSettings(url)))
    assert "sekret" not in str(refusal.value)
