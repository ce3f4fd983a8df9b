"""The demo as a user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.user import environment_of, processes_about, require_prometheus

KUBECONFIG = "apiVersion: v1\nkind: Config\ncurrent-context: work\n"


@pytest.mark.timeout(500)
def test_the_demo_shows_the_gate_at_work_and_leaves_no_trace(tmp_path: Path) -> None:
    require_prometheus()
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube" / "config").write_text(KUBECONFIG)
    temporary.mkdir()
    before = (home / ".kube" / "config").stat()
    demo = [sys.executable, "-m", "lockgate.cli", "demo", "--no-keep", "--test-seconds", "15"]
    environment = {**environment_of(home), "TMPDIR": str(temporary)}

    ended = subprocess.run(
        demo, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr
    assert processes_about(tmp_path) == []
    assert list(temporary.glob("lockgate-*")) == []
    after = (home / ".kube" / "config").stat()
    assert (home / ".kube" / "config").read_text() == KUBECONFIG
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    summary = ended.stdout.partition("What happened")[2]
    told = [line.split()[:3] for line in summary.splitlines()]
    for journey in (
        ["0.6.0", "production", "not"],
        ["0.6.1_prometheus", "staging", "fail"],
        ["0.6.2_prometheus", "staging", "pass"],
        ["0.6.2_prometheus", "production", "not"],
    ):
        assert journey in told, summary
    assert "NOT AS EXPECTED" not in ended.stdout
