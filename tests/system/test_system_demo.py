"""The demo as a user starts it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.system.user import environment_of, processes_about, require_prometheus

KUBECONFIG = "apiVersion: v1\nkind: Config\ncurrent-context: work\n"

pytestmark = pytest.mark.timeout(500)


@dataclass(frozen=True, slots=True)
class Shown:
    """A demo that is over: what it printed, its exit code, and the folder with its home and its temporary files."""

    folder: Path
    code: int
    printed: str
    kubeconfig_before: tuple[int, int]

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "home" / ".kube" / "config"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    yield shown_in(tmp_path_factory.mktemp("demo"), "--test-seconds=15")


def shown_in(folder: Path, *flags: str) -> Shown:
    require_prometheus()
    home = folder / "home"
    (home / ".kube").mkdir(parents=True)
    (home / ".kube" / "config").write_text(KUBECONFIG)
    (folder / "tmp").mkdir()
    before = written(home / ".kube" / "config")
    ended = subprocess.run(
        [sys.executable, "-m", "lockgate.cli", "demo", "--no-keep", *flags],
        env={**environment_of(home), "TMPDIR": str(folder / "tmp")},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Shown(folder, ended.returncode, ended.stdout + ended.stderr, before)


def written(path: Path) -> tuple[int, int]:
    """Differs when somebody wrote to it or put another in its place."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ino


def test_the_demo_shows_three_versions_and_what_the_gate_says_of_each(shown: Shown) -> None:
    assert shown.code == 0, shown.printed[-8000:]
    assert "NOT AS EXPECTED" not in shown.printed
    summary = shown.printed.partition("What happened")[2]
    told = [line.split()[:3] for line in summary.splitlines()]
    for journey in (
        ["0.6.0", "production", "not"],
        ["0.6.1_prometheus", "staging", "fail"],
        ["0.6.2_prometheus", "staging", "pass"],
        ["0.6.2_prometheus", "production", "not"],
    ):
        assert journey in told, summary


def test_nothing_of_the_demo_goes_on_running_and_its_folder_is_gone(shown: Shown) -> None:
    assert processes_about(shown.folder) == []
    assert list((shown.folder / "tmp").glob("lockgate-*")) == []


def test_the_demo_leaves_the_users_own_kubeconfig_alone(shown: Shown) -> None:
    assert shown.kubeconfig.read_text() == KUBECONFIG
    assert written(shown.kubeconfig) == shown.kubeconfig_before
