"""Step `evaluation_done`: measure what the gate's file asks for, judge it, and say so."""

import asyncio
from dataclasses import replace
from typing import Any

from lockgate.delivery.conclusion import Conclusion, StageTroubleError
from lockgate.delivery.outside import Outside
from lockgate.delivery.plan import Plan, service_files
from lockgate.domain.delivery import StageRun
from lockgate.domain.errors import LockgateError, NotFoundError, TransientError
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
    await run.wait_for(
        "until the sources answer",
        lambda: _answering(outside, turn, plan, window, gate),
        bool,
        every=outside.patience.poll,
        within=outside.patience.sources,
    )
    return await run.step(
        "assess", lambda: _assess(outside, turn, plan, window, gate), returns=Conclusion, retry=outside.patience.retry
    )


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


async def _assess(outside: Outside, turn: StageRun, plan: Plan, window: Window, source: SpecSource) -> Conclusion:
    known = await _known(outside, derived_id(turn.id, "evaluation"))
    if known is not None:  # saved before a crash: what was acted on and what is shown must be one evaluation
        return known
    subject = _subject(turn, plan)
    gate = parse_perfspec(source.path, source.text)
    measurements = await asyncio.gather(*(_measure(outside, each, subject, window) for each in gate.indicators))
    evaluation = judge(gate, measurements, subject, window, source, derived_id(turn.id, "evaluation"))
    await outside.evaluations.save(evaluation)
    return _conclusion(evaluation)


async def _answering(outside: Outside, turn: StageRun, plan: Plan, window: Window, source: SpecSource) -> bool | None:
    """None while a source is away for a moment, as one that is being restarted. Any other trouble is the judge's."""
    try:
        values = values_of(_subject(turn, plan), window)
        for each in parse_perfspec(source.path, source.text).indicators:
            async with asyncio.timeout(outside.patience.indicator):
                await _ask(outside, each.source, resolve(each.query, values), window)
    except (TransientError, TimeoutError):
        return None
    except LockgateError:
        return True
    return True


async def _known(outside: Outside, id_: str) -> Conclusion | None:
    try:
        return _conclusion(await outside.evaluations.evaluation(id_))
    except NotFoundError:
        return None


def _conclusion(evaluation: Evaluation) -> Conclusion:
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
        return replace(
            found, result=Unmeasured(f"{indicator.source} gave no answer in {outside.patience.indicator:g} s", text)
        )
    except LockgateError as error:
        return replace(found, result=Unmeasured(str(error), text))
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
