"""Unit tests of gates: what a gate is asked, with which values, and what it must conclude."""

from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.domain.evaluation import Sample, Unmeasured, Window

Measured = tuple[Sample, ...] | Unmeasured


@dataclass(frozen=True, slots=True)
class GateText:
    """*kind*: `perfspec` or `slo`. *text*: None where the case names a file, whose *path* is as the case has it."""

    kind: str
    path: str
    text: str | None


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """What a relative criterion may be compared with. *verdict*: None lets the gate itself judge the samples."""

    id: str
    samples: Mapping[str, Measured]
    verdict: str | None = None
    invalidated: bool = False


@dataclass(frozen=True, slots=True)
class GateCase:
    """*samples* by indicator id; an indicator without any was measured and had no series. *previous*: newest first.
    *release*: the one under test, whose series alone are judged. *expect*: any part of the evaluation in JSON.
    *window*: None is from the first sample to the last."""

    name: str
    file: str
    line: int
    gate: GateText
    samples: Mapping[str, Measured]
    expect: Mapping[str, object]
    previous: tuple[EarlierRun, ...] = ()
    release: str = ""
    window: Window | None = None
