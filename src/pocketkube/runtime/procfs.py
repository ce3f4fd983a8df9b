"""What the kernel knows of processes: which one a record means, when it ends, and who belongs to a container."""

import asyncio
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_ENDED = frozenset("ZXx")  # A zombie has ended: nobody has asked for its exit code yet.


@dataclass(frozen=True, slots=True)
class Identity:
    """One process, once and for all: a pid is given out again, a pid with its start and its boot is not.

    `start` is field 22 of proc_pid_stat(5), in clock ticks since boot.
    """

    pid: int
    start: int
    boot: str


def identify(pid: int) -> Identity | None:
    """Who runs under the pid now; None for nobody, or for a zombie."""
    fields = _stat(pid)
    if fields is None or fields[0] in _ENDED:
        return None
    return Identity(pid, int(fields[19]), boot_id())


def alive(identity: Identity) -> bool:
    return identify(identity.pid) == identity


async def ended(identity: Identity) -> None:
    """Returns once the process is over, at once if it is already; it need not be a child of ours."""
    handle = _open(identity)
    if handle is None:
        return
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(handle, _resolve, over)
        await over
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def send(identity: Identity, number: signal.Signals) -> bool:
    """Signals exactly this process; False if it is over. PermissionError when it changed its user."""
    handle = _open(identity)
    if handle is None:
        return False
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def belonging(root: Path, leader: Identity | None) -> list[Identity]:
    """The processes of the container whose folder is `root`.

    Known by POD_ROOT in their environment, which children inherit even in a session of their own, and by the
    session of the leader while it lives (a session's number is not given out again as long as it has members).
    """
    mark = b"POD_ROOT=" + os.fsencode(root)
    session = leader.pid if leader is not None and alive(leader) else None
    found = []
    for pid in _pids():
        if _in_session(pid, session) or mark in _environment(pid):
            identity = identify(pid)
            if identity is not None:
                found.append(identity)
    return found


@cache
def boot_id() -> str:
    """A different text after each start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _resolve(over: "asyncio.Future[None]") -> None:
    if not over.done():
        over.set_result(None)


def _open(identity: Identity) -> int | None:
    """A descriptor of the process. It is checked after opening, so no other one can have slipped in."""
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return None
    if alive(identity):
        return handle
    os.close(handle)
    return None


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _in_session(pid: int, session: int | None) -> bool:
    if session is None:
        return False
    fields = _stat(pid)
    return fields is not None and int(fields[3]) == session


def _environment(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # Gone meanwhile, or somebody else's.


def _stat(pid: int) -> list[str] | None:
    """The fields after the program's name, which may hold spaces and brackets: state, parent, group, session, ..."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()
