"""A pocketkube with its Envoy, started once for the tests of the room that need a platform."""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lockgate.cluster.kubernetes import KubernetesCluster, connect

PATIENCE = 60.0  # seconds until something that must happen has happened
_PROGRAM = """\
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ["VERSION"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
http.server.ThreadingHTTPServer((os.environ["POD_IP"], 8080), Answer).serve_forever()
"""
_IMAGES: tuple[tuple[str, list[str], dict[str, str]], ...] = (
    ("v1", ["{python}", "-c", _PROGRAM], {"VERSION": "v1"}),
    ("v2", ["{python}", "-c", _PROGRAM], {"VERSION": "v2"}),
    ("crash", ["{python}", "-c", "print('FOO is missing'); raise SystemExit(7)"], {}),
    ("mute", ["{python}", "-c", "import time; time.sleep(3600)"], {}),
)
_numbers = itertools.count(1)


class Platform:
    """*kubeconfig* is there from the first start; the gateway listens on *gateway_port*."""

    def __init__(self, data: Path) -> None:
        self.kubeconfig = data / "kubeconfig"
        self._data = data
        self._log = (data.parent / "log").open("ab")
        self._catalogue = data.parent / "images.toml"
        tables = (
            f"[[image]]\nrepository = 'web'\ntag = '{tag}'\ncommand = {json.dumps(command)}\n"
            f"env = {{ {', '.join(f'{name} = {json.dumps(value)}' for name, value in env.items())} }}\n"
            for tag, command, env in _IMAGES
        )
        self._catalogue.write_text("\n".join(tables))
        self._serving = self._start_serving()
        self._envoy = self._start("envoy")

    @property
    def gateway_port(self) -> int:
        port: int = json.loads((self._data / "gateway.json").read_text())["port"]
        return port

    def kill(self) -> None:
        """As a machine that runs out of memory would."""
        self._serving.kill()
        self._serving.wait()

    def start_again(self) -> None:
        self._serving = self._start_serving()

    async def kubectl(self, *arguments: str, given: str = "") -> str:
        """What it prints. AssertionError with its complaint when it fails."""
        kubectl = Path(sys.executable).parent / "kubectl"
        process = await asyncio.create_subprocess_exec(
            kubectl,
            f"--kubeconfig={self.kubeconfig}",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complaint = await process.communicate(given.encode())
        assert process.returncode == 0, complaint.decode()
        return said.decode()

    def close(self) -> None:
        self._envoy.send_signal(signal.SIGTERM)
        self._envoy.wait(PATIENCE)
        subprocess.run([*self._command("stop")], check=True, stdout=self._log, stderr=self._log, timeout=PATIENCE)
        self._serving.wait(PATIENCE)
        self._log.close()

    def _start_serving(self) -> subprocess.Popen[bytes]:
        loadrunner = Path(__file__).parents[3] / "src" / "loadrunner" / "images.toml"
        images = ["--images", str(self._catalogue), str(loadrunner)]
        serving = self._start("serve", "--gateway-port", "0", *images)
        deadline = time.monotonic() + PATIENCE
        pause = 0.01
        while not (self.kubeconfig.exists() and (self._data / "gateway.json").exists()):
            assert serving.poll() is None, "pocketkube ended"
            assert time.monotonic() < deadline, "pocketkube did not start in time"
            time.sleep(pause)
        return serving

    def _start(self, command: str, *more: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*self._command(command), *more], stdout=self._log, stderr=self._log)

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-m", "pocketkube", command, "--data", str(self._data)]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    running = Platform(tmp_path_factory.mktemp("platform") / "data")
    yield running
    running.close()


@pytest.fixture
async def kubernetes(platform: Platform) -> AsyncIterator[KubernetesCluster]:
    cluster = connect(platform.kubeconfig)
    yield cluster
    await cluster.close()


@pytest.fixture
def place() -> str:
    """A namespace that nothing uses yet; it may be read as project `shop<n>`, stage `dev`."""
    return f"shop{next(_numbers)}-dev"
