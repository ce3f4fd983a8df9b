"""Files of gate tests: `tests: [{name, perfspec|slo, samples, previous, expect}]`, in YAML or JSON."""

import json
import math
from collections.abc import Mapping

from lockgate.domain.evaluation import Sample, Unmeasured, Verdict
from lockgate.domain.gate_case import EarlierRun, GateCase, GateText, Measured
from lockgate.specs.fields import Reader, meant, shown
from lockgate.specs.positions import Spot, plain, read_json, read_yaml

LARGEST_CASES = 64 * 1024 * 1024
_LATEST = 4e9  # seconds since 1970: the year 2096
_KINDS = ("perfspec", "slo")
_OPTIONAL = (*_KINDS, "samples", "previous", "expect", "release")
_NO_NUMBERS = {"NaN": math.nan, "+Inf": math.inf, "Inf": math.inf, "-Inf": -math.inf}


def parse_cases(file: str, text: str) -> tuple[GateCase, ...]:
    """*file* names the file in messages; one that ends in `.json` is read as JSON, any other as YAML. Raises SpecError
    with all that is wrong."""
    root = (read_json if file.endswith(".json") else read_yaml)(file, text, LARGEST_CASES)
    reader = Reader(file)
    fields = reader.mapping(root, ["tests"], []) or {}
    spots = reader.items(fields.get("tests"))
    cases = [_case(reader, spot) for spot in spots]
    reader.unique("test", [(spot, one.name if one else None) for spot, one in zip(spots, cases, strict=True)])
    return reader.done(tuple(case for case in cases if case is not None))


def _case(reader: Reader, spot: Spot) -> GateCase | None:
    fields = reader.mapping(spot, ["name"], _OPTIONAL) or {}
    name = reader.text(fields.get("name"))
    gate = _gate(reader, spot, fields)
    samples = _by_indicator(reader, fields.get("samples"))
    previous = _previous(reader, fields.get("previous"))
    expect = _expect(reader, fields.get("expect"))
    release = reader.text(fields.get("release")) or ""
    if name is None or gate is None:
        return None
    return GateCase(name, reader.file, spot.line, gate, samples, expect, previous, release)


def _gate(reader: Reader, spot: Spot, fields: Mapping[str, Spot]) -> GateText | None:
    """Inline as an object, or a text: the path of a file."""
    named = [kind for kind in _KINDS if kind in fields]
    if len(named) != 1:
        reader.fault(spot, f"must have one of {' and '.join(_KINDS)}, and has {' and '.join(named) or 'none'}")
        return None
    kind, value = named[0], fields[named[0]]
    if isinstance(value.value, dict):
        return GateText(kind, f"{reader.file}, {value.path}", json.dumps(plain(value)))
    path = reader.text(value)
    if path is not None and kind == "perfspec" and path.endswith((".yaml", ".yml")):
        reader.fault(value, f"a perfspec is JSON, and {path} is not by its name: give an SLO file as slo")
    return None if path is None else GateText(kind, path, None)


def _by_indicator(reader: Reader, spot: Spot | None) -> Mapping[str, Measured]:
    if spot is None:
        return {}
    if not isinstance(spot.value, dict):
        reader.fault(spot, f"must be an object of indicators, not {shown(spot)}")
        return {}
    return {name: _measured(reader, value) for name, value in spot.value.items()}


def _measured(reader: Reader, spot: Spot) -> Measured:
    if isinstance(spot.value, dict):
        return _trouble(reader, spot)
    if not isinstance(spot.value, list):
        reader.fault(spot, f"must be a list of samples, {{error: …}} or {{timeout: true}}, not {shown(spot)}")
        return ()
    return tuple(_sample(reader, each) for each in spot.value)


def _trouble(reader: Reader, spot: Spot) -> Unmeasured:
    fields = reader.mapping(spot, [], ["error", "timeout"]) or {}
    error, late = reader.text(fields.get("error")), reader.flag(fields.get("timeout"))
    if (error is None) == (late is None) or late is False:
        reader.fault(spot, "must be {error: …} or {timeout: true}")
    return Unmeasured(error or "it gave no answer in time")


def _sample(reader: Reader, spot: Spot) -> Sample:
    fields = reader.mapping(spot, ["value"], ["key", "timestamp", "labels"]) or {}
    timestamp = reader.number(fields.get("timestamp"), 0, _LATEST)
    return Sample(_labels(reader, fields), _number(reader, fields.get("value")), timestamp or 0.0)


def _labels(reader: Reader, fields: Mapping[str, Spot]) -> Mapping[str, str]:
    """Of a series: as the evaluation in JSON has them (`labels`), or as a key, whose text is an object in JSON or
    any name."""
    found: dict[str, str] = {}
    for spot in (fields.get("labels"), fields.get("key")):
        if spot is None:
            continue
        value = plain(spot)
        if isinstance(value, str):
            value = _decoded(value)
        if isinstance(value, dict) and all(isinstance(one, str) for one in value.values()):
            found |= value
        else:
            reader.fault(spot, f"must be a text or an object of texts, not {shown(spot)}")
    return found


def _decoded(text: str) -> object:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"key": text} if text else {}


def _number(reader: Reader, spot: Spot | None) -> float:
    """A number, or one of the texts that stand for none; null is no data."""
    if spot is None:
        return math.nan
    if spot.value is None:
        return math.nan
    if isinstance(spot.value, str):
        if spot.value not in _NO_NUMBERS:
            reader.fault(spot, f"must be a number or one of {', '.join(_NO_NUMBERS)}, not {shown(spot)}")
        return _NO_NUMBERS.get(spot.value, math.nan)
    number = reader.number(spot)
    return math.nan if number is None else number


def _previous(reader: Reader, spot: Spot | None) -> tuple[EarlierRun, ...]:
    """Evaluations as they are printed in JSON, or samples by indicator; newest first."""
    if spot is None:
        return ()
    if not isinstance(spot.value, list):
        reader.fault(spot, f"must be a list, not {shown(spot)}")
        return ()
    return tuple(_earlier(reader, each, index) for index, each in enumerate(spot.value))


def _earlier(reader: Reader, spot: Spot, index: int) -> EarlierRun:
    name = f"previous[{index}]"
    fields = spot.value if isinstance(spot.value, dict) else {}
    indicators = fields.get("indicators")
    if indicators is None or not isinstance(indicators.value, list):
        return EarlierRun(name, _by_indicator(reader, spot))
    samples = {}
    for each in indicators.value:
        own = each.value if isinstance(each.value, dict) else {}
        id_, judged = reader.text(own.get("id")), own.get("judged")
        if id_ is None or judged is None:
            reader.fault(each, "must have `id` and `judged`, as an indicator of an evaluation in JSON has")
            continue
        samples[id_] = _measured(reader, judged)
    verdict = reader.word(fields.get("verdict"), [one.value for one in Verdict])
    invalidated = fields.get("invalidated")
    is_invalid = invalidated is not None and invalidated.value not in (None, "", False)
    return EarlierRun(reader.text(fields.get("id")) or name, samples, verdict, is_invalid)


def _expect(reader: Reader, spot: Spot | None) -> Mapping[str, object]:
    if spot is None:
        return {}
    value = plain(spot)
    if not isinstance(value, dict):
        reader.fault(spot, f"must be a part of an evaluation, such as {{verdict: pass}}, not {shown(spot)}")
        return {}
    verdict = value.get("verdict")
    if isinstance(verdict, str) and verdict not in list(Verdict):
        reader.fault(spot, f"unknown verdict {verdict!r}{meant(verdict, [each.value for each in Verdict])}")
    return value
