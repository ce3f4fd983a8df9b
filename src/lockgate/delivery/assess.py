"""Step `evaluation_done`: measure what the gate's file asks for, judge it, and say so."""

from collections.abc import Awaitable, Callable
from typing import Any

from lockgate.delivery.conclusion import Conclusion
from lockgate.delivery.earlier import earlier_runs
from lockgate.delivery.gate import comparable_part, gate_of, gate_source, refuse_missing_gate
from lockgate.delivery.measure import Measuring, is_away
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan, service_files
from lockgate.domain.delivery import StageRun
from lockgate.domain.evaluation import (
    Evaluation,
    IndicatorResult,
    Measurement,
    SpecSource,
    Subject,
    Verdict,
    Violation,
    Window,
)
from lockgate.domain.project import Place, TestStrategy
from lockgate.evaluation.arithmetic import MOST_LINES, broken_first
from lockgate.evaluation.criteria import key_of
from lockgate.evaluation.judge import judge
from lockgate.kit.ids import derived_id
from lockgate.specs.gate_files import PERFSPEC
from lockgate.workflow.protocol import Run

_Ask = Callable[[], Awaitable[tuple[Measurement, ...]]]


async def assess(run: Run, outside: Outside, turn: StageRun, plan: Plan, window: Window) -> Conclusion:
    if plan.tests is TestStrategy.FUNCTIONAL:
        return Conclusion(verdict=Verdict.PASS, reason="functional tests passed; this stage has no performance gate")
    gate = await run.step(
        "read the gate",
        lambda: _read_gate(outside, turn, plan),
        returns=SpecSource | None,
        retry=outside.patience.retry,
    )
    if gate is None:  # which the plan has found to be allowed; one that was recorded by an older release has not
        path = f"{turn.place.service}/{PERFSPEC}"
        reason = f"first artifact here, and there is no quality gate yet: from now on {path} is needed"
        return Conclusion(verdict=None, reason=reason)
    # The window's last samples are in the monitoring system one scrape interval after its end.
    await run.sleep("until scraped", outside.patience.settle)
    measurements = await _measured(run, outside, _asking(outside, turn, plan, gate, window))
    earlier = await run.step(
        "choose the runs to compare with",
        lambda: _earlier(outside, turn.place, gate, window),
        returns=tuple[str, ...],
        retry=outside.patience.retry,
    )
    return await run.step(
        "assess",
        lambda: _assess(outside, turn, plan, window, gate, measurements, earlier),
        returns=Conclusion,
        retry=outside.patience.retry,
    )


def _asking(outside: Outside, turn: StageRun, plan: Plan, gate: SpecSource, window: Window) -> _Ask:
    """Of one and the same Measuring, since it remembers what was answered. It is made inside a step: a file that cannot
    be read ends the step, not the run."""
    made: list[Measuring] = []

    async def ask() -> tuple[Measurement, ...]:
        if not made:
            made.append(Measuring(outside, gate_of(gate), await _subject(outside, turn, plan), window))
        return await made[0].ask()

    return ask


async def _measured(run: Run, outside: Outside, ask: _Ask) -> tuple[Measurement, ...]:
    """Recorded, so that what was judged before a crash is judged after it. A source that is away for a moment, as one
    that is being restarted, is waited for; then what is there counts."""

    async def with_every_source() -> tuple[Measurement, ...] | None:
        found = await ask()
        return None if any(is_away(each) for each in found) else found

    within = outside.patience.sources
    recorded = tuple[Measurement, ...]
    found = await run.wait_for("measure", with_every_source, recorded, every=outside.patience.poll, within=within)
    if found is not None:
        return found
    return await run.step("measure what answers", ask, returns=recorded)


async def _read_gate(outside: Outside, turn: StageRun, plan: Plan) -> SpecSource | None:
    files = await service_files(outside, turn.place, plan.revision)
    await refuse_missing_gate(outside, turn.place, files, plan.revision)
    return gate_source(turn.place.service, files, plan.revision)


async def _earlier(outside: Outside, place: Place, source: SpecSource, window: Window) -> tuple[str, ...]:
    """Ids, newest first. Recorded, so that an evaluation that is saved or invalidated meanwhile changes nothing."""
    return tuple(one.id for one in await earlier_runs(outside, place, gate_of(source), window))


async def _assess(  # noqa: PLR0913  # what a verdict depends on, each by its name
    outside: Outside,
    turn: StageRun,
    plan: Plan,
    window: Window,
    source: SpecSource,
    measurements: tuple[Measurement, ...],
    compared: tuple[str, ...],
) -> Conclusion:
    gate = gate_of(source)
    earlier = [comparable_part(gate, await outside.evaluations.evaluation(id)) for id in compared]
    id_ = derived_id(turn.id, "evaluation")
    evaluation = judge(gate, measurements, await _subject(outside, turn, plan), window, source, id_, earlier)
    await outside.evaluations.save(evaluation)
    return Conclusion(verdict=evaluation.verdict, reason=evaluation.sentence, evaluation=evaluation.id)


async def _subject(outside: Outside, turn: StageRun, plan: Plan) -> Subject:
    return Subject(
        place=turn.place,
        delivery=turn.delivery,
        image=turn.artifact.image,
        tag=turn.artifact.tag,
        release=plan.release.id,
        colour=plan.colour.value if plan.colour else "",
        deployment=plan.deployment_name(turn.place),
        labels=(await outside.deliveries.delivery(turn.delivery)).labels,
    )


def details_of(evaluation: Evaluation) -> dict[str, Any]:
    """`evaluationdetails` in the shape that Pitometer gave (keptn 0.2.2, section 7.3) with its option
    `individualResults`, and the sentence."""
    return {
        "options": {
            "timeStart": int(evaluation.window.start.timestamp()),
            "timeEnd": int(evaluation.window.end.timestamp()),
        },
        "totalScore": evaluation.score,
        "objectives": dict(evaluation.needed),
        "indicatorResults": [
            {
                "id": each.id,
                "score": each.points,
                "verdict": each.verdict.value,
                "violations": [_violation(one) for one in each.violations[:MOST_LINES]],
                "individualResults": _individual(each),
            }
            for each in evaluation.indicators
        ],
        "result": evaluation.verdict.value,
        "reason": evaluation.sentence,
        "evaluation": evaluation.id,
    }


def _individual(result: IndicatorResult) -> list[dict[str, Any]]:
    """Not all of thousands: an event is read by people and pages, and the evaluation has all."""
    each = [(key_of(sample), sample.value, targets) for sample, targets in result.individual]
    broken = {violation.key for violation in result.violations}
    told = broken_first(each, lambda one: one[0] in broken)
    return [{"key": key, "value": value, **targets} for key, value, targets in told]


def _violation(violation: Violation) -> dict[str, Any]:
    said = {
        "value": violation.value,
        "key": violation.key,
        "breach": violation.breach,
        "threshold": violation.threshold,
    }
    return {**said, "metadata": dict(violation.metadata)} if violation.metadata else said
