"""A gate: the indicators of a stage, their bounds and points, and the points that it takes to pass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Query = str | Mapping[str, Any]


class Bound(StrEnum):
    """The bounds of a value by their names in the file; all are inclusive."""

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
    """None: there is no such bound. 0 is a bound like any other."""

    lower_severe: float | None = None
    lower_warning: float | None = None
    upper_warning: float | None = None
    upper_severe: float | None = None

    def __iter__(self) -> Iterator[tuple[Bound, float]]:
        """The bounds that are set, from the lowest to the highest."""
        bounds = zip(Bound, (self.lower_severe, self.lower_warning, self.upper_warning, self.upper_severe), strict=True)
        return ((bound, limit) for bound, limit in bounds if limit is not None)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One thing to measure. *query* has its placeholders still in it; *points* is what a good value earns;
    *ignore_empty* gives them for no data, too. *title* and *unit* are for sentences only."""

    id: str
    source: str
    query: Query
    thresholds: Thresholds
    points: float
    ignore_empty: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

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
    """Points that it takes: at least *passing* for pass, else at least *warning* for warning, else fail."""

    passing: float
    warning: float


@dataclass(frozen=True, slots=True)
class Gate:
    indicators: tuple[Indicator, ...]
    objectives: Objectives

    @property
    def points(self) -> float:
        """The most that can be earned."""
        return sum(indicator.points for indicator in self.indicators)
