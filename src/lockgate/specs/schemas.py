"""JSON Schemas (draft 2020-12) of the files that the specs read, for editors and linters.

Fields, words, ranges and patterns are the readers' own. A schema takes every file that a push takes, and some more: it
cannot see what spans several places, such as an id that stands twice or a sum of points.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from lockgate.domain.gate import Aggregate, Bound, OnNoData
from lockgate.domain.project import DeploymentStrategy, TestStrategy
from lockgate.domain.source_name import INSTANCE, KINDS
from lockgate.specs import criterion, grading, perfspec, shipyard, sli, slo, tests_file, versions
from lockgate.specs.queries import dynatrace, http_json, prometheus, samples
from lockgate.specs.queries.reading import AGGREGATES
from lockgate.specs.sources import DEFAULT_SOURCE
from lockgate.specs.tables import Fields, Range, Whole

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_FLAG: Schema = {"type": "boolean"}
_OWN: Schema = {"type": "object"}
_DYNATRACE = (dynatrace.METRICS, dynatrace.TIMESERIES, dynatrace.SMARTSCAPE)
_QUERIES = (prometheus.OBJECT, *_DYNATRACE, http_json.OBJECT, samples.OBJECT)
_NO_SHARE = r"[\s0.]*%?\s*|\s*0*(100\.?0*[1-9]|10[1-9]|1[1-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3}).*"
"""Of texts in percent: 0, and more than 100."""
_ATOMS = re.compile(r"\[0-9\]\+|\[\+-\]|\\\.|[<>=%]")

_TEXTS: Schema = {"type": "array", "items": _TEXT}
_NAMED: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_OPTIONAL: Mapping[str, Schema] = {
    "aggregate": {"enum": [*AGGREGATES]},
    "step": {"type": "string", "pattern": f"^({prometheus.STEP})$"},
    "entityIds": _TEXTS,
    "tags": _TEXTS,
    "labels": _NAMED,
    "headers": _NAMED,
    "startTimestamp": {},
    "endTimestamp": {},
}
"""Of a query that is an object: what is no text of one's own."""
_GIVEN: Schema = {"type": "string", "minLength": 1}
_STEP_TAKES_AGGREGATE: Schema = {
    "if": {"properties": {"step": _GIVEN}, "required": ["step"]},
    "then": {"properties": {"aggregate": _GIVEN}, "required": ["aggregate"]},
}


def perfspec_schema() -> Schema:
    relative = {"propertyNames": {"enum": [*Bound]}}
    root = _object(
        perfspec.FILE,
        {
            "$schema": _TEXT,
            "spec_version": _words(perfspec.VERSIONS),
            "indicators": _list(_perfspec_indicator()),
            "objectives": _object(perfspec.OBJECTIVES, {"pass": _over_zero(), "warning": _over_zero()}),
        },
    )
    old = _within({"indicators": {"items": _within({"grading": _within({"thresholds": relative})})}})
    return _titled("perfspec.json: a quality gate with bounds and points", root) | {
        "if": _said("spec_version", grading.BEFORE_PERCENT),
        "then": old,
    }


def slo_schema() -> Schema:
    root = _object(
        slo.FILE,
        {
            "spec_version": _version(),
            "objectives": _list(_objective()),
            "total_score": _object(slo.TOTAL, {"pass": _percent(), "warning": _percent()}),
            "comparison": _comparison(),
            "filter": {"anyOf": [{"type": "null"}, {"type": "object", "maxProperties": 0}]},
        },
    )
    return _titled("slo.yaml: a quality gate with criteria and weights", root)


def sli_schema() -> Schema:
    asked = _object(sli.INDICATOR, {"query": _query(), "source": _source() | {"default": DEFAULT_SOURCE}})
    named = {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [_TEXT, asked]}}
    root = _object(sli.FILE, {"spec_version": _version(), "indicators": named})
    return _titled("sli.yaml: the query of each indicator", root)


def shipyard_schema() -> Schema:
    fields = {
        "name": _TEXT,
        "deployment_strategy": _words([*DeploymentStrategy]),
        "test_strategy": _words([*TestStrategy]),
    }
    root = _object(shipyard.FILE, {"stages": _list(_object(shipyard.STAGE, fields)), "registry": {}, "project": {}})
    return _titled("shipyard.yaml: the stages of a project, in order", root)


def tests_schema() -> Schema:
    load = {
        "users": _number(tests_file.USERS),
        "seconds": _number(tests_file.SECONDS),
        "spawn_rate": _number(tests_file.RATE),
    }
    fields = {
        "script": _matching(r".*\.py"),
        "health_path": _matching(r"/\S*"),
        "load": _object(tests_file.LOAD, load),
    }
    root = _object(tests_file.FILE, fields)
    return _titled("tests/tests.yaml: the load of a service's checks", root)


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "perfspec": perfspec_schema,
    "slo": slo_schema,
    "sli": sli_schema,
    "shipyard": shipyard_schema,
    "tests": tests_schema,
}
"""By the name of the format."""


def _perfspec_indicator() -> Schema:
    graded = _object(
        grading.GRADING,
        {
            "type": _words(grading.GRADINGS),
            "thresholds": _thresholds(),
            "metricScore": _points(grading.POINTS),
            "ignoreEmpty": _FLAG,
            "onNoData": _words([*OnNoData]),
            "minSamples": _number(grading.SAMPLES),
            "firstRun": _words(grading.FIRST_RUN),
            "metadata": _OWN,
        },
    )
    fields = {"id": _TEXT, "source": _source(), "query": _query(), "grading": graded, "output": {}, "metadata": _OWN}
    return _object(perfspec.INDICATOR, fields)


def _thresholds() -> Schema:
    absolute: dict[str, Schema] = {bound: {"type": "number"} for bound in Bound}
    relative = {name: _number(grading.CHANGE) for name in grading.PERCENT.values()}
    return _object(grading.THRESHOLDS, absolute | relative) | {"minProperties": 1}


def _objective() -> Schema:
    listed = _object(slo.CRITERIA, {"criteria": _list({"type": "string", "pattern": _criterion()})})
    alternatives = {"anyOf": [{"type": "null"}, {"type": "array", "items": listed}]}
    fields = {
        "sli": _TEXT,
        "displayName": _TEXT,
        "pass": alternatives,
        "warning": alternatives,
        "weight": _points(slo.WEIGHT),
        "key_sli": _FLAG,
        "onNoData": _words([*OnNoData]),
        "minSamples": _number(grading.SAMPLES),
        "firstRun": _words(grading.FIRST_RUN),
    }
    deciding = {"anyOf": [_said(name, True) if name == "key_sli" else {"required": [name]} for name in slo.NEED_PASS]}
    return _object(slo.OBJECTIVE, fields) | {"if": deciding, "then": {"required": ["pass"]}}


def _comparison() -> Schema:
    number = "number_of_comparison_results"
    fields = {
        "compare_with": _words([slo.SINGLE, slo.SEVERAL]),
        number: _number(slo.RESULTS),
        "include_result_with_score": _words([*slo.INCLUDED]),
        "aggregate_function": _words([*Aggregate]),
    }
    several = {"if": _said("compare_with", slo.SEVERAL), "then": {"required": [number]}}
    return _object(slo.COMPARISON, fields) | several


# --- values ---------------------------------------------------------------------------------------------------------


def _object(known: Fields, fields: Mapping[str, Schema]) -> Schema:
    """Raises KeyError for a field that the reader knows and *fields* lacks."""
    names = (*known.required, *known.optional)
    return {
        "type": "object",
        "properties": {name: fields[name] for name in names},
        "required": [*known.required],
        "additionalProperties": False,
    }


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _words(known: "list[str] | tuple[str, ...]") -> Schema:
    return {"enum": [str(word) for word in known]}


def _number(range_: Range | Whole) -> Schema:
    kind = "integer" if isinstance(range_, Whole) else "number"
    return {"type": kind, "minimum": range_.least, "maximum": range_.most}


def _points(range_: Range) -> Schema:
    return {"type": "number", "anyOf": [{"const": 0}, {"minimum": grading.LEAST_POINTS, "maximum": range_.most}]}


def _over_zero() -> Schema:
    return {"type": "number", "exclusiveMinimum": 0}


def _percent() -> Schema:
    number = _over_zero() | {"maximum": slo.PERCENT.most}
    text = {"type": "string", "pattern": _whole(slo.PERCENT_TEXT), "not": {"pattern": _whole(_NO_SHARE)}}
    return {"anyOf": [number, text]}


def _version() -> Schema:
    """YAML reads a bare 1.0 as a number."""
    return {"anyOf": [{"type": "string", "pattern": _whole(versions.KNOWN)}, {"const": 1.0}]}


def _query() -> Schema:
    """What any source takes: which one is asked stands elsewhere."""
    return {"anyOf": [_TEXT, *(_asked(known) for known in _QUERIES)]}


def _asked(known: Fields) -> Schema:
    """What is required is a text with all sources; an optional field may be null or empty, and then counts as left
    out."""
    optional = {name: _left_out_or(_OPTIONAL.get(name, _TEXT)) for name in known.optional}
    asked = _object(known, dict.fromkeys(known.required, _TEXT) | optional)
    return asked | _STEP_TAKES_AGGREGATE if "step" in known.optional else asked


def _left_out_or(wanted: Schema) -> Schema:
    """*wanted*, nothing, or for a text a placeholder, which is read when it is known."""
    is_text = wanted.get("type") not in ("array", "object")
    placeholder = [{"type": "string", "pattern": r"\$[A-Z]"}] if is_text else []
    return {"anyOf": [wanted, {"enum": ["", None]}, *placeholder]}


def _source() -> Schema:
    """Kinds for completion, and what else the reader takes: any case, and instances."""
    kind = "|".join(KINDS)
    pattern = "".join(_any_case(letter) for letter in kind)
    instance = INSTANCE.replace("a-z", "A-Za-z")
    return {"anyOf": [_words([each.capitalize() for each in KINDS]), _matching(rf"({pattern})(/{instance})?")]}


def _criterion() -> str:
    """The reader's pattern with white space wherever that may stand."""

    def spaced(atom: re.Match[str]) -> str:
        return r"(\s*[0-9])+" if atom[0] == "[0-9]+" else rf"\s*{atom[0]}"

    return _whole(_ATOMS.sub(spaced, criterion.WITHOUT_SPACE) + r"\s*")


def _matching(pattern: str) -> Schema:
    return {"type": "string", "pattern": _whole(pattern)}


def _whole(pattern: str) -> str:
    return f"^({pattern})$"


def _any_case(letter: str) -> str:
    return f"[{letter.upper()}{letter}]" if letter.isalpha() else letter


def _said(name: str, value: object) -> Schema:
    """Matches an object whose field *name* is *value*."""
    return {"properties": {name: {"const": value}}, "required": [name]}


def _within(fields: Mapping[str, Schema]) -> Schema:
    return {"properties": dict(fields)}


def _titled(title: str, root: Schema) -> Schema:
    return {"$schema": _DRAFT, "title": title, **root}
