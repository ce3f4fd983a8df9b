"""The grading of a perfspec's indicator: bounds, points, and what to do without data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lockgate.domain.gate import Bound, OnNoData, Thresholds
from lockgate.specs.fields import Reader, listed, shown
from lockgate.specs.positions import Spot, plain
from lockgate.specs.tables import Fields, Range, Whole

GRADING = Fields(
    ("type", "thresholds", "metricScore"), ("ignoreEmpty", "onNoData", "minSamples", "firstRun", "metadata")
)
GRADINGS = ("Threshold",)
FIRST_RUN = ("pass",)
POINTS = Range(0, 1e9)
LEAST_POINTS = 1e-6
"""Of what counts at all: a number too small to be reckoned with would be a misprint."""
SAMPLES = Whole(1, 100_000)
CHANGE = Range(-1e6, 1e6)
PERCENT = {bound: f"{bound}Perc" for bound in Bound}
THRESHOLDS = Fields((), (*Bound, *PERCENT.values()))
BEFORE_PERCENT = "1.0"
_NEWER = 'is read from version 1.1 on: write "spec_version": "1.1"'
_GRADING_HINTS = {
    "metricsScore": "unknown field: this format's word is 'metricScore' (metricsScore was never read)",
    "score": "unknown field: this format's word is 'metricScore'",
}


@dataclass(frozen=True, slots=True)
class Grading:
    """What the field `grading` says, its metadata included."""

    thresholds: Thresholds
    points: float
    on_no_data: OnNoData | None
    min_samples: int
    first_run_passes: bool
    metadata: Mapping[str, Any]


def read_grading(reader: Reader, spot: Spot | None, version: str | None) -> Grading | None:
    """*version*: the file's, None where it names none (or none that is known). None: something is wrong, as noted."""
    fields = reader.mapping(spot, *GRADING, _GRADING_HINTS) or {}
    reader.word(fields.get("type"), GRADINGS)
    thresholds = _thresholds(reader, fields.get("thresholds"), version)
    points = read_points(reader, fields.get("metricScore"), POINTS)
    on_no_data = _on_no_data(reader, fields)
    min_samples = reader.whole(fields.get("minSamples"), *SAMPLES)
    first_run = _first_run(reader, fields.get("firstRun"), thresholds)
    metadata = read_metadata(reader, fields.get("metadata"))
    if thresholds is None or points is None:
        return None
    return Grading(thresholds, points, on_no_data, min_samples or 1, first_run, metadata)


def read_points(reader: Reader, spot: Spot | None, range_: Range) -> float | None:
    """What an indicator can earn: 0, or no less than LEAST_POINTS."""
    points = reader.number(spot, *range_)
    if spot is not None and points is not None and 0 < points < LEAST_POINTS:
        reader.fault(spot, f"must be 0 or at least {LEAST_POINTS:f}, not {shown(spot)}")
        return None
    return points


def _on_no_data(reader: Reader, fields: Mapping[str, Spot]) -> OnNoData | None:
    """`ignoreEmpty: true` is the old word for `onNoData: ignore`."""
    ignores = reader.flag(fields.get("ignoreEmpty"))
    word = reader.word(fields.get("onNoData"), list(OnNoData))
    if ignores and word == OnNoData.FAIL:
        reader.fault(fields["onNoData"], "contradicts ignoreEmpty true: keep one of them")
    if word is not None:
        return OnNoData(word)
    return OnNoData.IGNORE if ignores else None


def _first_run(reader: Reader, spot: Spot | None, thresholds: Thresholds | None) -> bool:
    passes = reader.word(spot, FIRST_RUN) is not None
    if spot is not None and thresholds is not None and not thresholds.percent:
        reader.fault(
            spot, f"there is no relative bound that a first run could lack: known are {listed(PERCENT.values())}"
        )
    return passes


def _thresholds(reader: Reader, spot: Spot | None, version: str | None) -> Thresholds | None:
    if spot is None:
        return None
    fields = reader.mapping(spot, *THRESHOLDS)
    if fields is None:
        return None
    if not fields and not spot.value:
        known = listed(THRESHOLDS.optional)
        reader.fault(spot, f"there is no bound, so every value would earn all points: name one of {known}")
        return None
    limits = {bound: reader.number(fields.get(bound)) for bound in Bound}
    percent = _percent(reader, fields, version)
    _sound(reader, spot, {bound.value: limits[bound] for bound in Bound})
    _sound(reader, spot, {name: _changed(bound, percent.get(bound)) for bound, name in PERCENT.items()}, " %")
    return Thresholds(
        lower_severe=limits[Bound.LOWER_SEVERE],
        lower_warning=limits[Bound.LOWER_WARNING],
        upper_warning=limits[Bound.UPPER_WARNING],
        upper_severe=limits[Bound.UPPER_SEVERE],
        percent=percent,
    )


def _percent(reader: Reader, fields: Mapping[str, Spot], version: str | None) -> dict[Bound, float]:
    found = {}
    for bound, name in PERCENT.items():
        spot = fields.get(name)
        percent = reader.number(spot, *CHANGE)
        if spot is not None and version == BEFORE_PERCENT:
            reader.fault(spot, _NEWER)
        if percent is not None:
            found[bound] = percent
    return found


def _changed(bound: Bound, percent: float | None) -> float | None:
    """Where the bound lies, in percent of the baseline."""
    if percent is None:
        return None
    return 100 + percent if bound.is_upper else 100 - percent


def _sound(reader: Reader, spot: Spot, limits: Mapping[str, float | None], unit: str = "") -> None:
    """*limits*: four in the order of Bound, absolute ones or in percent of one baseline."""
    (least, low), (low_warning, low_2), (high_warning, high_1), (most, high) = (
        (name, limit) for name, limit in limits.items()
    )
    for first, below, second, above in ((least, low, low_warning, low_2), (high_warning, high_1, most, high)):
        if below is not None and above is not None and below > above:
            reader.fault(spot, f"contradictory bounds: {first} {below:g}{unit} is above {second} {above:g}{unit}")
    if low is not None and high is not None and low >= high:
        reader.fault(
            spot,
            f"contradictory bounds: no value is above {least} {low:g}{unit} and below {most} {high:g}{unit}, "
            "so every value would earn nothing",
        )


def read_metadata(reader: Reader, spot: Spot | None) -> Mapping[str, Any]:
    if spot is None:
        return {}
    if not isinstance(spot.value, dict):
        reader.fault(spot, "must be an object with fields of your own")
        return {}
    return object_of(spot)


def object_of(spot: Spot) -> dict[str, Any]:
    value = plain(spot)
    return value if isinstance(value, dict) else {}
