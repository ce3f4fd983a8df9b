"""Judge what was measured by the gate in force."""

from collections.abc import Sequence

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
from lockgate.evaluation import explain
from lockgate.evaluation.explain import Graded
from lockgate.evaluation.grading import grade, targets
from lockgate.evaluation.score import score


def judge(
    gate: Gate, measurements: Sequence[Measurement], subject: Subject, window: Window, spec: SpecSource, id: str
) -> Evaluation:
    """*measurements*: one an indicator, matched by its id, with the resolved query. An indicator without one is an
    error of the verdict, never a pass. `score.score` says how the verdict comes about.

    Raises ValueError for a measurement of something that the gate does not name, or two of one indicator.
    """
    by_id = _by_id(gate, measurements)
    graded = [_graded(indicator, by_id.get(indicator.id), subject) for indicator in gate.indicators]
    total = score(gate, [one.grade for one in graded])
    return Evaluation(
        id=id,
        subject=subject,
        window=window,
        spec=spec,
        verdict=total.verdict,
        score=total.points,
        score_possible=gate.points,
        needed={"pass": gate.objectives.passing, "warning": gate.objectives.warning},
        indicators=tuple(_result(one, subject, window) for one in graded),
        arithmetic=total.arithmetic,
        sentence=explain.gate_sentence(gate, total, graded),
        would_pass=explain.gate_would_pass(gate, total, graded),
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


def _graded(indicator: Indicator, measurement: Measurement | None, subject: Subject) -> Graded:
    if measurement is None:
        measurement = Measurement(indicator.id, indicator.source, "", Unmeasured("it was not asked for"))
    return Graded(indicator, measurement, grade(indicator, measurement, subject.release))


def _result(one: Graded, subject: Subject, window: Window) -> IndicatorResult:
    return IndicatorResult(
        id=one.indicator.id,
        verdict=one.grade.verdict,
        points=one.grade.points,
        points_possible=one.indicator.points,
        measurement=one.measurement,
        judged=one.grade.judged,
        set_aside=one.grade.set_aside,
        violations=one.grade.violations,
        targets=targets(one.indicator),
        arithmetic=one.grade.arithmetic,
        notes=explain.notes(one, subject.release, window),
        sentence=explain.indicator_sentence(one),
        would_pass=explain.indicator_would_pass(one),
    )
