"""Starting and stopping an installation on this machine, from outside of it."""

import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lockgate.domain.errors import PermanentError
from lockgate.wiring.installation import Installation, open_installation
from lockgate.wiring.programs import Wishes
from pocketkube.runtime.procfs import Identity, alive, send
from pocketkube.runtime.stopping import stop_all

_PAUSE = 0.05
_STOP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """What `running.json` says, as far as those processes still live."""

    supervisor: Identity | None
    programs: dict[str, Identity]
    ready: bool
    trouble: str


def start(folder: Path, wishes: Wishes, *, owner: int | None = None) -> Installation:
    """Start the supervisor unless one is at work there. With *owner* it ends when that process is gone."""
    installation = open_installation(folder)
    with one_at_a_time(installation):
        if running(installation).supervisor is None:
            _end_leftovers(installation)
            _start_supervisor(installation, wishes, owner)
    return open_installation(folder)  # once more: the first start may have had to choose other ports


def _start_supervisor(installation: Installation, wishes: Wishes, owner: int | None) -> None:
    images = [text for path in wishes.images for text in ("--images", str(path))]
    command = [
        *(sys.executable, "-m", "lockgate.wiring.supervisor", str(installation.folder)),
        *("--context", wishes.context, "--gateway-port", str(wishes.gateway_port)),
        *("--test-seconds", str(wishes.test_seconds), *images),
        *(("--with", str(owner)) if owner is not None else ()),
    ]
    installation.logs.mkdir(exist_ok=True)
    with (installation.logs / "supervisor.log").open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    _until(lambda: running(installation).supervisor is not None or process.poll() is not None, 30)


def until_ready(installation: Installation, seconds: float, tell: Callable[[str], None]) -> None:
    """*tell* gets each program's name as it appears. Raises PermanentError with the log to look at."""
    told: set[str] = set()

    def settled() -> bool:
        now = running(installation)
        for name in now.programs.keys() - told:
            told.add(name)
            tell(name)
        return now.ready or bool(now.trouble) or now.supervisor is None

    _until(settled, seconds)
    now = running(installation)
    if not now.ready:
        why = now.trouble or f"not ready after {seconds:g} s: see {installation.logs}"
        raise PermanentError(f"the installation in {installation.folder} did not start: {why}")


def stop(folder: Path) -> bool:
    """End the installation's every process; False when nothing ran."""
    installation = open_installation(folder)
    with one_at_a_time(installation):
        now = running(installation)
        if now.supervisor is not None:
            supervisor = now.supervisor
            send(supervisor, signal.SIGTERM)
            _until(lambda: not alive(supervisor), _STOP_SECONDS)
        left = _end_leftovers(installation)
        pods = stop_all(installation.pocketkube) if installation.pocketkube.exists() else 0
    return now.supervisor is not None or left or pods > 0


def running(installation: Installation) -> Running:
    try:
        record = json.loads((installation.folder / "running.json").read_text())
    except FileNotFoundError:
        return Running(supervisor=None, programs={}, ready=False, trouble="")
    supervisor = _identity(record["supervisor"])
    programs = {name: _identity(who) for name, who in record["programs"].items()}
    return Running(
        supervisor=supervisor if supervisor and alive(supervisor) else None,
        programs={name: who for name, who in programs.items() if who and alive(who)},
        ready=record["ready"],
        trouble=record["trouble"],
    )


@contextmanager
def one_at_a_time(installation: Installation) -> Iterator[None]:
    """One start or stop at a time: a second one must not take what the first is starting for somebody's leftovers."""
    with (installation.folder / "start.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end_leftovers(installation: Installation) -> bool:
    """Programs whose supervisor was killed. Their pods live on: the next pocketkube adopts them."""
    left = running(installation).programs.values()
    for who in left:
        send(who, signal.SIGTERM)
    _until(lambda: not any(alive(who) for who in left), 15)
    for who in left:
        send(who, signal.SIGKILL)
    _until(lambda: not any(alive(who) for who in left), 5)
    (installation.folder / "running.json").unlink(missing_ok=True)
    return bool(left)


def _identity(fields: list[int | str] | None) -> Identity | None:
    return None if fields is None else Identity(int(fields[0]), int(fields[1]), str(fields[2]))


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(_PAUSE)
    return condition()
