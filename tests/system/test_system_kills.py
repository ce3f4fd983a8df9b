"""Each program, and a pod, is killed while a delivery is under load: it ends as it would have, and nothing is lost."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.system.user import User, installed, onboard_carts, processes_about, until

from lockgate.cli.demo.traffic import Tally, Traffic
from lockgate.wiring import local
from pocketkube.runtime.procfs import Identity, alive, identify, send

PROJECT = "sockshop"
STAGING, PRODUCTION = f"{PROJECT}-staging", f"{PROJECT}-production"
IMAGE = "docker.io/keptnexamples/carts"
SHIPYARD = """\
stages:
  - name: staging
    deployment_strategy: blue_green_service
    test_strategy: performance
  - name: production
    deployment_strategy: blue_green_service
"""
LOAD = "load:\n  users: 10\n  seconds: {}\n"


@pytest.fixture(scope="module")
def under_gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """0.6.0 is everywhere, and the gate is in force."""
    with installed(tmp_path_factory.mktemp("kills"), test_seconds=5) as user:
        shipyard = user.home / "shipyard.yaml"
        shipyard.write_text(SHIPYARD)
        onboard_carts(user, PROJECT, shipyard)
        first = user.ended(user.send(PROJECT, "carts", f"{IMAGE}:0.6.0"))
        assert first["outcome"] == "promoted", first["reason"]
        user.put_gate_in_force(PROJECT, "carts")
        yield user


@pytest.mark.timeout(400)
def test_a_delivery_outlives_its_control_plane_its_cluster_and_its_monitoring(under_gate: User) -> None:
    user = under_gate
    set_load(user, 12)
    traffic = Traffic(user.installation.gateway_port, (host("staging"), host("production")))
    traffic.start()
    try:
        id_ = user.send(PROJECT, "carts", f"{IMAGE}:0.6.2_prometheus")
        await_load(user)
        for name in ("lockgate", "pocketkube", "prometheus"):
            kill_program(user, name)
        ended = user.ended(id_)
    finally:
        tallies = traffic.stop()
    assert ended["outcome"] == "promoted", ended["reason"]
    assert [run["stage"] for run in ended["runs"]] == ["staging", "production"]
    assert user.answer("carts", PRODUCTION) == "Version = Fast"
    assert told(user, id_) == PROMOTED
    assert user.disagreements(PROJECT) == []
    assert failures_of(tallies) == {host("staging"): {}, host("production"): {}}


@pytest.mark.timeout(400)
def test_a_slow_version_is_refused_although_envoy_and_its_pod_were_killed(under_gate: User) -> None:
    """Requests fail while nobody answers; whether the gate or the failed requests refuse the version, it says so."""
    user = under_gate
    before = user.answer("carts", STAGING)
    set_load(user, 12)
    id_ = user.send(PROJECT, "carts", f"{IMAGE}:0.6.1_prometheus")
    await_load(user)
    kill_program(user, "envoy")
    kill_pod(user, "carts-green" if before == "Version = Fast" else "carts-blue")
    ended = user.ended(id_)
    assert ended["outcome"] == "rejected", ended["reason"]
    # Either cause is right: it depends on how many users came while nobody answered.
    assert "upperSevere" in ended["reason"] or "requests failed" in ended["reason"], ended["reason"]
    assert [run["stage"] for run in ended["runs"]] == ["staging"]
    assert told(user, id_) == REJECTED
    assert user.disagreements(PROJECT) == []
    until(lambda: user.answer("carts", STAGING) == before, f"staging answers {before} again")
    assert user.answer("carts", PRODUCTION) == "Version = Fast"


@pytest.mark.timeout(400)
def test_up_again_changes_nothing(under_gate: User) -> None:
    user = under_gate
    before = local.running(user.installation)
    with ThreadPoolExecutor(2) as at_once:
        told = list(at_once.map(lambda _: user.lockgate("up", f"--data={user.folder}"), range(2)))
    assert all(user.installation.endpoint in each for each in told)
    assert local.running(user.installation) == before


@pytest.mark.timeout(400)
def test_down_leaves_nothing_behind_even_when_the_supervisor_was_killed(under_gate: User) -> None:
    """The last test of this installation."""
    user = under_gate
    supervisor = local.running(user.installation).supervisor
    assert supervisor is not None
    kill(supervisor)
    assert processes_about(user.folder)
    assert user.answer("carts", PRODUCTION) == "Version = Fast"
    assert "stopped" in user.lockgate("down", f"--data={user.folder}")
    assert processes_about(user.folder) == []
    assert "nothing was running" in user.lockgate("down", f"--data={user.folder}")


_TRIED_OUT = (
    ("stage-started", ""),
    ("configuration-changed", ""),
    ("step-started", "deploy"),
    ("deployment-finished", ""),
)
_TESTED = (
    ("step-started", "run_tests"),
    ("tests-finished", ""),
    ("step-started", "evaluation_done"),
    ("evaluation-done", ""),
)
_AT_THE_GATE = [("new-artifact", "", "")] + [(type_, "staging", task) for type_, task in (*_TRIED_OUT, *_TESTED)]
PROMOTED = [
    *_AT_THE_GATE,
    ("stage-finished", "staging", ""),
    ("new-artifact", "staging", ""),
    *((type_, "production", task) for type_, task in _TRIED_OUT),
    ("stage-finished", "production", ""),
    ("delivery-finished", "production", ""),
]
REJECTED = [
    *_AT_THE_GATE,
    ("configuration-changed", "staging", ""),
    ("rollback-finished", "staging", ""),
    ("stage-finished", "staging", ""),
    ("delivery-finished", "staging", ""),
]


def host(stage: str) -> str:
    return f"carts.{PROJECT}-{stage}.localhost"


def set_load(user: User, seconds: int) -> None:
    """In git, as a user does it."""
    clone = user.home / "load"
    if not clone.exists():
        user.clone(PROJECT, "load")
    path = clone / "carts" / "tests" / "tests.yaml"
    if path.read_text() == LOAD.format(seconds):
        return
    path.write_text(LOAD.format(seconds))
    user.git("commit", "--quiet", "--all", f"--message=load for {seconds} s", at=clone)
    user.git("push", "--quiet", at=clone)


def await_load(user: User) -> None:
    """Until the performance check in staging has begun."""

    def begun() -> bool:
        pods = user.objects("pods", STAGING)
        checks = [each for each in pods if each["metadata"]["labels"].get("lockgate.dev/check") == "performance"]
        return any(each["status"]["phase"] == "Running" for each in checks)

    until(begun, "the performance check in staging runs")


def kill_program(user: User, name: str) -> None:
    """And wait until another process has its place and answers."""
    before = local.running(user.installation).programs[name]
    kill(before)

    def back() -> Identity | None:
        now = local.running(user.installation).programs.get(name)
        return now if now is not None and now != before else None

    until(back, f"{name} is back")


def kill_pod(user: User, deployment: str) -> None:
    """The program in it, so that its container has to be started again."""
    pods = user.objects("pods", STAGING)
    name = next(pod["metadata"]["name"] for pod in pods if pod["metadata"]["name"].startswith(f"{deployment}-"))
    found = processes_about(user.installation.pocketkube / "pods" / STAGING / name)
    program = next(each for each in found if "-m sockshop.carts " in each)
    who = identify(int(program.split(":")[0]))
    assert who is not None
    kill(who)


def kill(who: Identity) -> None:
    assert send(who, signal.SIGKILL)
    until(lambda: not alive(who), f"process {who.pid} is gone")


def failures_of(tallies: tuple[Tally, ...]) -> dict[str, dict[str, int]]:
    assert all(tally.requests for tally in tallies)
    return {tally.host: tally.failures for tally in tallies}


def told(user: User, id_: str) -> list[tuple[str, str, str]]:
    """(type without its prefix, stage, task) in the order of the log."""
    return [
        (each["type"].rpartition(".")[2], each["data"].get("stage", ""), each["data"].get("task", ""))
        for each in user.events(id_)
    ]
