"""One run of a container's program: started, recorded, found again, ended. The files in its folder are the truth.

plan.json   what to execute, written first
child       who executes it: made by the stub, whole or not at all, before it becomes the program
exit.PID    its exit code, written by the shim, a small shell that waits for it and outlives pocketkube
failure     why the program could not be started
"""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pocketkube.kit.files import write_atomically
from pocketkube.runtime.procfs import Identity, alive, ended, identify

_STUB = Path(__file__).with_name("stub.py")
# It ignores signals, since only the program is told to stop; as the program's parent it learns the exit code.
_SHIM = """trap '' HUP INT QUIT TERM USR1 USR2 PIPE
run=$1; shift
"$@" "$run" $$ & child=$!
wait $child
echo $? > "$run/exit.$child"
"""
_GLANCE = 0.005  # seconds between looks at a file that is due in milliseconds
_PATIENCE = 30.0  # seconds in which a stub must have claimed its run, on a machine that crawls


@dataclass(frozen=True, slots=True)
class Plan:
    """What to execute; `delay` is the back-off in seconds that this run had to wait for."""

    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: str
    log: str
    delay: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended; `code` and the time are None when nobody was there to see, `failure` says why it never began."""

    code: int | None
    failure: str
    finished_at: datetime | None


class LaunchError(Exception):
    """The stub could not be started at all, for example because the machine is out of memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """The `number`-th run (from 1) of a container; `folder` is its own."""

    folder: Path
    number: int

    @classmethod
    def latest(cls, container: Path) -> "Run | None":
        numbers = [int(entry.name) for entry in (container / "runs").glob("[0-9]*")]
        return cls.numbered(container, max(numbers)) if numbers else None

    @classmethod
    def numbered(cls, container: Path, number: int) -> "Run":
        return cls(container / "runs" / str(number), number)

    def plan(self) -> Plan | None:
        text = _text(self.folder / "plan.json")
        return Plan(**json.loads(text)) if text else None

    def child(self) -> Identity | None:
        """The program's process, running or over; None as long as nobody has claimed the run."""
        return self._recorded("child")

    def revoke(self) -> Identity | None:
        """Claims the run for nobody, so that a stub still on its way will not start it; its process if it has one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / "child.revoked"
        scratch.write_text("{}", encoding="utf-8")
        with contextlib.suppress(FileExistsError):
            (self.folder / "child").hardlink_to(scratch)
        scratch.unlink()
        return self.child()

    async def over(self) -> Ending:
        """Waits for the end of a claimed run; its exit code is known if the shim lived to see it."""
        child = self.child()
        if child is None:
            raise LookupError(f"{self.folder} was never started")
        await ended(child)
        shim = self._recorded("shim")
        report = self.folder / f"exit.{child.pid}"
        while True:
            awaited = shim is not None and alive(shim)
            code = _text(report).strip()  # Empty when it is not there, or opened and not yet written.
            if code:
                return Ending(int(code), _text(self.folder / "failure"), _changed_at(report))
            if not awaited:
                return Ending(None, _text(self.folder / "failure"), None)
            await asyncio.sleep(_GLANCE)

    def forget_older(self) -> None:
        """Removes what is known of all runs but this one and the one before."""
        for entry in self.folder.parent.glob("[0-9]*"):
            if int(entry.name) < self.number - 1:
                shutil.rmtree(entry, ignore_errors=True)

    def started_at(self) -> datetime:
        return _changed_at(self.folder / "child")

    def complaint(self) -> str:
        """What shim and stub had to say, if anything."""
        return _text(self.folder / "stub.log").strip()

    def _recorded(self, role: str) -> Identity | None:
        record = json.loads(_text(self.folder / "child") or "{}").get(role)
        return Identity(record["pid"], record["start"], record["boot"]) if record else None


class Launcher:
    """Starts runs, and asks for the exit code of each shim in the end, so that none stays a zombie."""

    def __init__(self) -> None:
        self._shims: set[asyncio.Task[None]] = set()

    async def launch(self, run: Run, plan: Plan) -> Identity:
        """Starts the program unless this run was started before; either way returns its process. LaunchError.

        Safe to repeat, and safe to be killed in: however often it is called, the program starts once.
        """
        child = run.child()
        if child is not None:
            return child
        write_atomically(run.folder / "plan.json", json.dumps(asdict(plan)), mode=0o600)
        shim = asyncio.create_task(_reaped(_spawn(run)))
        self._shims.add(shim)
        shim.add_done_callback(self._shims.discard)
        deadline = asyncio.get_running_loop().time() + _PATIENCE
        while True:
            hopeless = shim.done() or asyncio.get_running_loop().time() > deadline
            child = run.child()
            if child is not None:
                return child
            if hopeless:
                raise LaunchError(run.complaint() or f"{_STUB} did not start {plan.argv[0]}")
            await asyncio.sleep(_GLANCE)


def _spawn(run: Run) -> int:
    stub = [sys.executable, "-I", "-S", "-B", str(_STUB)]
    words = ["/bin/sh", "-c", _SHIM, "pocketkube-shim", str(run.folder), *stub]
    nothing = os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, nothing, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, nothing, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, str(run.folder / "stub.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
    ]
    return os.posix_spawn(words[0], words, {"PATH": os.defpath}, file_actions=actions, setsid=True)


async def _reaped(pid: int) -> None:
    shim = identify(pid)
    if shim is not None:
        await ended(shim)
    _collect(pid)


def _collect(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):  # Somebody who waits for any child may have been first.
        os.waitpid(pid, 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _changed_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
