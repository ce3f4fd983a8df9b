"""The whole program: `python -m pocketkube serve`, killed, started again, stopped."""

import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KUBECTL = str(Path(sys.executable).parent / "kubectl")
IMAGES = """
[[image]]
repository = "sleeper"
tag = "*"
command = ["{python}", "-c", "import time; time.sleep(3600)"]
"""
DEADLINE = 90  # seconds


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "images.toml").write_text(IMAGES)
    yield tmp_path
    command("stop", tmp_path)


def command(name: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pocketkube", name, "--data", str(folder / "data"), *words],
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    arguments = ["--data", str(folder / "data"), "--no-mesh", "--images", str(folder / "images.toml"), *words]
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pocketkube", "serve", *arguments],
            env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("pocketkube serves https://127.0.0.1:"), (folder / "serve.log").read_text()
        until(lambda: is_healthy(said.split()[-1], folder))
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def is_healthy(address: str, folder: Path) -> bool:
    trusted = ssl.create_default_context(cafile=str(folder / "data" / "ca.crt"))
    try:
        with urllib.request.urlopen(f"{address}/healthz", context=trusted, timeout=10) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False


def until(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.05)


def kubectl(folder: Path, *words: str) -> str:
    environment = {"KUBECONFIG": str(folder / "data" / "kubeconfig"), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    found = subprocess.run(
        [KUBECTL, *words], env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_it_serves_deployments_as_processes_that_outlive_it_until_it_is_told_to_stop(folder: Path) -> None:
    with serving(folder, "--context", "laptop") as first:
        assert kubectl(folder, "config", "current-context") == "laptop\n"
        assert kubectl(folder, "get", "ns", "-o", "name").split() == [
            "namespace/default",
            "namespace/istio-system",
            "namespace/kube-system",
        ]
        kubectl(folder, "create", "deployment", "web", "--image=sleeper:1")
        kubectl(folder, "wait", "--for=condition=Available", "deployment/web", f"--timeout={DEADLINE}s")
        pod = kubectl(folder, "get", "pods", "-o", "jsonpath={.items[0].metadata.name}/{.items[0].status.podIP}")
        port = (folder / "data" / "port").read_text()
        first.send_signal(signal.SIGKILL)
        first.wait(DEADLINE)

    with serving(folder) as second:
        assert (folder / "data" / "port").read_text() == port
        assert (
            kubectl(folder, "get", "pods", "-o", "jsonpath={.items[0].metadata.name}/{.items[0].status.podIP}") == pod
        )
        assert (
            kubectl(folder, "get", "pods", "-o", "jsonpath={.items[0].status.containerStatuses[0].restartCount}") == "0"
        )
        second.send_signal(signal.SIGTERM)
        assert second.wait(DEADLINE) == 0

    stopped = command("stop", folder)
    assert (stopped.returncode, stopped.stdout) == (0, "stopped; 1 containers ended\n")


def test_two_do_not_serve_the_same_folder(folder: Path) -> None:
    with serving(folder) as first:
        second = command("serve", folder, "--no-mesh")

    assert second.returncode == 1
    assert f"pocketkube already serves {folder / 'data'} (pid {first.pid}); stop it first" in second.stderr


def test_stop_ends_the_one_that_serves(folder: Path) -> None:
    with serving(folder) as server:
        assert command("stop", folder).returncode == 0
        assert server.wait(DEADLINE) == 0


def test_a_missing_catalogue_and_a_missing_folder_are_named(folder: Path) -> None:
    unknown = command("serve", folder, "--images", "/nowhere/images.toml")
    nothing = command("stop", folder)

    assert (unknown.returncode, unknown.stderr) == (
        1,
        "pocketkube: no such catalogue of images: /nowhere/images.toml\n",
    )
    assert (nothing.returncode, nothing.stderr) == (1, f"pocketkube: there is no installation in {folder / 'data'}\n")
