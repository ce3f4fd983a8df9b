"""One control plane a data folder: two would take up each other's runs."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lockgate.domain.errors import PermanentError


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Held for the life of the process, and gone with it however it ends. Raises PermanentError when another has it."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermanentError(f"another control plane is at work on {data}: end it first (lockgate down)") from None
        yield
