"""Judge what was measured by the gate in force."""

from collections.abc import Mapping, Sequence

from lockgate.domain.evaluation import (
    Evaluation,
    IndicatorResult,
    Measurement,
    SpecSource,
    Subject,
    Unmeasured,
    Window,
)
from lockgate.domain.gate import Gate, Indicator
from lockgate.evaluation import explain, wording
from lockgate.evaluation.baseline import Baseline, baseline_of, compared
from lockgate.evaluation.comparison import Moments
from lockgate.evaluation.explain import Graded
from lockgate.evaluation.grading import grade, possible, violations
from lockgate.evaluation.limits import InForce, Limit
from lockgate.evaluation.notes import notes
from lockgate.evaluation.score import score

STALE_SECONDS = 300.0
"""How far from the window a sample may be: as far as Prometheus itself looks back for the last one, and as much after,
for clocks that differ."""


def judge(  # noqa: PLR0913  # what a verdict depends on, each by its name
    gate: Gate,
    measurements: Sequence[Measurement],
    subject: Subject,
    window: Window,
    spec: SpecSource,
    id: str,
    earlier: Sequence[Evaluation] = (),
) -> Evaluation:
    """*measurements*: one an indicator, matched by its id, with the resolved query. An indicator without one is an
    error of the verdict, never a pass. *earlier*: the evaluations that may be compared with, newest first; a relative
    indicator is with the first of them that have it, as many as the gate's comparison says. `score.score` says how the
    verdict comes about.

    Raises ValueError for a measurement of something that the gate does not name, or two of one indicator.
    """
    by_id = _by_id(gate, measurements)
    moments = Moments(window.start.timestamp() - STALE_SECONDS, window.end.timestamp() + STALE_SECONDS)
    graded = []
    for each in gate.indicators:
        measured, baseline = _measured(each, by_id), _baseline(gate, each, earlier)
        graded.append(Graded(each, measured, grade(each, measured, subject.release, baseline, moments)))
    total = score(gate, [one.grade for one in graded])
    return Evaluation(
        id=id,
        subject=subject,
        window=window,
        spec=spec,
        verdict=total.verdict,
        score=total.value,
        score_possible=total.most,
        needed={"pass": gate.objectives.passing, "warning": gate.objectives.warning},
        indicators=tuple(_result(one, subject, window) for one in graded),
        arithmetic=total.arithmetic,
        sentence=explain.gate_sentence(gate, total, graded),
        would_pass=explain.gate_would_pass(gate, total, graded),
        compared_with=tuple(one.id for one in compared(gate, earlier)),
        in_percent=gate.in_percent,
    )


def _by_id(gate: Gate, measurements: Sequence[Measurement]) -> dict[str, Measurement]:
    known = {indicator.id for indicator in gate.indicators}
    by_id: dict[str, Measurement] = {}
    for measurement in measurements:
        if measurement.indicator not in known:
            raise ValueError(f"{measurement.indicator!r} was measured, and the gate has only {sorted(known)}")
        if measurement.indicator in by_id:
            raise ValueError(f"{measurement.indicator!r} was measured twice")
        by_id[measurement.indicator] = measurement
    return by_id


def _measured(indicator: Indicator, by_id: Mapping[str, Measurement]) -> Measurement:
    unasked = Measurement(indicator.id, indicator.source, "", Unmeasured("it was not asked for"))
    return by_id.get(indicator.id, unasked)


def _baseline(gate: Gate, indicator: Indicator, earlier: Sequence[Evaluation]) -> Baseline:
    is_compared = earlier and indicator.is_relative
    return baseline_of(indicator.id, earlier, gate.comparison) if is_compared else Baseline()


def _result(one: Graded, subject: Subject, window: Window) -> IndicatorResult:
    each = [_targets(limits.limits) for limits in _distinct(one.grade.limits)]
    return IndicatorResult(
        id=one.indicator.id,
        verdict=one.grade.verdict,
        points=one.grade.points,
        points_possible=possible(one.indicator),
        measurement=one.measurement,
        judged=one.grade.judged,
        set_aside=one.grade.set_aside,
        violations=violations(one.indicator, one.grade),
        targets=each[0] if len(each) == 1 else _targets(wording.strictest(one.grade.limits)),
        arithmetic=one.grade.arithmetic,
        notes=notes(one, subject.release, window),
        sentence=explain.indicator_sentence(one),
        would_pass=explain.indicator_would_pass(one),
        targets_each=() if len(each) == 1 else tuple(_targets(limits.limits) for limits in one.grade.limits),
        is_key=one.indicator.is_key,
        is_informational=one.indicator.is_informational,
    )


def _distinct(limits: Sequence[InForce]) -> tuple[InForce, ...]:
    """Tuples of one object repeated, as of series that nothing tells apart, are cut at once."""
    return tuple({id(each): each for each in limits}.values()) if len(limits) > 1 else tuple(limits)


def _targets(limits: Sequence[Limit]) -> Mapping[str, float]:
    return {limit.name: limit.number for limit in limits if limit.number is not None}
