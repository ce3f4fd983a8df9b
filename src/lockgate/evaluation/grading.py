"""Points of one indicator: every series is graded, the worst one counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lockgate.domain.evaluation import Answer, Measurement, Sample, SetAside, Unmeasured, Verdict, Violation
from lockgate.domain.gate import Bound, Indicator
from lockgate.evaluation import comparison
from lockgate.evaluation.criteria import breaches, key_of, violations
from lockgate.evaluation.numbers import readable, told_apart, with_unit


@dataclass(frozen=True, slots=True)
class Grade:
    """How an indicator came off. *attainable* is what it could still have earned had every missing value been good;
    it equals *points* where nothing is missing. *trouble* says why there is nothing to judge, or is empty."""

    verdict: Verdict
    points: float
    attainable: float
    judged: tuple[Sample, ...] = ()
    set_aside: tuple[SetAside, ...] = ()
    violations: tuple[Violation, ...] = ()
    arithmetic: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def is_judged(self) -> bool:
        return self.verdict.promotes or self.verdict is Verdict.FAIL


def grade(indicator: Indicator, measurement: Measurement, release: str) -> Grade:
    """Fail closed: an indicator without a number for *each* of its series earns nothing, unless what it has is a
    severe breach already (a further series could not mend that) or the file says `ignoreEmpty`."""
    match measurement.result:
        case Unmeasured(reason=reason):
            return Grade(Verdict.ERROR, 0, indicator.points, trouble=reason)
        case Answer(samples=samples):
            return _graded(indicator, samples, release)


def _graded(indicator: Indicator, samples: Sequence[Sample], release: str) -> Grade:
    selection = comparison.select(samples, release)
    usable = selection.usable
    shares = [share(sample.value, indicator) for sample in usable]
    points = indicator.points * min(shares, default=1.0)
    lines = [_line(indicator, sample, part) for sample, part in zip(usable, shares, strict=True)]
    if len(usable) > 1:
        lines.append(f"the worst of {len(usable)} series counts: {readable(points)} points")
    broken = tuple(violation for sample in usable for violation in violations(sample, indicator.thresholds))
    is_partial = not usable or bool(selection.empty)
    trouble = _nothing(selection) if is_partial else ""
    notes: tuple[str, ...] = ()
    verdict = _verdict(broken)
    attainable = points
    if is_partial and verdict is not Verdict.FAIL:
        if indicator.ignore_empty:
            notes = (f"{trouble}: ignored, as the file asks (ignoreEmpty)",)
            lines += [] if usable else [f"no data, ignoreEmpty: {readable(points)} points"]
        else:
            verdict, points = Verdict.NO_DATA, 0.0
            lines.append(f"{trouble}: 0 points")
    return Grade(
        verdict=verdict,
        points=points,
        attainable=attainable,
        judged=usable,
        set_aside=(*selection.empty, *selection.other),
        violations=broken,
        arithmetic=tuple(lines),
        notes=notes,
        trouble=trouble if verdict is Verdict.NO_DATA else "",
    )


def share(value: float, indicator: Indicator) -> float:
    """The part of the points that *value* earns: 0 for a severe breach, a half for each warning."""
    broken = breaches(value, indicator.thresholds)
    if any(bound.is_severe for bound in broken):
        return 0.0
    return 0.5 ** len(broken)


def targets(indicator: Indicator) -> Mapping[str, float]:
    return {bound.value: limit for bound, limit in indicator.thresholds}


def worst(broken: Sequence[Violation]) -> Violation | None:
    """The violation to name first: a severe one before a warning, then the farthest from its bound."""
    return max(
        broken,
        key=lambda one: (Bound(one.breach).is_severe, abs((one.value or 0) - (one.threshold or 0))),
        default=None,
    )


def _verdict(broken: Sequence[Violation]) -> Verdict:
    if any(Bound(violation.breach).is_severe for violation in broken):
        return Verdict.FAIL
    return Verdict.WARNING if broken else Verdict.PASS


def _nothing(selection: comparison.Selection) -> str:
    if selection.empty:
        words = sorted({comparison.word(aside.sample.value) for aside in selection.empty})
        count, total = len(selection.empty), len(selection.empty) + len(selection.usable)
        hint = " (0 divided by 0: no requests)" if "NaN" in words else ""
        return f"{count} of {total} series {'is' if count == 1 else 'are'} {' or '.join(words)}{hint}"
    if selection.other:
        return f"all {len(selection.other)} series name another release"
    return "the query returned no series"


def _line(indicator: Indicator, sample: Sample, part: float) -> str:
    broken = breaches(sample.value, indicator.thresholds)
    earned = readable(indicator.points * part)
    if not broken:
        value = with_unit(readable(sample.value), indicator.unit)
        return f"{key_of(sample)} = {value}: within its bounds, {earned} points"
    limits = targets(indicator)
    reasons = []
    for bound in broken:
        value, limit = told_apart(sample.value, limits[bound])
        factor = "0" if bound.is_severe else "a half"
        reasons.append(f"{value} {'≥' if bound.is_upper else '≤'} {limit} ({bound}): {factor}")
    return f"{key_of(sample)}: {', '.join(reasons)} of {readable(indicator.points)}: {earned} points"
