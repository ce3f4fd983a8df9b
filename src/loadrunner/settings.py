"""What the load runner reads from its environment.

CHECK          health | functional | performance: the tasks with this tag run (required)
TARGET_HOST    base URL of the service, such as http://127.0.0.1:31380 (required)
HOST_HEADER    Host header to send, where the target is a gateway and the service's name is not resolved
LOCUST_FILE    path of the Locust file below POD_ROOT (tests/locustfile.py)
USERS          simultaneous users (performance 10, else 1); with ITERATIONS, of each user class
SPAWN_RATE     users started a second (all at once, at most 100); not used with ITERATIONS
RUN_SECONDS    how long users go on (performance 15)
ITERATIONS     how often each task runs, one after the other, instead of RUN_SECONDS (health and functional 1)
POD_ROOT       root folder of the pod where pods are local processes
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CHECKS = ("health", "functional", "performance")
_MAX_USERS = 1000
_MAX_SPAWN_RATE = 100
_MAX_RUN_SECONDS = 86_400
_MAX_ITERATIONS = 100_000


class SettingsError(ValueError):
    """An environment variable is missing or has a value that cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Exactly one of *run_seconds* and *iterations* is set."""

    check: str
    target: str
    host_header: str | None
    locustfile: Path
    users: int
    spawn_rate: int
    run_seconds: int | None
    iterations: int | None


def parse_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsError."""
    check = environment.get("CHECK", "")
    if check not in CHECKS:
        raise SettingsError(f"CHECK is {check!r}: known are {', '.join(CHECKS)}")
    users = _number(environment, "USERS", _MAX_USERS) or (10 if check == "performance" else 1)
    run_seconds = _number(environment, "RUN_SECONDS", _MAX_RUN_SECONDS)
    iterations = _number(environment, "ITERATIONS", _MAX_ITERATIONS)
    if run_seconds is not None and iterations is not None:
        raise SettingsError("RUN_SECONDS and ITERATIONS are both set: leave one out")
    if run_seconds is None and iterations is None:
        run_seconds, iterations = (15, None) if check == "performance" else (None, 1)
    return Settings(
        check=check,
        target=_base_url(environment.get("TARGET_HOST", "")),
        host_header=environment.get("HOST_HEADER") or None,
        locustfile=_below_root(environment, environment.get("LOCUST_FILE") or "tests/locustfile.py"),
        users=users,
        spawn_rate=_number(environment, "SPAWN_RATE", _MAX_SPAWN_RATE) or min(users, _MAX_SPAWN_RATE),
        run_seconds=run_seconds,
        iterations=iterations,
    )


def termination_log(environment: Mapping[str, str]) -> Path:
    """Where Kubernetes looks for a container's last words, by default."""
    return _below_root(environment, "dev/termination-log")


def _below_root(environment: Mapping[str, str], path: str) -> Path:
    return Path(environment.get("POD_ROOT", "") + "/" + path.lstrip("/"))


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"TARGET_HOST is {text!r}: it must be a URL such as http://127.0.0.1:31380")
    return text.rstrip("/")


def _number(environment: Mapping[str, str], name: str, highest: int) -> int | None:
    text = environment.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 0 < int(text) <= highest:
        raise SettingsError(f"{name} is {text[:40]!r}: it must be a whole number from 1 to {highest}")
    return int(text)
