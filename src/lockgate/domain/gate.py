"""A gate: what is measured in a stage, what is good enough, and the score that it takes to pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lockgate.domain.points import sum_of

Query = str | Mapping[str, Any]


class Bound(StrEnum):
    """The bounds of a value by their names in a perfspec; all are inclusive."""

    LOWER_SEVERE = "lowerSevere"
    LOWER_WARNING = "lowerWarning"
    UPPER_WARNING = "upperWarning"
    UPPER_SEVERE = "upperSevere"

    @property
    def is_severe(self) -> bool:
        return self in (Bound.LOWER_SEVERE, Bound.UPPER_SEVERE)

    @property
    def is_upper(self) -> bool:
        return self in (Bound.UPPER_WARNING, Bound.UPPER_SEVERE)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The grading of a perfspec: a severe breach earns nothing, each warning halves. None: there is no such bound;
    0 is a bound like any other. *percent*: the relative bounds of version 1.1 (`upperSeverePerc` and so on), in percent
    of the baseline; where a bound has both forms, both must hold."""

    lower_severe: float | None = None
    lower_warning: float | None = None
    upper_warning: float | None = None
    upper_severe: float | None = None
    percent: Mapping[Bound, float] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[Bound, float]]:
        """The absolute bounds that are set, from the lowest to the highest."""
        bounds = zip(Bound, (self.lower_severe, self.lower_warning, self.upper_warning, self.upper_severe), strict=True)
        return ((bound, limit) for bound, limit in bounds if limit is not None)


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="
    AT_LEAST = ">="
    GREATER = ">"


class Against(StrEnum):
    """What a criterion's number is: a value (`<600`), a change of the baseline (`<=+50`), or one in percent of it
    (`<=+10%`)."""

    VALUE = "value"
    CHANGE = "change"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Criterion:
    """*number* carries its sign; *text* is the criterion as the file has it."""

    operator: Operator
    number: float
    against: Against
    text: str

    @property
    def is_relative(self) -> bool:
        return self.against is not Against.VALUE


Alternatives = tuple[tuple[Criterion, ...], ...]
"""Met when all criteria of one of the lists are met."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """The grading of an SLO file: all points when *passing* is met, half of them when *warning* is, else none. Without
    *passing* the objective is informational: it is measured and shown, and earns nothing."""

    passing: Alternatives
    warning: Alternatives = ()

    @property
    def is_informational(self) -> bool:
        return not self.passing


class OnNoData(StrEnum):
    """What a file may say in the open; without a word no data makes the verdict `no_data`."""

    FAIL = "fail"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing to measure. *query* has its placeholders still in it; *points* is what a good value earns (the weight
    in an SLO file). *on_no_data*: None is `no_data`; IGNORE gives all points for no data (`ignoreEmpty`), FAIL judges
    it as a failed objective. Fewer than *min_samples* series are no data. *first_run_passes*: relative criteria count
    as met while there is no baseline. A failed *is_key* indicator fails the gate. *title* and *unit* are for
    sentences only."""

    id: str
    source: str
    query: Query
    grading: Thresholds | Criteria
    points: float
    on_no_data: OnNoData | None = None
    min_samples: int = 1
    first_run_passes: bool = False
    is_key: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_relative(self) -> bool:
        """Whether a baseline decides."""
        match self.grading:
            case Thresholds(percent=percent):
                return bool(percent)
            case Criteria(passing=passing, warning=warning):
                return any(one.is_relative for all_of in (*passing, *warning) for one in all_of)

    @property
    def is_informational(self) -> bool:
        """Measured and shown; it earns nothing and decides nothing."""
        return isinstance(self.grading, Criteria) and self.grading.is_informational

    @property
    def title(self) -> str:
        title = self.metadata.get("displayName")
        return title if isinstance(title, str) and title else self.id

    @property
    def unit(self) -> str:
        unit = self.metadata.get("unit")
        return unit if isinstance(unit, str) else ""


@dataclass(frozen=True, slots=True)
class Objectives:
    """The score that it takes: at least *passing* for pass, else at least *warning* for warning, else fail. In points,
    or in percent of the gate's points where the gate is scored so."""

    passing: float
    warning: float


class Aggregate(StrEnum):
    AVERAGE = "avg"
    P50 = "p50"
    P90 = "p90"
    P95 = "p95"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which earlier evaluations of the same place make the baseline: the newest *results* whose verdict is one of
    *verdicts* (names of `Verdict`), none that was invalidated; their values are aggregated to one."""

    results: int = 1
    verdicts: frozenset[str] = frozenset({"pass", "warning"})
    aggregate: Aggregate = Aggregate.AVERAGE


@dataclass(frozen=True, slots=True)
class Gate:
    """*in_percent*: the score is a percentage of the points (SLO), else a sum of points (perfspec). *remarks*: what the
    file says to no effect, a sentence each."""

    indicators: tuple[Indicator, ...]
    objectives: Objectives
    in_percent: bool = False
    comparison: Comparison = field(default_factory=Comparison)
    remarks: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """The most that can be earned."""
        return sum_of(each.points for each in self.indicators if not each.is_informational)

    @property
    def is_relative(self) -> bool:
        return any(each.is_relative for each in self.indicators)
