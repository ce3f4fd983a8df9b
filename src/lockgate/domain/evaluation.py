"""What a gate measured and what it concluded, with everything that explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lockgate.domain.project import Place


class Verdict(StrEnum):
    """Five values that are never mixed: judged (three), nothing to judge, could not judge."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    WARNING = "warning"
    FAIL = "fail"
    NO_DATA = "no_data"
    ERROR = "error"

    @property
    def promotes(self) -> bool:
        return self in (Verdict.PASS, Verdict.WARNING)


@dataclass(frozen=True, slots=True)
class Window:
    """Load start to load end, both aware."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class Sample:
    """One series' value as its source gave it. *value* may be NaN or infinite; *timestamp* in epoch seconds."""

    labels: Mapping[str, str]
    value: float
    timestamp: float


RELEASE_OF_SERIES = "release"
"""Which release a series was measured on; one without it belongs to whoever runs there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered: the series, its warnings, and the request in readable form for the explanation."""

    samples: tuple[Sample, ...]
    request: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """The source could not answer: time-out, refused, 4xx, 5xx, malformed. *away*: the same question may be answered
    a moment later."""

    reason: str
    request: str = ""
    away: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    """One indicator, measured: the resolved query and what came of it."""

    indicator: str
    source: str
    query: str
    result: Answer | Unmeasured


@dataclass(frozen=True, slots=True)
class SetAside:
    """A series that was measured and not judged, and why."""

    sample: Sample
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """A bound that a series broke. *breach* is the bound's name in the file (the criterion's text in an SLO file),
    *threshold* the target in force, *metadata* what the file says of the indicator."""

    breach: str
    key: str = ""
    value: float | None = None
    threshold: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndicatorResult:
    """One indicator judged. *points* of *points_possible*; *arithmetic* the score line by line;
    *would_pass* what value would have given all points, in words. *targets*: the limits in force after comparison, by
    their names in the file, the strictest where they differ by series; *targets_each* those of each judged series then,
    in the order of *judged*, else empty. An *is_informational* one is shown and decides nothing."""

    id: str
    verdict: Verdict
    points: float
    points_possible: float
    measurement: Measurement
    judged: tuple[Sample, ...]
    set_aside: tuple[SetAside, ...]
    violations: tuple[Violation, ...]
    targets: Mapping[str, float]
    arithmetic: tuple[str, ...]
    notes: tuple[str, ...]
    sentence: str
    would_pass: str
    targets_each: tuple[Mapping[str, float], ...] = ()
    is_key: bool = False
    is_informational: bool = False

    @property
    def individual(self) -> tuple[tuple[Sample, Mapping[str, float]], ...]:
        """Each judged series with the targets in force for it (`individualResults` of Pitometer 1.1)."""
        return tuple(zip(self.judged, self.targets_each or (self.targets,) * len(self.judged), strict=True))


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate was asked about: the artifact under test, where, since when, by which release."""

    place: Place
    delivery: str
    image: str
    tag: str
    release: str
    colour: str
    deployment: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpecSource:
    """The gate's file as it was in force: path in the repository, commit of `main`, and its text."""

    path: str
    revision: str
    text: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A gate's conclusion. *score* of *score_possible* points, or in percent of the points where it is *in_percent*;
    *needed* maps verdict to the score it takes. *compared_with*: ids of the evaluations that made the baseline, newest
    first. *invalidated*: why it must not be compared with any more; None while it may."""

    id: str
    subject: Subject
    window: Window
    spec: SpecSource
    verdict: Verdict
    score: float
    score_possible: float
    needed: Mapping[str, float]
    indicators: tuple[IndicatorResult, ...]
    arithmetic: tuple[str, ...]
    sentence: str
    would_pass: str
    compared_with: tuple[str, ...] = field(default=())
    in_percent: bool = False
    invalidated: str | None = None
