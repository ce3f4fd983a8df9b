"""A user of a whole installation in a folder of its own: by commands, HTTP, git and kubectl."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import yaml

from lockgate.cli.demo.traffic import fetch
from lockgate.wiring.installation import Installation, open_installation

PATIENCE = 90.0  # seconds; many times what is usual, since these tests may share two cores with others
SHOP = Path(str(files("sockshop"))) / "files"
_PAUSE = 0.1


_Found = TypeVar("_Found")


def until(asked: Callable[[], _Found | None], what: str, seconds: float = PATIENCE) -> _Found:
    """Asks again and again; the first answer that is true."""
    deadline = time.monotonic() + seconds
    while True:
        found = asked()
        if found:
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds:g} s still not: {what}; last seen: {found!r}")
        time.sleep(_PAUSE)


def require_prometheus() -> None:
    if shutil.which("prometheus") is not None:
        return
    sentence = "there is no `prometheus` on PATH: run `make test`, which unpacks one"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def environment_of(home: Path) -> dict[str, str]:
    """A user's with a home of their own, and nothing of the installation that this machine may have."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOCKGATE_", "KUBECONFIG", "XDG_", "GIT_", "PYTEST_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**ours, "HOME": str(home), "LOCKGATE_HOME": str(home / ".lockgate"), "PATH": path, "COLUMNS": "200"}


def processes_about(folder: Path) -> list[str]:
    """Processes that name *folder* in their arguments or environment, as `pid: arguments`."""
    wanted = os.fsencode(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes()
            if wanted in arguments or wanted in (entry / "environ").read_bytes():
                found.append(f"{entry.name}: {arguments.replace(bytes(1), b' ').decode(errors='replace')}")
        except OSError:
            continue  # gone meanwhile
    return found


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. *text* is all that it printed."""

    code: int
    out: str
    text: str


@dataclass(frozen=True, slots=True)
class User:
    """*folder* is the installation's, *home* the user's, where commands are run."""

    folder: Path
    home: Path

    @property
    def installation(self) -> Installation:
        return open_installation(self.folder)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.installation.token_file.read_text().strip()}"}

    def try_lockgate(self, *arguments: str, at: Path | None = None) -> Ended:
        return self.run(sys.executable, "-m", "lockgate.cli", *arguments, at=at)

    def lockgate(self, *arguments: str, at: Path | None = None) -> str:
        return _succeeded(self.try_lockgate(*arguments, at=at), ("lockgate", *arguments)).text

    def git(self, *arguments: str, at: Path) -> str:
        return _succeeded(self.run("git", *arguments, at=at), ("git", *arguments)).text

    def kubectl(self, *arguments: str) -> str:
        return _succeeded(self.run("kubectl", *arguments), ("kubectl", *arguments)).out

    def objects(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "-n", namespace, "-o", "json"))["items"]
        return found

    def run(self, *command: str, at: Path | None = None) -> Ended:
        environment = {**environment_of(self.home), "KUBECONFIG": str(self.installation.kubeconfig)}
        ended = subprocess.run(
            command,
            cwd=at or self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE * 3,
        )
        return Ended(ended.returncode, ended.stdout, ended.stdout + ended.stderr)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """As a holder of the token, unless *more* has headers of its own."""
        wanted = {"headers": self.headers, "timeout": PATIENCE, **more}
        return httpx.request(method, f"{self.installation.endpoint}{path}", **wanted)

    def told(self, path: str) -> Any:
        """What the API answers; it may be on its way back meanwhile."""
        answer = until(partial(self._answer, path), f"the API answers {path}")
        return answer.raise_for_status().json()

    def _answer(self, path: str) -> httpx.Response | None:
        try:
            answer = self.ask("GET", path, timeout=10)
        except httpx.TransportError:
            return None
        return answer if answer.status_code < 500 else None

    def send(self, project: str, service: str, image: str) -> str:
        """The delivery's id, as a program reads it."""
        sent = self.try_lockgate(
            *("send", "event", "new-artifact", f"--project={project}", f"--service={service}"),
            *(f"--image={image}", "-o", "json"),
        )
        assert sent.code == 0, sent.text
        return str(json.loads(sent.out)["delivery"])

    def delivery(self, id_: str) -> dict[str, Any]:
        found: dict[str, Any] = self.told(f"/v1/deliveries/{id_}")
        return found

    def ended(self, id_: str) -> dict[str, Any]:
        """The delivery when it is over."""

        def over() -> dict[str, Any] | None:
            found = self.delivery(id_)
            return found if found["outcome"] else None

        return until(over, f"delivery {id_} is over; it is at {self.delivery(id_)['runs']}", PATIENCE * 3)

    def events(self, id_: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.told(f"/v1/events?delivery={id_}&limit=1000")["events"]
        return found

    def answer(self, service: str, namespace: str, path: str = "/version") -> str:
        """What users get through the gateway."""
        return fetch(self.installation.gateway_port, f"{service}.{namespace}.localhost", path)

    def clone(self, project: str, into: str) -> Path:
        self.lockgate("clone", project, into)
        return self.home / into

    def put_gate_in_force(self, project: str, service: str) -> None:
        clone = self.clone(project, f"gate-{project}")
        was = f"{service}/perfspec/perfspec_prometheus.json"
        self.git("mv", was, f"{service}/perfspec/perfspec.json", at=clone)
        self.git("commit", "--quiet", "--all", "--message=put the gate in force", at=clone)
        self.git("push", "--quiet", at=clone)

    def disagreements(self, project: str) -> list[str]:
        """Where branch `state` says something else than the cluster, or names a candidate after the end."""
        repository = self.installation.control / "git" / f"{project}.git"
        listed = self.git("ls-tree", "-r", "--name-only", "state", at=repository).split()
        wrong = []
        for path in listed:
            stage, service = Path(path).parent.name, Path(path).stem
            state = yaml.safe_load(self.git("show", f"state:{path}", at=repository))
            if state["candidate"] is not None:
                wrong.append(f"{path} names a candidate: {state['candidate']}")
            seen = self._seen(f"{project}-{stage}", service, state["verified"])
            wrong += [f"{path}: git wants {wanted}, the cluster has {has}" for wanted, has in seen if wanted != has]
        return wrong

    def _seen(self, namespace: str, service: str, verified: Mapping[str, Any]) -> Iterator[tuple[object, object]]:
        """(what git wants, what the cluster has)"""
        deployments = {each["metadata"]["name"]: each for each in self.objects("deployments", namespace)}
        names = {"direct": service, "blue": f"{service}-blue", "green": f"{service}-green"}
        for role in names.keys() & verified.keys():
            yield _as_wanted(verified[role]), _as_deployed(deployments.get(names[role]))
        if "weights" in verified:
            routes = self.objects("virtualservices", namespace)
            found = next((each for each in routes if each["metadata"]["name"] == f"{namespace}-{service}"), None)
            yield verified["weights"], found and _weights(found)


@contextmanager
def installed(folder: Path, *, test_seconds: int) -> Iterator[User]:
    """An installation that is up, with a home beside it; its every process is ended afterwards."""
    require_prometheus()
    home = folder / "home"
    home.mkdir(parents=True)
    user = User(folder / "data", home)
    try:
        user.lockgate(
            *("up", f"--data={user.folder}", f"--images={SHOP / 'images.toml'}"),
            *(f"--test-seconds={test_seconds}", f"--timeout={PATIENCE:g}"),
        )
        user.lockgate("configure", "monitoring", "prometheus")
        yield user
    finally:
        user.try_lockgate("down", f"--data={user.folder}")


def onboard_carts(user: User, project: str, shipyard: Path) -> None:
    user.lockgate("create", "project", project, str(shipyard))
    tests, gate = SHOP / "tests" / "locustfile.py", SHOP / "perfspec_prometheus.json"
    onboard = ("onboard", "service", f"--project={project}")
    user.lockgate(*onboard, f"--values={SHOP / 'values_carts.yaml'}", f"--tests={tests}", f"--perfspec={gate}")
    user.lockgate(*onboard, f"--values={SHOP / 'values_carts-db.yaml'}")


def _succeeded(ended: Ended, command: tuple[str, ...]) -> Ended:
    assert ended.code == 0, f"{' '.join(command)} ended with {ended.code}: {ended.text}"
    return ended


def _as_wanted(release: Mapping[str, str]) -> dict[str, str]:
    return {"image": f"{release['image']}:{release['tag']}", "release": release["release"]}


def _as_deployed(deployment: Mapping[str, Any] | None) -> dict[str, str] | None:
    if deployment is None:
        return None
    template = deployment["spec"]["template"]
    release = template["metadata"]["labels"]["lockgate.dev/release"]
    image = template["spec"]["containers"][0]["image"]
    return {"image": image if ":" in image.rpartition("/")[2] else f"{image}:latest", "release": release}


def _weights(route: Mapping[str, Any]) -> dict[str, int]:
    entries = (route["spec"].get("http") or route["spec"]["tcp"])[0]["route"]
    return {each["destination"]["subset"]: each.get("weight", 0) for each in entries}
