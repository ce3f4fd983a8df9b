"""What the pages show: a template reads these and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lapse:
    """How long something took, or takes: *text* as of now, *since* (RFC 3339) only while it goes on."""

    text: str
    since: str = ""


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task by its pipeline's name. *state* is waiting, running, done, failed or skipped."""

    name: str
    state: str
    lapse: Lapse | None = None
    says: str = ""


@dataclass(frozen=True, slots=True)
class StageBox:
    """A stage of the delivery. *state* is ahead, waiting, running, unreached, or the outcome of the stage run;
    *verdict* is empty while nothing is concluded; *gate* is the id of its evaluation's section, if it has one."""

    name: str
    state: str
    strategies: str
    lapse: Lapse | None
    tasks: Sequence[TaskLine]
    settled: Sequence[TaskLine]
    verdict: str
    score: str
    reason: str
    gate: str


@dataclass(frozen=True, slots=True)
class SampleLine:
    """A series: *labels* in PromQL's form; *note* says why it was set aside, or which bound it broke."""

    labels: str
    value: str
    at: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class IndicatorBox:
    id: str
    verdict: str
    points: str
    sentence: str
    would_pass: str
    source: str
    query: str
    request: str
    trouble: str
    targets: Sequence[str]
    judged: Sequence[SampleLine]
    set_aside: Sequence[SampleLine]
    arithmetic: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class GateBox:
    """An evaluation, explained. *points* of *possible* with the two limits are for the bar; *subject* says what was
    judged, *window* from when to when, *spec* by which file at which commit."""

    id: str
    stage: str
    verdict: str
    points: float
    possible: float
    passing: float
    warning: float
    score: str
    sentence: str
    would_pass: str
    subject: str
    window: str
    spec: str
    spec_text: str
    arithmetic: Sequence[str]
    indicators: Sequence[IndicatorBox]


@dataclass(frozen=True, slots=True)
class EventLine:
    """*type* without its prefix; *cursor* is its place in the log."""

    cursor: int
    at: str
    time: str
    type: str
    place: str
    says: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """The page of one delivery. *state* is its outcome, or `under way`; *over* when nothing can change any more."""

    id: str
    project: str
    service: str
    artifact: str
    tag: str
    state: str
    over: bool
    reason: str
    accepted_at: str
    lapse: Lapse
    stages: Sequence[StageBox]
    gates: Sequence[GateBox]
    events: Sequence[EventLine]
