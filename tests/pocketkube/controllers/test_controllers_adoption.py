import asyncio
import json
import os
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pocketkube.runtime.procfs import Identity, alive, belonging
from pocketkube.runtime.runs import Run
from pocketkube.runtime.stopping import containers, stop_all

PROGRAM = Path(__file__).with_name("controllers_program.py")
DEADLINE = 80.0
FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(1000)"


@dataclass
class Killable:
    """A real process that runs the controllers, and may be killed and started again."""

    data: Path
    prefix: str = field(default_factory=lambda: f"127.{secrets.randbelow(50) + 200}.{secrets.randbelow(256)}")
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self.data / "output").open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, str(PROGRAM), str(self.data), self.prefix, stdout=output, stderr=output
            )

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def want(self, obj: dict[str, Any]) -> None:
        (self.data / "wanted" / f"{obj['kind']}-{obj['metadata']['name']}.json").write_text(json.dumps(obj))

    def objects(self, kind: str) -> list[dict[str, Any]]:
        try:
            with closing(sqlite3.connect(f"file:{self.data}/objects.db?mode=ro", uri=True)) as db:
                return [json.loads(row[0]) for row in db.execute("SELECT body FROM objects WHERE kind = ?", (kind,))]
        except sqlite3.OperationalError:
            return []  # Not there yet.

    def ready(self) -> list[dict[str, Any]]:
        return [pod for pod in self.objects("Pod") if _condition(pod, "Ready") == "True"]

    def children(self) -> list[Identity]:
        runs = (Run.latest(folder) for folder in containers(self.data))
        return [child for run in runs if run is not None and (child := run.child()) is not None]

    def processes(self) -> list[Identity]:
        return [member for folder in containers(self.data) for member in belonging(folder / "root", None)]

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + DEADLINE
        while not (found := condition()):
            assert time.monotonic() < deadline, f"waited for {what}: {(self.data / 'output').read_text()[-3000:]}"
            await asyncio.sleep(0.02)
        return found


@pytest.fixture
async def killable(tmp_path: Path) -> AsyncIterator[Killable]:
    made = Killable(tmp_path)
    (tmp_path / "wanted").mkdir()
    script = tmp_path / "run.py"
    script.write_text("import sys; exec(sys.argv[1])")
    (tmp_path / "images.toml").write_text(f'[[image]]\nrepository = "python"\ncommand = ["{{python}}", "{script}"]\n')
    made.want({"kind": "Namespace", "metadata": {"name": "shop"}})
    yield made
    await made.kill()
    await asyncio.to_thread(stop_all, tmp_path, 0)


def container(source: str) -> dict[str, Any]:
    return {"name": "c", "image": "python:1", "args": [source]}


def deployment(replicas: int) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "carts"}}, "spec": {"containers": [container(FOREVER)]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "carts"}}, "template": template}
    return {"kind": "Deployment", "metadata": {"name": "carts", "namespace": "shop"}, "spec": spec}


def job(source: str) -> dict[str, Any]:
    template = {"spec": {"restartPolicy": "Never", "containers": [container(source)]}}
    return {
        "kind": "Job",
        "metadata": {"name": "load", "namespace": "shop"},
        "spec": {"backoffLimit": 0, "template": template},
    }


async def test_pods_outlive_a_kill_and_are_adopted_as_they_are(killable: Killable) -> None:
    probed = container(FOREVER) | {"readinessProbe": {"exec": {"command": ["true"]}, "timeoutSeconds": 20}}
    both = deployment(2)
    both["spec"]["template"]["spec"]["containers"] = [probed, container(FOREVER) | {"name": "d"}]
    killable.want(both)
    await killable.start()
    await killable.until(lambda: len(killable.ready()) == 2, "two ready pods")
    before, pods = set(killable.children()), killable.objects("Pod")
    await killable.kill()
    assert all(alive(child) for child in before)
    assert len(killable.ready()) == 2

    killable.want(deployment(1) | {"metadata": {"name": "later", "namespace": "shop"}})
    await killable.start()
    await killable.until(lambda: len(killable.ready()) == 3, "work of the restarted one")
    assert before < set(killable.children())
    assert len(killable.processes()) == 5
    # To the letter, with the version: nobody could have seen them unready for a moment.
    assert [pod for pod in killable.objects("Pod") if pod["metadata"]["name"].startswith("carts-")] == pods


async def test_an_adopted_process_that_dies_comes_back(killable: Killable) -> None:
    killable.want(deployment(1))
    await killable.start()
    await killable.until(killable.ready, "a ready pod")
    await killable.kill()
    await killable.start()
    (child,) = killable.children()
    os.kill(child.pid, signal.SIGKILL)
    (new,) = await killable.until(
        lambda: [each for each in killable.children() if each != child and alive(each)], "a new process"
    )
    await killable.until(killable.ready, "readiness")
    assert killable.processes() == [new]


async def test_a_process_that_ended_meanwhile_is_started_again(killable: Killable) -> None:
    killable.want(deployment(1))
    await killable.start()
    await killable.until(killable.ready, "a ready pod")
    (child,) = killable.children()
    await killable.kill()
    os.kill(child.pid, signal.SIGKILL)
    await killable.until(lambda: not alive(child), "its end")
    await killable.start()
    await killable.until(
        lambda: [pod for pod in killable.ready() if pod["status"]["containerStatuses"][0]["restartCount"] == 1],
        "a restart",
    )
    (status,) = killable.ready()[0]["status"]["containerStatuses"]
    assert status["lastState"]["terminated"]["exitCode"] == 137


@pytest.mark.parametrize(("code", "condition"), [(0, "Complete"), (5, "Failed")])
async def test_a_jobs_exit_code_is_known_although_nobody_was_there_when_it_ended(
    killable: Killable, code: int, condition: str
) -> None:
    gate = killable.data / "gate"
    source = (
        "import os, time\nprint('up', flush=True)\n"
        f"while not os.path.exists({str(gate)!r}): time.sleep(0.02)\nraise SystemExit({code})"
    )
    killable.want(job(source))
    await killable.start()
    (child,) = await killable.until(lambda: killable.processes() and killable.children(), "the program")
    await killable.kill()
    gate.touch()
    await killable.until(lambda: not alive(child), "its end")
    await killable.start()
    (found,) = await killable.until(
        lambda: [each for each in killable.objects("Job") if _condition(each, condition) == "True"], condition
    )
    (pod,) = killable.objects("Pod")
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == code
    assert found["status"].get("succeeded", 0) + found["status"].get("failed", 0) == 1


async def test_kills_at_random_moments_of_a_start_leave_each_pod_with_one_process(killable: Killable) -> None:
    killable.want(deployment(4))
    for _ in range(12):
        await killable.start()
        await asyncio.sleep(0.3 + secrets.randbelow(1000) / 1000)
        await killable.kill()
    await killable.start()
    await killable.until(lambda: len(killable.ready()) == 4, "four ready pods")
    assert sorted(killable.processes(), key=_pid) == sorted(killable.children(), key=_pid)
    assert len(killable.processes()) == 4
    assert len(killable.objects("Pod")) == 4


async def test_a_pod_deleted_while_nobody_looks_ends_when_somebody_does(killable: Killable) -> None:
    killable.want(deployment(1))
    await killable.start()
    await killable.until(killable.ready, "a ready pod")
    (child,) = killable.children()
    await killable.kill()
    with closing(sqlite3.connect(killable.data / "objects.db", isolation_level=None)) as db:
        db.execute("DELETE FROM objects WHERE kind IN ('Deployment', 'ReplicaSet', 'Pod')")
    (killable.data / "wanted" / "Deployment-carts.json").unlink()
    assert alive(child)
    await killable.start()
    await killable.until(lambda: not alive(child), "the end of the stray")
    await killable.until(lambda: not list(killable.data.glob("pods/*/*")), "the end of its folder")


def _condition(obj: dict[str, Any], kind: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or []
    return next((each["status"] for each in conditions if each["type"] == kind), "")


def _pid(identity: Identity) -> int:
    return identity.pid
