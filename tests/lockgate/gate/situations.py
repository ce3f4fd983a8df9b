"""The rows of the gate's truth table: everything that a metric source may answer, or not answer, with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from lockgate.domain.evaluation import Window
from lockgate.testing.contracts.metric_source import Trouble

START = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(seconds=15))
RELEASE = "r2"
"""The one under test."""
GOOD, MIDDLING, BAD = 0.25, 0.9, 1.5
"""Seconds; the gate warns from 0.8 and fails from 1."""


class Situation(StrEnum):
    """What is not on a source's contract as a `Trouble`."""

    GOOD = "a good value"
    MIDDLING = "a value at which the gate warns"
    BAD = "a value at which the gate fails"
    NAN = "`NaN`"
    PLUS_INF = "`+Inf`"
    MINUS_INF = "`-Inf`"
    NULL = "`null`"
    EMPTY = "no series"
    ONE_MISSING = "two series, one good and one `NaN`"
    ONE_NULL = "two series, one good and one `null`"
    ONE_MISSING_ONE_BAD = "two series, one bad and one `NaN`"
    LATE = "late: a good value from an hour before the window"
    EARLY = "early: a good value dated an hour after the window"
    TWICE = "duplicate: the same series twice, both good"
    TWICE_ONE_BAD = "duplicate: the same series three times, the second one bad"
    MATRIX = "many values in the place of one (a matrix)"
    STRING = "a result that is a text (a string)"
    AWAY = "nobody listens (connection refused)"
    GOOD_IN_404 = "answers 404 with the body of a good value"
    GOOD_IN_503 = "answers 503 with the body of a good value"
    GOOD_CUT = "answers 200 with the body of a good value but for its last byte"
    GOOD_HANGING = "answers 200 with the body of a good value and never ends"


Row = Situation | Trouble
ROWS: tuple[Row, ...] = (*Situation, *Trouble)
MEASURED = (Situation.GOOD, Situation.MIDDLING, Situation.BAD, Situation.TWICE)
"""Every value is there and was measured: only these may be judged `pass` or `warning`."""


@dataclass(frozen=True, slots=True)
class Held:
    """One series of the release under test. *value* None is JSON's null; *at* in epoch seconds."""

    value: float | None
    pod: str = "carts-1"
    at: float = WINDOW.end.timestamp()


HELD: Mapping[Row, tuple[Held, ...]] = {
    Situation.GOOD: (Held(GOOD),),
    Situation.MIDDLING: (Held(MIDDLING),),
    Situation.BAD: (Held(BAD),),
    Situation.NAN: (Held(math.nan),),
    Situation.PLUS_INF: (Held(math.inf),),
    Situation.MINUS_INF: (Held(-math.inf),),
    Situation.NULL: (Held(None),),
    Situation.EMPTY: (),
    Situation.ONE_MISSING: (Held(GOOD), Held(math.nan, "carts-2")),
    Situation.ONE_NULL: (Held(GOOD), Held(None, "carts-2")),
    Situation.ONE_MISSING_ONE_BAD: (Held(BAD), Held(math.nan, "carts-2")),
    Situation.LATE: (Held(GOOD, at=START.timestamp() - 3600),),
    Situation.EARLY: (Held(GOOD, at=WINDOW.end.timestamp() + 3600),),
    Situation.TWICE: (Held(GOOD), Held(GOOD)),
    Situation.TWICE_ONE_BAD: (Held(GOOD), Held(BAD), Held(GOOD)),
}
"""What a source is brought to hold."""
