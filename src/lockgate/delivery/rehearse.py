"""Unit tests of gates: what a gate would conclude of given values, by the same parser and judge that a delivery has."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from lockgate.domain.errors import InvalidError
from lockgate.domain.evaluation import (
    RELEASE_OF_SERIES,
    Answer,
    Evaluation,
    Measurement,
    SpecSource,
    Subject,
    Unmeasured,
    Verdict,
    Window,
)
from lockgate.domain.gate import Gate
from lockgate.domain.gate_case import GateCase, GateText, Measured
from lockgate.domain.names import ProjectName, ServiceName, StageName
from lockgate.domain.project import Place
from lockgate.evaluation.judge import judge
from lockgate.specs.gate_files import GateFile, is_joined, parse_gate
from lockgate.specs.perfspec import parse_perfspec
from lockgate.specs.placeholders import query_text
from lockgate.specs.sli import AnyName
from lockgate.specs.slo import parse_slo

_PLACE = Place(ProjectName("test"), StageName("test"), ServiceName("test"))
_SHORTEST = 60.0  # seconds of a window in which all samples were taken at once


def rehearse(case: GateCase, read: Callable[[str], str]) -> Evaluation:
    """*read* gives the text of the file that a case names. Raises SpecError for a gate that a push would refuse, and
    InvalidError for samples of an indicator that the gate has not."""
    text = case.gate.text if case.gate.text is not None else read(case.gate.path)
    gate = gate_of_text(replace(case.gate, text=text))
    window = case.window or _window(case.samples)
    source = SpecSource(path=case.gate.path, revision="", text=text)
    measurements = _measurements(gate, case.samples, f"test {case.name!r}")
    earlier = _earlier(gate, case, source) if gate.is_relative else ()
    return judge(gate, measurements, _subject(case), window, source, case.name, earlier)


def _earlier(gate: Gate, case: GateCase, source: SpecSource) -> tuple[Evaluation, ...]:
    """What of the case's earlier runs a delivery would compare with. A run without a verdict gets the gate's own, as
    one that had nothing to be compared with and passed for that. Each is judged in the window of its own samples: in
    the case's own, what was measured long before would be stale."""
    found: list[Evaluation] = []
    first = replace(gate, indicators=tuple(replace(each, first_run_passes=True) for each in gate.indicators))
    known = {each.id for each in gate.indicators}
    for run in case.previous:
        samples = {id_: _of_any_release(measured) for id_, measured in run.samples.items() if id_ in known}
        measurements = _measurements(first, samples, f"test {case.name!r}, {run.id}")
        judged = judge(first, measurements, _subject(replace(case, release="")), _window(samples), source, run.id)
        verdict = judged.verdict if run.verdict is None else Verdict(run.verdict)
        if verdict.value in gate.comparison.verdicts and not run.invalidated:
            found.append(replace(judged, verdict=verdict))
    return tuple(found)


@lru_cache(maxsize=4096)
def gate_of_text(gate: GateText) -> Gate:
    """*gate* with its text; an SLO file may have its SLI file behind it, as `gate_files.joined` makes it, and without
    one its indicators are whatever its objectives name. Raises SpecError."""
    text = gate.text or ""
    if gate.kind == "perfspec":
        return parse_perfspec(gate.path, text)
    if is_joined(text):
        return parse_gate(GateFile(gate.path, text))
    return parse_slo(gate.path, text, AnyName())


def _of_any_release(measured: Measured) -> Measured:
    """An earlier run's series are of its own release, and all of them were judged."""
    if isinstance(measured, Unmeasured):
        return measured
    return tuple(
        replace(sample, labels={name: text for name, text in sample.labels.items() if name != RELEASE_OF_SERIES})
        for sample in measured
    )


def _measurements(gate: Gate, samples: Mapping[str, Measured], whose: str) -> tuple[Measurement, ...]:
    known = [indicator.id for indicator in gate.indicators]
    for name in samples:
        if name not in known:
            raise InvalidError(f"{whose}: the gate has no indicator {name!r}: there is {', '.join(known)}")
    return tuple(
        Measurement(
            indicator=each.id,
            source=each.source,
            query=query_text(each.query),
            result=_result(samples.get(each.id, ())),
        )
        for each in gate.indicators
    )


def _result(measured: Measured) -> Answer | Unmeasured:
    return measured if isinstance(measured, Unmeasured) else Answer(samples=measured, request="")


def _subject(case: GateCase) -> Subject:
    return Subject(
        place=_PLACE, delivery="", image="test", tag="test", release=case.release, colour="", deployment="test"
    )


def _window(samples: Mapping[str, Measured]) -> Window:
    """From the first to the last sample."""
    measured = [one for one in samples.values() if not isinstance(one, Unmeasured)]
    moments = [sample.timestamp for series in measured for sample in series]
    end = max(moments, default=_SHORTEST)
    start = min(min(moments, default=end), end - _SHORTEST)
    return Window(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))


def differences(found: object, expected: object, path: str = "") -> list[str]:
    """Where *found*, an evaluation in JSON, is not as *expected*, any part of one; empty when it is. A list of
    indicators is matched by their ids, another one entry by entry."""
    match expected, found:
        case dict(), dict():
            return [line for name, wanted in expected.items() for line in _field(found, str(name), wanted, path)]
        case list(), list():
            return _entries(found, expected, path)
        case (int() | float(), int() | float()) if not isinstance(expected, bool) and not isinstance(found, bool):
            return [] if _is_close(found, expected) else [_line(path, expected, found)]
        case _:
            return [] if found == expected else [_line(path, expected, found)]


def _is_close(found: float, expected: float) -> bool:
    try:
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)
    except OverflowError:  # a whole number beyond all floats
        return False


def _field(found: Mapping[str, Any], name: str, wanted: object, path: str) -> list[str]:
    below = f"{path}.{name}" if path else name
    if name not in found:
        return [f"{below}: there is no such field: there is {', '.join(found)}"]
    return differences(found[name], wanted, below)


def _entries(found: list[Any], expected: list[Any], path: str) -> list[str]:
    if expected and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in [*expected, *found]):
        by_id = {one["id"]: one for one in found}
        return [line for one in expected for line in _field(by_id, one["id"], one, path)]
    if len(found) != len(expected):
        return [_line(path, expected, found)]
    pairs = enumerate(zip(found, expected, strict=True))
    return [line for index, (one, wanted) in pairs for line in differences(one, wanted, f"{path}[{index}]")]


def _line(path: str, expected: object, found: object) -> str:
    return f"{path}: expected {expected!r}, found {found!r}"
