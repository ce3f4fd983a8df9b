"""The SLO file: objectives with criteria and weights, and the total score that it takes.

The format is the one of Keptn 0.6 and later (keptn/spec, service_level_objective.md); what a file may say beside it:
`onNoData`, `minSamples` and `firstRun` of an objective.
"""

import re
from collections.abc import Mapping

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import Verdict
from lockgate.domain.gate import (
    Aggregate,
    Alternatives,
    Comparison,
    Criteria,
    Criterion,
    Gate,
    Indicator,
    Objectives,
    OnNoData,
)
from lockgate.specs.criterion import parse_criterion, unsatisfiable
from lockgate.specs.fields import Reader, meant
from lockgate.specs.grading import FIRST_RUN, SAMPLES, read_points
from lockgate.specs.positions import Spot, read_yaml
from lockgate.specs.sli import Sli
from lockgate.specs.tables import Fields, Range, Whole
from lockgate.specs.versions import read_version

FILE = Fields(("objectives", "total_score"), ("spec_version", "comparison", "filter"))
OBJECTIVE = Fields(
    ("sli",), ("displayName", "pass", "warning", "weight", "key_sli", "onNoData", "minSamples", "firstRun")
)
NEED_PASS = ("warning", "key_sli", "onNoData", "firstRun")
CRITERIA = Fields(("criteria",))
TOTAL = Fields(("pass",), ("warning",))
COMPARISON = Fields(
    (), ("compare_with", "number_of_comparison_results", "include_result_with_score", "aggregate_function")
)
WEIGHT = Range(0, 1_000_000)
RESULTS = Whole(1, 100)
PERCENT = Range(0, 100)
PERCENT_TEXT = r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*%?\s*"
_JUDGED = frozenset({Verdict.PASS.value, Verdict.WARNING.value, Verdict.FAIL.value})
INCLUDED: Mapping[str, frozenset[str]] = {
    "all": _JUDGED,
    "pass": frozenset({Verdict.PASS.value}),
    "pass_or_warn": frozenset({Verdict.PASS.value, Verdict.WARNING.value}),
}
SINGLE, SEVERAL = "single_result", "several_results"
_HINTS = {
    "display_name": "unknown field: this format's word is 'displayName'",
    "keySli": "unknown field: this format's word is 'key_sli'",
}
_IDLE = (
    "comparison.number_of_comparison_results: {number} has no effect: one earlier run is compared with, unless "
    f"compare_with is {SEVERAL}"
)
_FILTER = "a filter is not handed to any source: write the selection into the query in sli.yaml, and leave filter out"


def parse_slo(file: str, text: str, indicators: Mapping[str, Sli]) -> Gate:
    """*indicators*: those of the SLI file, by name. Raises SpecError with all that is wrong: unknown fields, names and
    criteria, an indicator named twice, totals that cannot be reached or missed, a file with nothing to judge."""
    reader = Reader(file)
    root = read_yaml(file, text)
    fields = reader.mapping(root, *FILE) or {}
    read_version(reader, fields.get("spec_version"))
    if "filter" in fields and fields["filter"].value not in (None, {}):
        reader.fault(fields["filter"], _FILTER)
    spots = reader.items(fields.get("objectives"))
    read = [_objective(reader, spot, indicators) for spot in spots]
    reader.unique("indicator", [(spot, one.id if one else None) for spot, one in zip(spots, read, strict=True)])
    objectives = _total(reader, fields.get("total_score"))
    comparison, remarks = _comparison(reader, fields.get("comparison"))
    found = tuple(one for one in read if one is not None)
    if len(found) == len(read) > 0 and not sum(one.points for one in found if not one.is_informational):
        reader.fault(root, "there is nothing to judge: no objective with a weight has pass criteria")
    if objectives is None:
        return reader.done(None)
    return reader.done(Gate(found, objectives, in_percent=True, comparison=comparison, remarks=remarks))


def _objective(reader: Reader, spot: Spot, indicators: Mapping[str, Sli]) -> Indicator | None:
    fields = reader.mapping(spot, *OBJECTIVE, _HINTS) or {}
    name = reader.line(fields.get("sli"))
    passing, warning = _criteria(reader, fields.get("pass")), _criteria(reader, fields.get("warning"))
    weight = read_points(reader, fields.get("weight"), WEIGHT)
    is_key = reader.flag(fields.get("key_sli")) is True
    on_no_data = reader.word(fields.get("onNoData"), list(OnNoData))
    least = reader.whole(fields.get("minSamples"), *SAMPLES)
    first_run = reader.word(fields.get("firstRun"), FIRST_RUN)
    title = reader.line(fields.get("displayName"))
    grading = Criteria(passing, warning)
    if grading.is_informational:
        _refuse_without_pass(reader, fields)
    if name is not None and name not in indicators:
        reader.fault(fields["sli"], f"sli.yaml has no indicator {name!r}{meant(name, list(indicators))}")
        return None
    if name is None:
        return None
    return Indicator(
        id=name,
        source=indicators[name].source,
        query=indicators[name].query,
        grading=grading,
        points=1.0 if weight is None else weight,
        on_no_data=None if on_no_data is None else OnNoData(on_no_data),
        min_samples=least or 1,
        first_run_passes=first_run is not None,
        is_key=is_key,
        metadata={} if title is None else {"displayName": title},
    )


def _refuse_without_pass(reader: Reader, fields: Mapping[str, Spot]) -> None:
    """What would decide nothing was meant to decide something."""
    for name in NEED_PASS:
        if name in fields and fields[name].value is not False:
            reader.fault(fields[name], f"decides nothing without pass criteria: give `pass`, or leave {name} out")


def _criteria(reader: Reader, spot: Spot | None) -> Alternatives:
    """A list of objects with criteria: within one all must hold, of several one."""
    if spot is None or spot.value in (None, []):  # written out, and empty: as if it were not there
        return ()
    found = []
    for each in reader.items(spot):
        fields = reader.mapping(each, *CRITERIA) or {}
        read = [_criterion(reader, one) for one in reader.items(fields.get("criteria"))]
        together = tuple(one for one in read if one is not None)
        if len(together) == len(read) and (overlap := unsatisfiable(together)):
            reader.fault(each, overlap)
        found.append(together)
    return tuple(found)


def _criterion(reader: Reader, spot: Spot) -> Criterion | None:
    text = reader.text(spot)
    if text is None:
        return None
    try:
        return parse_criterion(text)
    except InvalidError as error:
        reader.fault(spot, str(error))
        return None


def _total(reader: Reader, spot: Spot | None) -> Objectives | None:
    fields = reader.mapping(spot, *TOTAL) or {}
    passing, warning = _percent(reader, fields.get("pass")), _percent(reader, fields.get("warning"))
    if passing is not None and warning is not None and warning > passing:
        reader.fault(fields["warning"], f"warning {warning:g}% must not take more than pass {passing:g}%")
    if passing is None:
        return None
    return Objectives(passing, passing if warning is None else warning)


def _percent(reader: Reader, spot: Spot | None) -> float | None:
    """`"90%"`, or the bare number."""
    if spot is None:
        return None
    if isinstance(spot.value, str) and (found := re.fullmatch(PERCENT_TEXT, spot.value)):
        spot = Spot(float(found[1]), spot.line, spot.path)
    number = reader.number(spot, *PERCENT)
    if number == 0:
        reader.fault(spot, "0% is reached by every artifact, so nothing would be refused")
        return None
    return number


def _comparison(reader: Reader, spot: Spot | None) -> tuple[Comparison, tuple[str, ...]]:
    """Also what of it has no effect."""
    fields = reader.mapping(spot, *COMPARISON) or {}
    compared = reader.word(fields.get("compare_with"), [SINGLE, SEVERAL])
    number = reader.whole(fields.get("number_of_comparison_results"), *RESULTS)
    included = reader.word(fields.get("include_result_with_score"), list(INCLUDED))
    aggregate = reader.word(fields.get("aggregate_function"), list(Aggregate))
    if compared == SEVERAL and spot is not None and "number_of_comparison_results" not in fields:
        reader.fault(spot, f"{SEVERAL} needs number_of_comparison_results: how many of them")
    comparison = Comparison(
        results=number or 1 if compared == SEVERAL else 1,
        verdicts=INCLUDED[included or "pass_or_warn"],
        aggregate=Aggregate(aggregate or Aggregate.AVERAGE),
    )
    is_idle = compared != SEVERAL and (number or 1) > 1
    return comparison, (_IDLE.format(number=number),) if is_idle else ()
