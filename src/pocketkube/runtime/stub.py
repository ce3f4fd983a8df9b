"""The last steps before a container's own program, run alone as a script: claim the run, open the log, become it.

The claim is a hard link, made whole or not at all: of two stubs for one run only one goes on, and nothing is
executed that is not on record first. So a kill -9 of pocketkube at any moment neither loses nor doubles a process.
"""

import contextlib
import json
import os
import signal
import sys
from pathlib import Path

_CANNOT_START = 128  # What container runtimes answer when the program itself could not be started.


def become(run: Path, shim: int) -> None:
    """Turns this process into the one that `run`/plan.json names; does not return."""
    os.setsid()
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    if not _claim(run, shim):
        os._exit(0)
    program = plan["argv"][0]
    try:
        _open_log(Path(plan["log"]))
        _restore_signals()
        Path(plan["cwd"]).mkdir(parents=True, exist_ok=True)
        os.chdir(plan["cwd"])
        os.execvpe(program, plan["argv"], plan["env"])  # noqa: S606  # Becoming another program is the purpose.
    except OSError as error:
        (run / "failure").write_text(f"exec {json.dumps(program)}: {error.strerror}", encoding="utf-8")
        os._exit(_CANNOT_START)


def _claim(run: Path, shim: int) -> bool:
    record = {"child": _identity(os.getpid()), "shim": _identity(shim)}
    scratch = run / f"child.{os.getpid()}"
    scratch.write_text(json.dumps(record), encoding="utf-8")
    try:
        (run / "child").hardlink_to(scratch)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    return True


def _identity(pid: int) -> dict[str, object] | None:
    try:
        start = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    except OSError:
        return None  # The shim was killed before it could wait for us.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return {"pid": pid, "start": int(start), "boot": boot}


def _open_log(path: Path) -> None:
    """The log of the run before becomes `log.1`."""
    with contextlib.suppress(FileNotFoundError):
        path.replace(f"{path}.1")
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


def _restore_signals() -> None:
    """The shim ignores signals, and an ignored one stays ignored over exec."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


if __name__ == "__main__":
    become(Path(sys.argv[1]), int(sys.argv[2]))
