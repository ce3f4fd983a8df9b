"""Step `evaluation_done`: measure what the gate's file asks for, judge it, and say so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from lockgate.delivery.conclusion import Conclusion, StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan, service_files
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import LockgateError, TransientError
from lockgate.domain.evaluation import Answer, Evaluation, Measurement, SpecSource, Subject, Unmeasured, Verdict, Window
from lockgate.domain.gate import Indicator
from lockgate.domain.project import TestStrategy
from lockgate.evaluation.judge import judge
from lockgate.kit.ids import derived_id
from lockgate.ports.config_repo import Revision
from lockgate.ports.metric_source import Query
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.placeholders import query_text, resolve, values_of
from lockgate.workflow.protocol import Run

PERFSPEC = "perfspec/perfspec.json"


async def assess(run: Run, outside: Outside, turn: StageRun, plan: Plan, window: Window) -> Conclusion:
    if plan.tests is TestStrategy.FUNCTIONAL:
        return Conclusion(verdict=Verdict.PASS, reason="functional tests passed; this stage has no performance gate")
    gate = await run.step(
        "read the gate",
        lambda: _read_gate(outside, turn, plan),
        returns=SpecSource | None,
        retry=outside.patience.retry,
    )
    if gate is None:
        return await run.step(
            "no gate", lambda: _without_gate(outside, turn, plan), returns=Conclusion, retry=outside.patience.retry
        )
    # The window's last samples are in the monitoring system one scrape interval after its end.
    await run.sleep("until scraped", outside.patience.settle)
    measurements = await _measured(run, outside, partial(_measure_all, outside, turn, plan, window, gate))
    return await run.step(
        "assess",
        lambda: _assess(outside, turn, plan, window, gate, measurements),
        returns=Conclusion,
        retry=outside.patience.retry,
    )


async def _measured(
    run: Run, outside: Outside, measure: Callable[[], Awaitable[tuple[Measurement, ...]]]
) -> tuple[Measurement, ...]:
    """Recorded, so that what was judged before a crash is judged after it. A source that is away for a moment, as one
    that is being restarted, is waited for; then what is there counts."""

    async def with_every_source() -> tuple[Measurement, ...] | None:
        found = await measure()
        return None if any(isinstance(each.result, Unmeasured) and each.result.away for each in found) else found

    within = outside.patience.sources
    recorded = tuple[Measurement, ...]
    found = await run.wait_for("measure", with_every_source, recorded, every=outside.patience.poll, within=within)
    return found if found is not None else await run.step("measure what answers", measure, returns=recorded)


async def _read_gate(outside: Outside, turn: StageRun, plan: Plan) -> SpecSource | None:
    text = (await service_files(outside, turn.place, plan.revision)).get(PERFSPEC)
    path = f"{turn.place.service}/{PERFSPEC}"
    return None if text is None else SpecSource(path=path, revision=plan.revision, text=text)


async def _without_gate(outside: Outside, turn: StageRun, plan: Plan) -> Conclusion:
    """Passes, not evaluated, only while nothing was ever promoted from here and no perfspec was ever there, as of the
    plan's revision: a gate that was pushed while this run was under way counts for the next one."""
    path = f"{turn.place.service}/{PERFSPEC}"
    owed = f"put it there (it was {turn.place.service}/perfspec/perfspec_prometheus.json), commit and push"
    if await outside.repo.ever_held(turn.place.project, path, Revision(plan.revision)):
        raise StageTroubleError(f"the quality gate {path} was removed from main: {owed}")
    if await outside.lanes.ever_promoted(turn.place):
        raise StageTroubleError(f"the quality gate {path} is missing on main: {owed}")
    reason = f"first artifact here, and there is no quality gate yet: from now on {path} is needed"
    return Conclusion(verdict=None, reason=reason)


async def _measure_all(
    outside: Outside, turn: StageRun, plan: Plan, window: Window, source: SpecSource
) -> tuple[Measurement, ...]:
    subject, gate = _subject(turn, plan), parse_perfspec(source.path, source.text)
    return tuple(await asyncio.gather(*(_measure(outside, each, subject, window) for each in gate.indicators)))


async def _assess(
    outside: Outside,
    turn: StageRun,
    plan: Plan,
    window: Window,
    source: SpecSource,
    measurements: tuple[Measurement, ...],
) -> Conclusion:
    gate, id_ = parse_perfspec(source.path, source.text), derived_id(turn.id, "evaluation")
    evaluation = judge(gate, measurements, _subject(turn, plan), window, source, id_)
    await outside.evaluations.save(evaluation)
    return Conclusion(verdict=evaluation.verdict, reason=evaluation.sentence, evaluation=evaluation.id)


def _subject(turn: StageRun, plan: Plan) -> Subject:
    return Subject(
        place=turn.place,
        delivery=turn.delivery,
        image=turn.artifact.image,
        tag=turn.artifact.tag,
        release=plan.release.id,
        colour=plan.colour.value if plan.colour else "",
        deployment=plan.deployment_name(turn.place),
    )


async def _measure(outside: Outside, indicator: Indicator, subject: Subject, window: Window) -> Measurement:
    """Any trouble of the source is a value here: it is judged as `error`, never as good or bad."""
    text = query_text(indicator.query)
    found = Measurement(indicator=indicator.id, source=indicator.source, query=text, result=Unmeasured("not asked"))
    try:
        query = resolve(indicator.query, values_of(subject, window))
        text = query_text(query)
        found = replace(found, query=text)
        async with asyncio.timeout(outside.patience.indicator):
            answer = await _ask(outside, indicator.source, query, window)
    except TimeoutError:
        late = f"{indicator.source} gave no answer in {outside.patience.indicator:g} s"
        return replace(found, result=Unmeasured(late, text, away=True))
    except LockgateError as error:
        return replace(found, result=Unmeasured(str(error), text, away=isinstance(error, TransientError)))
    return replace(found, result=answer)


async def _ask(outside: Outside, name: str, query: Query, window: Window) -> Answer:
    source = await outside.sources.source(name)
    return await source.query(query, window)


def details_of(evaluation: Evaluation) -> dict[str, Any]:
    """`evaluationdetails` in the shape that Pitometer gave (keptn 0.2.2, section 7.3), and the sentence."""
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
                "violations": [
                    {"value": v.value, "key": v.key, "breach": v.breach, "threshold": v.threshold}
                    for v in each.violations
                ],
            }
            for each in evaluation.indicators
        ],
        "result": evaluation.verdict.value,
        "reason": evaluation.sentence,
        "evaluation": evaluation.id,
    }
