"""An evaluation as a section of the page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lockgate.console.context import GateBox, IndicatorBox, SampleLine
from lockgate.console.wording import day_and_time, measured, number, seconds_text, time_of_day
from lockgate.domain.evaluation import Answer, Evaluation, IndicatorResult, Sample, Unmeasured
from lockgate.evaluation.arithmetic import MOST_LINES, broken_first
from lockgate.evaluation.criteria import key_of
from lockgate.evaluation.shown import target_text


def section_of(evaluation: Evaluation) -> str:
    """The anchor on the page."""
    return f"gate-{evaluation.subject.place.stage}"


def gate_box(evaluation: Evaluation) -> GateBox:
    subject, window, spec = evaluation.subject, evaluation.window, evaluation.spec
    return GateBox(
        id=section_of(evaluation),
        stage=subject.place.stage,
        verdict=evaluation.verdict.value,
        points=evaluation.score,
        possible=evaluation.score_possible,
        passing=evaluation.needed.get("pass", evaluation.score_possible),
        warning=evaluation.needed.get("warning", evaluation.score_possible),
        score=score_text(evaluation),
        sentence=evaluation.sentence,
        would_pass=evaluation.would_pass,
        subject=f"{subject.image}:{subject.tag} as {subject.deployment}, release {subject.release}",
        window=f"{day_and_time(window.start)} to {day_and_time(window.end)}, {seconds_text(window.seconds)}",
        spec=f"{spec.path} at commit {spec.revision[:8]}",
        spec_text=spec.text,
        arithmetic=evaluation.arithmetic,
        indicators=tuple(_indicator(each) for each in evaluation.indicators),
    )


def score_text(evaluation: Evaluation) -> str:
    if evaluation.in_percent:
        return f"{number(evaluation.score)} %"
    return f"{number(evaluation.score)} of {number(evaluation.score_possible)} points"


def _indicator(result: IndicatorResult) -> IndicatorBox:
    source = result.measurement
    request, trouble = "", ""
    match source.result:
        case Answer():
            request = source.result.request
        case Unmeasured():
            request, trouble = source.result.request, source.result.reason
    breaches = {each.key: each.breach for each in result.violations}
    judged = broken_first(result.judged, lambda one: key_of(one) in breaches)
    return IndicatorBox(
        id=result.id,
        verdict=result.verdict.value,
        points=f"{number(result.points)} of {number(result.points_possible)} points",
        sentence=result.sentence,
        would_pass=result.would_pass,
        source=source.source,
        query=source.query,
        request="" if request == source.query else request,
        trouble=trouble,
        targets=tuple(target_text(bound, limit) for bound, limit in result.targets.items()),
        judged=tuple(_sample(one, breaches.get(key_of(one), "")) for one in judged),
        set_aside=tuple(_sample(one.sample, one.reason) for one in result.set_aside[:MOST_LINES]),
        arithmetic=result.arithmetic,
        notes=(*result.notes, *_left_out("judged", result.judged), *_left_out("set aside", result.set_aside)),
    )


def _left_out(what: str, series: Sequence[object]) -> tuple[str, ...]:
    more = len(series) - MOST_LINES
    return (f"{more} more series were {what}: lockgate explain EVALUATION -o json has all of them",) if more > 0 else ()


def _sample(sample: Sample, note: str) -> SampleLine:
    return SampleLine(labels=_labels(sample.labels), value=measured(sample.value), at=_at(sample.timestamp), note=note)


def _at(timestamp: float) -> str:
    """A source may date a value beyond the calendar, as one that counts in milliseconds does."""
    try:
        return time_of_day(datetime.fromtimestamp(timestamp, UTC))
    except (OSError, OverflowError, ValueError):
        return f"{timestamp:.13g} s"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"
