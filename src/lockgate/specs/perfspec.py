"""The perfspec file: what a gate measures, its bounds and points."""

from lockgate.domain.gate import Bound, Gate, Indicator, Objectives, OnNoData, Thresholds
from lockgate.domain.points import sum_of
from lockgate.domain.promql import lookbacks, mixes_releases, promql_in
from lockgate.specs.fields import Reader, listed
from lockgate.specs.grading import read_grading, read_metadata
from lockgate.specs.positions import Spot, read_json
from lockgate.specs.promql_syntax import misread
from lockgate.specs.sources import read_query, read_source
from lockgate.specs.tables import Fields

VERSIONS = ("1.0", "1.1")
FILE = Fields(("indicators", "objectives"), ("spec_version", "$schema"))
INDICATOR = Fields(("id", "source", "query", "grading"), ("output", "metadata"))
OBJECTIVES = Fields(("pass",), ("warning",))

_BLIND = (
    "every indicator ignores missing data (onNoData: ignore, ignoreEmpty: true), so an artifact that nothing was "
    "measured of passes: let at least one indicator do without it"
)


def parse_perfspec(file: str, text: str) -> Gate:
    """The gate of a perfspec 1.0 or 1.1. Raises SpecError for unknown fields and names, duplicate ids, bounds that
    contradict each other, objectives that cannot be reached or missed, and a file with nothing to judge."""
    reader = Reader(file)
    fields = reader.mapping(read_json(file, text), *FILE) or {}
    version = reader.word(fields.get("spec_version"), VERSIONS)
    reader.text(fields.get("$schema"))
    read = [(spot, _indicator(reader, spot, version)) for spot in reader.items(fields.get("indicators"))]
    reader.unique("indicator", [(spot, one.id if one else None) for spot, one in read])
    indicators = tuple(indicator for _, indicator in read if indicator is not None)
    # An indicator that could not be read has no points to count: its own fault is enough.
    possible = sum_of(indicator.points for indicator in indicators) if len(indicators) == len(read) > 0 else None
    objectives = _objectives(reader, fields.get("objectives"), possible)
    return reader.done(None if objectives is None else Gate(indicators=indicators, objectives=objectives))


def warnings(gate: Gate) -> tuple[str, ...]:
    """What a push accepts and had better say, one sentence each: queries that may measure more than the artifact
    under test, bounds between which no value earns all points, and a gate that is passed without any data."""
    each = (*gate.remarks, *(sentence for indicator in gate.indicators for sentence in _warnings(indicator)))
    judging = [indicator for indicator in gate.indicators if not indicator.is_informational]
    if judging and all(indicator.on_no_data is OnNoData.IGNORE for indicator in judging):
        return (*each, _BLIND)
    return each


def _warnings(indicator: Indicator) -> list[str]:
    found = []
    promql = promql_in(indicator.source, indicator.query)
    if promql is not None and (why := misread(promql)):
        found.append(
            f"indicator {indicator.id!r}: the query does not read as PromQL ({why}): when Prometheus does not read it "
            "either, each delivery ends here in an error"
        )
    if promql is not None and mixes_releases(promql):
        found.append(
            f"indicator {indicator.id!r}: the query aggregates and does not select the release, so it may mix in the "
            'version before: keep the label (by (release)) or select it ({release="$RELEASE"})'
        )
        fixed = listed(f"[{text}]" for text in lookbacks(promql) if "$" not in text)
        if fixed:
            found.append(
                f"indicator {indicator.id!r}: the query looks back {fixed}, however short the tests were: "
                "[$DURATION_SECONDSs] looks back over the tests only"
            )
    if _never_begins(indicator):
        found.append(
            f"indicator {indicator.id!r}: it is compared with earlier runs, and a first run has none: it is not "
            "promoted, and is none to compare with for the next one: firstRun: pass lets it through"
        )
    found += _overlaps(indicator.id, indicator.grading) if isinstance(indicator.grading, Thresholds) else []
    return found


def _never_begins(indicator: Indicator) -> bool:
    """Whether a first run is never judged good, whatever it measures."""
    if indicator.first_run_passes or indicator.is_informational or not indicator.points:
        return False
    if isinstance(indicator.grading, Thresholds):
        return bool(indicator.grading.percent)
    return all(any(one.is_relative for one in all_of) for all_of in indicator.grading.passing)


def _overlaps(id: str, thresholds: Thresholds) -> list[str]:
    percent = thresholds.percent
    lower, upper = percent.get(Bound.LOWER_WARNING), percent.get(Bound.UPPER_WARNING)
    pairs = (
        ("", "", thresholds.lower_warning, thresholds.upper_warning),
        ("Perc", " %", None if lower is None else 100 - lower, None if upper is None else 100 + upper),
    )
    return [
        f"indicator {id!r}: lowerWarning{suffix} {low:g}{unit} is not below upperWarning{suffix} {high:g}{unit}, "
        "so every value breaks at least one of them and none earns all points"
        for suffix, unit, low, high in pairs
        if low is not None and high is not None and low >= high
    ]


def _indicator(reader: Reader, spot: Spot, version: str | None) -> Indicator | None:
    fields = reader.mapping(spot, *INDICATOR) or {}
    id = reader.line(fields.get("id"))
    source = read_source(reader, fields.get("source"))
    query = read_query(reader, fields.get("query"), source)
    metadata = read_metadata(reader, fields.get("metadata"))
    graded = read_grading(reader, fields.get("grading"), version)
    if id is None or source is None or query is None or graded is None:
        return None
    return Indicator(
        id=id,
        source=source,
        query=query,
        grading=graded.thresholds,
        points=graded.points,
        on_no_data=graded.on_no_data,
        min_samples=graded.min_samples,
        first_run_passes=graded.first_run_passes,
        metadata={**metadata, **graded.metadata},
    )


def _objectives(reader: Reader, spot: Spot | None, possible: float | None) -> Objectives | None:
    fields = reader.mapping(spot, *OBJECTIVES) or {}
    passing = _objective(reader, fields.get("pass"), possible)
    warning = _objective(reader, fields.get("warning"), possible)
    if passing is None:
        return None
    if spot is not None and warning is not None and warning > passing:
        reader.fault(fields["warning"], f"warning {warning:g} must not take more points than pass {passing:g}")
    return Objectives(passing=passing, warning=passing if warning is None else warning)


def _objective(reader: Reader, spot: Spot | None, possible: float | None) -> float | None:
    points = reader.number(spot)
    if spot is None or points is None:
        return None
    if points <= 0:
        reader.fault(spot, f"{points:g} points are reached by every artifact, so nothing would be refused")
    elif possible is not None and points > possible:
        reader.fault(
            spot, f"{points:g} points can never be reached: the indicators' metricScore add up to {possible:g}"
        )
    return points
