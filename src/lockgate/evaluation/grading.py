"""Points of one indicator: every series is graded, the worst one counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lockgate.domain import promql
from lockgate.domain.evaluation import Measurement, Sample, SetAside, Unmeasured, Verdict, Violation
from lockgate.domain.gate import Indicator, OnNoData
from lockgate.evaluation import arithmetic, comparison
from lockgate.evaluation.baseline import Baseline
from lockgate.evaluation.criteria import Mark, key_of, mark
from lockgate.evaluation.limits import InForce, Limit, in_force
from lockgate.evaluation.numbers import readable

NO_VALUES = "The indicator returned no values"
"""The breach of a gate that asks to fail without data, in Pitometer's words."""

_NO_BASELINE = Baseline()


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a series broke. A severe one leaves no points."""

    sample: Sample
    limit: Limit
    is_severe: bool


@dataclass(frozen=True, slots=True)
class Grade:
    """How an indicator came off. *attainable* is what it could still have earned had every missing value been good;
    it equals *points* where nothing is missing. *trouble* says why there is nothing to judge, or is empty. *limits*:
    those in force for each judged series, or without any those that the file knows. *is_uncompared*: the trouble is
    that a relative limit has no baseline; *is_first_run*: it has none, and passes as the file asks."""

    verdict: Verdict
    points: float
    attainable: float
    limits: tuple[InForce, ...]
    judged: tuple[Sample, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    breaches: tuple[Breach, ...] = ()
    arithmetic: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""
    is_uncompared: bool = False
    is_first_run: bool = False

    @property
    def is_judged(self) -> bool:
        return self.verdict.promotes or self.verdict is Verdict.FAIL

    @property
    def has_lost(self) -> bool:
        """Points, by what was judged."""
        return bool(self.breaches) or self.verdict is Verdict.FAIL


def grade(
    indicator: Indicator,
    measurement: Measurement,
    release: str,
    baseline: Baseline = _NO_BASELINE,
    moments: comparison.Moments = comparison.EVER,
) -> Grade:
    """Fail closed: an indicator without a number for *each* of its series, with fewer of them than it asks for or
    without what it is to be compared with earns nothing, unless what it has is a severe breach already (nothing more
    could mend that) or the file says otherwise (`ignoreEmpty`, `onNoData`, `firstRun`)."""
    result = measurement.result
    if isinstance(result, Unmeasured):
        limits = (in_force(indicator.grading, None),)
        return Grade(Verdict.ERROR, 0, possible(indicator), limits, trouble=result.reason)
    return _graded(indicator, comparison.select(result.samples, release, moments), baseline)


def possible(indicator: Indicator) -> float:
    """The points that it can earn."""
    return 0.0 if indicator.is_informational else indicator.points


def violations(indicator: Indicator, one: Grade) -> tuple[Violation, ...]:
    metadata = indicator.metadata
    found = tuple(
        Violation(each.limit.name, key_of(each.sample), each.sample.value, each.limit.number, metadata)
        for each in one.breaches
    )
    is_failed_for_want_of_data = one.verdict is Verdict.FAIL and one.trouble
    return (*found, Violation(NO_VALUES, metadata=metadata)) if is_failed_for_want_of_data else found


def worst(broken: Sequence[Breach]) -> Breach | None:
    """The breach to name first: a severe one before a warning, then the farthest from its limit."""
    return max(broken, key=lambda one: (one.is_severe, abs(one.sample.value - (one.limit.number or 0))), default=None)


def _graded(indicator: Indicator, selection: comparison.Selection, baseline: Baseline) -> Grade:
    usable = selection.usable
    limits = _limits(indicator, usable, baseline)
    marks = [_mark(indicator, sample, own) for sample, own in zip(usable, limits, strict=True)]
    share = min((each.most for each in marks), default=1.0)
    points = possible(indicator) * share
    lines = arithmetic.lines(indicator, usable, marks, points)
    empty = _missing(indicator, selection)
    uncompared = _uncompared(indicator, marks, baseline, limits)
    notes: list[str] = []
    is_first_run = False
    if share and empty and indicator.on_no_data is OnNoData.IGNORE:
        notes.append(f"{empty}: ignored, as the file asks (ignoreEmpty)")
        lines += [] if usable else [f"no data, ignoreEmpty: {readable(points)} points"]
        empty = ""
    if share and uncompared and indicator.first_run_passes and baseline.is_empty:
        notes.append(f"{uncompared}: passes, as the file asks (firstRun: pass)")
        uncompared, is_first_run = "", True
    verdict, trouble, attainable = _verdict(marks, share), "", points
    if share and (empty or uncompared):
        trouble = empty or uncompared
        fails = indicator.on_no_data is OnNoData.FAIL and not indicator.is_informational
        verdict = Verdict.FAIL if fails else Verdict.NO_DATA
        points, attainable = 0.0, 0.0 if fails else attainable
        lines.append(f"{trouble}{', onNoData fail' if fails else ''}: 0 points")
    return Grade(
        verdict=verdict,
        points=points,
        attainable=attainable,
        limits=limits or (in_force(indicator.grading, None),),
        judged=usable,
        set_aside=(*selection.empty, *selection.other),
        breaches=_breaches(usable, marks),
        arithmetic=tuple(lines),
        notes=tuple(notes),
        trouble=trouble,
        is_uncompared=bool(uncompared) and trouble == uncompared,
        is_first_run=is_first_run,
    )


def _limits(indicator: Indicator, usable: Sequence[Sample], baseline: Baseline) -> tuple[InForce, ...]:
    """One for each series; the very same object where no baseline tells them apart."""
    if not indicator.is_relative or baseline.is_empty:
        return (in_force(indicator.grading, None),) * len(usable)
    alone = len(usable) == 1
    before = [baseline.of(sample, alone=alone) for sample in usable]
    made = {value: in_force(indicator.grading, value) for value in set(before)}
    return tuple(made[value] for value in before)


def _mark(indicator: Indicator, sample: Sample, limits: InForce) -> Mark:
    return Mark(1.0, 1.0) if indicator.is_informational else mark(sample.value, limits)


def _breaches(usable: Sequence[Sample], marks: Sequence[Mark]) -> tuple[Breach, ...]:
    return tuple(
        Breach(sample, limit, _is_severe(limit, each))
        for sample, each in zip(usable, marks, strict=True)
        for limit in each.broken
    )


def _is_severe(limit: Limit, marked: Mark) -> bool:
    return marked.is_severe if limit.bound is None else limit.bound.is_severe


def _verdict(marks: Sequence[Mark], share: float) -> Verdict:
    if share == 0:
        return Verdict.FAIL
    return Verdict.WARNING if any(each.broken for each in marks) else Verdict.PASS


def _missing(indicator: Indicator, selection: comparison.Selection) -> str:
    """Why there are too few numbers to judge, or nothing."""
    if selection.empty:
        count, total = len(selection.empty), len(selection.empty) + len(selection.usable)
        is_promql = promql.promql_in(indicator.source, indicator.query) is not None
        hint = (
            " (0 divided by 0: no requests)" if "NaN" in selection.lacks and is_promql else ""
        )  # elsewhere it may be a null
        return f"{count} of {total} series {'is' if count == 1 else 'are'} {' or '.join(selection.lacks)}{hint}"
    if selection.usable:
        count = _told_apart(selection.usable, indicator.min_samples)
        few = count < indicator.min_samples
        return f"{count} series, and minSamples asks for {indicator.min_samples}" if few else ""
    if selection.other:
        return f"all {len(selection.other)} series name another release"
    return "the query returned no series"


def _told_apart(samples: Sequence[Sample], enough: int) -> int:
    """How many series there are, up to *enough*: one that comes twice says no more than once."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for sample in samples:
        seen.add(frozenset(sample.labels.items()))
        if len(seen) == enough:
            break
    return len(seen)


def _uncompared(indicator: Indicator, marks: Sequence[Mark], baseline: Baseline, limits: Sequence[InForce]) -> str:
    """Why a relative limit that matters has no number, or nothing."""
    least = min((each.least for each in marks), default=math.inf)
    if least >= min((each.most for each in marks), default=0.0):
        return ""
    if baseline.is_empty:
        way_out = "" if indicator.first_run_passes else " (firstRun: pass would accept a first run)"
        return f"there is no earlier run to compare with{way_out}"
    if any(limit.is_beyond for limit in {id(each): limit for each in limits for limit in each.limits}.values()):
        return "what an earlier run measured makes a limit beyond all numbers"
    return "no earlier run has a series to compare with"
