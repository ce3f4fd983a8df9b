"""What another gate would have concluded of past runs, from the samples that were stored with them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lockgate.delivery.earlier import LOOKED_AT
from lockgate.delivery.rehearse import gate_of_text, rehearse
from lockgate.domain.errors import SpecError
from lockgate.domain.evaluation import Evaluation, Sample, Unmeasured, Verdict, Window
from lockgate.domain.gate import Gate, Indicator
from lockgate.domain.gate_case import EarlierRun, GateCase, GateText, Measured
from lockgate.kit.clock import parse_rfc3339
from lockgate.specs.placeholders import query_text

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Replayed:
    """*past* is the stored evaluation in JSON, *now* what the other gate makes of its samples."""

    past: Json
    now: Evaluation

    @property
    def has_flipped(self) -> bool:
        return bool(self.past["verdict"] != self.now.verdict.value)

    @property
    def is_lost(self) -> bool:
        """The other gate asks what was not measured then, so the run says nothing of it."""
        return self.has_flipped and self.now.verdict is Verdict.ERROR


def replay(past: Sequence[Json], gate: GateText, newest: int | None = None) -> tuple[Replayed, ...]:
    """*past*: evaluations of one place in JSON, newest first, each compared with those after it in the list; *newest*:
    how many of them are judged again, None for all; *gate* with its text. What was not measured then, or by another
    query, is an error of the replay: nothing is guessed. Raises SpecError for a gate that a push would refuse."""
    parsed = gate_of_text(gate)
    queries = {each.id: _asked(each) for each in parsed.indicators}
    runs = [_earlier(one, queries) for one in past] if parsed.is_relative else []
    cases = [
        _case(one, _baseline(parsed, runs[number + 1 :]), gate, queries) for number, one in enumerate(past[:newest])
    ]
    return tuple(
        Replayed(one, rehearse(case, lambda _: gate.text or "")) for one, case in zip(past, cases, strict=False)
    )


def _baseline(gate: Gate, earlier: Sequence[EarlierRun]) -> tuple[EarlierRun, ...]:
    """Those of *earlier*, newest first, that a delivery would compare with: to judge all of them again for each run
    would take minutes."""
    may_count = [run for run in earlier if run.verdict in gate.comparison.verdicts and not run.invalidated]
    looked_at = may_count[: max(LOOKED_AT, gate.comparison.results)]
    used: set[int] = set()
    for each in gate.indicators:
        if each.is_relative:
            having = (number for number, run in enumerate(looked_at) if _has_number(run.samples.get(each.id, ())))
            used |= set(islice(having, gate.comparison.results))
    return tuple(run for number, run in enumerate(looked_at) if number in used)


def _has_number(measured: Measured) -> bool:
    return not isinstance(measured, Unmeasured) and any(math.isfinite(sample.value) for sample in measured)


def _case(one: Json, previous: tuple[EarlierRun, ...], gate: GateText, queries: Mapping[str, str]) -> GateCase:
    asked = _queries_then(one)
    measured = {each["id"]: _measured(each["measurement"]) for each in one["indicators"]}
    samples: dict[str, Measured] = {}
    for id_, query in queries.items():
        if id_ not in measured:
            samples[id_] = Unmeasured("it was not measured in that run")
        elif asked.get(id_) != query:
            samples[id_] = Unmeasured("its query was another one in that run")
        else:
            samples[id_] = measured[id_]
    window = Window(*(parse_rfc3339(one["window"][end]) for end in ("start", "end")))
    return GateCase(one["id"], gate.path, 0, gate, samples, {}, previous, one["release"], window)


def _queries_then(one: Json) -> Mapping[str, str]:
    """As the file had them, placeholders and all."""
    kind = "perfspec" if one["spec"]["path"].endswith(".json") else "slo"  # with its SLI file behind it
    try:
        then = gate_of_text(GateText(kind, one["spec"]["path"], one["spec"]["text"]))
    except SpecError:  # the file was read by an older release
        return {}
    return {each.id: _asked(each) for each in then.indicators}


def _asked(indicator: Indicator) -> str:
    return f"{indicator.source.casefold()}: {query_text(indicator.query)}"


def _measured(measurement: Json) -> Measured:
    if "error" in measurement:
        return Unmeasured(measurement["error"])
    return tuple(_sample(each) for each in measurement["samples"])


def _earlier(one: Json, queries: Mapping[str, str]) -> EarlierRun:
    """Only what was measured by the query of now is compared with, as in a delivery."""
    asked = _queries_then(one)
    judged: dict[str, Measured] = {
        each["id"]: tuple(_sample(sample) for sample in each["judged"])
        for each in one["indicators"]
        if queries.get(each["id"]) == asked.get(each["id"])
    }
    return EarlierRun(one["id"], judged, one["verdict"], bool(one.get("invalidated")))


def _sample(told: Json) -> Sample:
    return Sample(told["labels"], float(told["value"]), told["timestamp"])  # float reads "NaN" and "+Inf" as well
