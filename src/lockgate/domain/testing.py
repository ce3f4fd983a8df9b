"""A test of what is deployed, and how it ended."""

from dataclasses import dataclass
from enum import StrEnum

from lockgate.domain.evaluation import Window
from lockgate.domain.project import Place


class Check(StrEnum):
    HEALTH = "health"
    FUNCTIONAL = "functional"
    PERFORMANCE = "performance"


@dataclass(frozen=True, slots=True)
class Load:
    """How hard a performance check drives: concurrent users for so many seconds, users started per second."""

    users: int = 10
    seconds: int = 60
    spawn_rate: float = 10.0


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """*run* names the stage run and makes the request safe to repeat; *script* is the Locust file's text;
    *through_gateway* sends the load where users come in, else to the service inside the stage."""

    run: str
    check: Check
    place: Place
    script: str
    host: str
    through_gateway: bool
    load: Load
    fence: int
    health_path: str = "/health"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How it went, in requests; *window* is load start to load end. *errors*: the most frequent failures in words."""

    requests: int
    failures: int
    window: Window
    average_ms: float
    p95_ms: float
    errors: tuple[str, ...] = ()

    @property
    def failure_ratio(self) -> float:
        return self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class CheckTrouble:
    """The check could not be carried out: nothing was judged. *reason* says why and what to do."""

    reason: str
