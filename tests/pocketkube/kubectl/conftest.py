"""A whole pocketkube with its Envoy, and every kubectl at hand: the installed one, and those of KUBECTL_OTHERS."""

import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECONDS = 90  # until something is given up; the machine may be busy
OTHERS = "KUBECTL_OTHERS"  # paths of kubectl programs of other versions, as in PATH
OLDEST_THAT_WRITES = 36  # the minor version
WEB = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Web(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["VERSION"].encode())
    def log_message(self, *words): print("asked for", self.path, flush=True)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = ThreadingHTTPServer((os.environ["POD_IP"], 8080), Web)
print("version", os.environ["VERSION"], flush=True)
server.serve_forever()
"""
APP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: SHOP}
data: {a: "1", b: "2"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files, namespace: SHOP}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: SHOP, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web:1
        env: [{name: VERSION, value: one}]
        ports: [{containerPort: 8080}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: SHOP}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata: {name: gw, namespace: SHOP}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: web, namespace: SHOP}
spec: {host: web, subsets: [{name: all, labels: {app: web}}]}
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: web, namespace: SHOP}
spec:
  hosts: [web.SHOP.localhost]
  gateways: [gw]
  http: [{route: [{destination: {host: web, subset: all}, weight: 100}]}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: check, namespace: SHOP}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: check}]}}}
"""


def until(condition: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (found := condition()):
        assert time.monotonic() < deadline, f"after {SECONDS} s still not: {what}"
        time.sleep(0.05)
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Shop:
    """A namespace, what was applied to it, and the host of its route."""

    name: str
    manifest: str
    host: str


@dataclass(frozen=True, slots=True)
class Kubectl:
    """One kubectl program, with a home of its own, on one installation."""

    program: str
    home: Path
    kubeconfig: Path

    @property
    def minor(self) -> int:
        """26 for version 1.26; of the program, not of the server."""
        told = json.loads(self.ok("version", "--client", "-o", "json"))["clientVersion"]["minor"]
        return int(re.sub(r"\D.*", "", told))

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        known = {"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)}
        return subprocess.Popen(
            [self.program, *words],
            env={**known, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str, stdin: str = "", **environment: str) -> Ended:
        with self.start(*words, **environment) as process:
            try:
                said, _ = process.communicate(stdin, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                said, _ = process.communicate()
                pytest.fail(f"kubectl {' '.join(words)} did not end in {SECONDS} s: {said}")
        return Ended(process.returncode, said)

    def ok(self, *words: str, stdin: str = "", **environment: str) -> str:
        ended = self.run(*words, stdin=stdin, **environment)
        assert ended.code == 0, f"kubectl {' '.join(words)}: {ended.said}"
        return ended.said


@dataclass(frozen=True, slots=True)
class Pocketkube:
    """A served installation, its Envoy beside it."""

    folder: Path

    until = staticmethod(until)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "data" / "kubeconfig"

    @property
    def gateway_port(self) -> int:
        port: int = json.loads((self.folder / "data" / "gateway.json").read_text())["port"]
        return port

    def get(self, host: str) -> str:
        """What a user of that host gets, through Envoy; an empty text if it is not a page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway_port, timeout=10)
        try:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            text = answer.read().decode()
        except OSError:
            return ""
        finally:
            connection.close()
        return text if answer.status == http.HTTPStatus.OK else ""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a kubectl is one test for each kubectl at hand."""
    if "program" in metafunc.fixturenames:
        others = [path for path in os.environ.get(OTHERS, "").split(os.pathsep) if path]
        programs = [str(Path(sys.executable).parent / "kubectl"), *others]
        names = ["installed", *(f"other{number}" for number in range(1, len(programs)))]
        metafunc.parametrize("program", programs, ids=names, scope="module")


@pytest.fixture(scope="module")
def pocketkube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pocketkube]:
    folder = tmp_path_factory.mktemp("kubectl")
    (folder / "web.py").write_text(WEB)
    web = json.dumps(["{python}", str(folder / "web.py")])
    (folder / "images.toml").write_text(
        f'[[image]]\nrepository = "web"\ncommand = {web}\n\n'
        '[[image]]\nrepository = "check"\ncommand = ["{python}", "-c", "print(\'checked\')"]\n'
    )
    made = Pocketkube(folder)
    serve = _program(folder, "serve", "--images", str(folder / "images.toml"), "--gateway-port", "0")
    envoy: subprocess.Popen[bytes] | None = None
    try:
        until(lambda: made.kubeconfig.exists() and (folder / "data" / "gateway.json").exists(), "pocketkube serves")
        envoy = _program(folder, "envoy")
        yield made
    finally:
        if envoy is not None:
            envoy.kill()
            envoy.wait()
        _program(folder, "stop").wait()
        serve.wait(SECONDS)


def _program(folder: Path, name: str, *words: str) -> "subprocess.Popen[bytes]":
    with (folder / f"{name}.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "pocketkube", name, "--data", str(folder / "data"), *words],
            env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
            stdout=log,
            stderr=log,
        )


@pytest.fixture
def shop(pocketkube: Pocketkube, installed: Kubectl) -> Iterator[Shop]:
    """A namespace with a program that is served to users, made by the kubectl that comes with this project."""
    name = f"shop-{secrets.token_hex(3)}"
    manifest = APP.replace("SHOP", name)
    installed.ok("create", "namespace", name)
    installed.ok("apply", "-f", "-", stdin=manifest)
    installed.ok("rollout", "status", "deployment/web", "-n", name, f"--timeout={SECONDS}s")
    yield Shop(name, manifest, f"web.{name}.localhost")
    installed.ok("delete", "namespace", name, "--wait=false")


@pytest.fixture
def full(kubectl: Kubectl) -> Kubectl:
    """Of a version that is to work in full."""
    if kubectl.minor < OLDEST_THAT_WRITES:
        pytest.skip(f"kubectl 1.{kubectl.minor} is for reading")
    return kubectl


@pytest.fixture(scope="module")
def kubectl(pocketkube: Pocketkube, program: str, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """Of any version."""
    return Kubectl(program, tmp_path_factory.mktemp("home"), pocketkube.kubeconfig)


@pytest.fixture(scope="module")
def installed(pocketkube: Pocketkube, tmp_path_factory: pytest.TempPathFactory) -> Kubectl:
    """The one that comes with this project."""
    program = str(Path(sys.executable).parent / "kubectl")
    return Kubectl(program, tmp_path_factory.mktemp("home"), pocketkube.kubeconfig)
