"""One installation's folder: who serves it now, and on which port it always listens."""

import fcntl
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pocketkube.kit.files import write_atomically

_ADDRESS = "127.0.0.1"
_BACKLOG = 512


class AlreadyRunningError(Exception):
    """Another pocketkube serves this data."""


class Installation:
    """The DATA folder; made on first use, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._lock = self.folder / "serve.lock"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Nobody else serves this data meanwhile; the claim ends with the process, however it ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with self._lock.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(
                    f"pocketkube already serves {self.folder} (pid {self.serving_pid()}); stop it first with "
                    f"`python -m pocketkube stop --data {self.folder}`, or use another --data"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    @contextmanager
    def listening(self, port: int) -> Iterator[socket.socket]:
        """The API's socket: on `port`, or for 0 on the port of the last start, or a free one at the first.

        OSError names the port when it is taken.
        """
        kept = self.folder / "port"
        wanted = port or (int(kept.read_text()) if kept.is_file() else 0)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((_ADDRESS, wanted))
            except OSError as error:
                raise OSError(
                    f"cannot listen on {_ADDRESS}:{wanted} ({error.strerror}): end the program that does, or say "
                    "another --port"
                ) from None
            listener.listen(_BACKLOG)
            write_atomically(kept, f"{listener.getsockname()[1]}\n")
            yield listener

    def serving_pid(self) -> int | None:
        """The process that serves this data, None if there is none."""
        if not self._lock.is_file():
            return None
        with self._lock.open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
        return None

    def end_serving(self, seconds: float) -> bool:
        """Asks the process that serves to stop, and waits; False when it did not in time."""
        deadline = time.monotonic() + seconds
        pid = self.serving_pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
        while self.serving_pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True
