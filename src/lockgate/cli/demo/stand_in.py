"""The demo's stand-in for Dynatrace: a program of its own that lives as long as the story."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lockgate.domain.errors import PermanentError

_STOP_SECONDS = 10.0


class Monitoring(StrEnum):
    PROMETHEUS = "prometheus"
    DYNATRACE = "dynatrace"


@dataclass(frozen=True, slots=True)
class Tenant:
    """Where the stand-in answers, and the file with the token that it lets in."""

    address: str
    token_file: Path


@contextmanager
def stand_in(prometheus_url: str, folder: Path, logs: Path) -> Iterator[Tenant]:
    """Its token is in *folder*, its log in *logs*. Raises PermanentError when it does not start."""
    token_file, log = folder / "dynatrace-token", logs / "dynatrace-stand-in.log"
    command = [sys.executable, "-m", "dynatracestandin", f"--prometheus={prometheus_url}", f"--token-file={token_file}"]
    command.append("--until-stdin-ends")  # so that it does not outlive a demo that is killed
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, text=True, start_new_session=True
        )
    with process:
        try:
            # One line when it listens, or none when it ended.
            address = process.stdout.readline().strip() if process.stdout else ""
            if not address:
                raise PermanentError(f"the stand-in for Dynatrace did not start: see {log}")
            yield Tenant(address, token_file)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
