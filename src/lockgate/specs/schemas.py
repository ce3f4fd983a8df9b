"""JSON Schemas of a gate's files, for editors; a push checks more than they say.

Words come from the types. The names of fields stand in the readers, and a test asks the readers for them.
"""

from collections.abc import Mapping
from typing import Any

from lockgate.domain.gate import Aggregate, Bound, OnNoData, Operator
from lockgate.domain.source_name import KINDS

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}
_FREE: Schema = {"type": "object"}
_POINTS: Schema = {"type": "number", "minimum": 0}
_COUNT: Schema = {"type": "integer", "minimum": 1}


def schemas() -> Mapping[str, Schema]:
    """File name below `docs/reference` → JSON Schema, draft 2020-12."""
    return {
        "perfspec.schema.json": _titled("Quality gate of a service: perfspec/perfspec.json", _perfspec()),
        "slo.schema.json": _titled("Quality gate of a service: slo.yaml", _slo()),
        "sli.schema.json": _titled("Queries of a quality gate: sli.yaml", _sli()),
    }


def _titled(title: str, schema: Schema) -> Schema:
    return {"$schema": _DRAFT, "title": title, **schema}


def _object(required: Mapping[str, Schema], optional: Mapping[str, Schema]) -> Schema:
    schema: Schema = {"type": "object", "properties": {**required, **optional}, "additionalProperties": False}
    return {**schema, "required": list(required)} if required else schema


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1}


def _words(*words: str) -> Schema:
    return {"enum": [str(word) for word in words]}


def _perfspec() -> Schema:
    indicator = _object(
        {"id": _TEXT, "source": _source(), "query": _query(), "grading": _grading()},
        {"output": {}, "metadata": _FREE},
    )
    objectives = _object({"pass": _above_zero()}, {"warning": _above_zero()})
    return _object(
        {"indicators": _list(indicator), "objectives": objectives},
        {"spec_version": _words("1.0", "1.1"), "$schema": _TEXT},
    )


def _grading() -> Schema:
    bounds = {name: _NUMBER for bound in Bound for name in (bound.value, f"{bound.value}Perc")}
    return _object(
        {
            "type": _words("Threshold"),
            "thresholds": {**_object({}, bounds), "minProperties": 1},
            "metricScore": _POINTS,
        },
        {"ignoreEmpty": _FLAG, **_no_data(), "metadata": _FREE},
    )


def _no_data() -> dict[str, Schema]:
    return {"onNoData": _words(*OnNoData), "minSamples": _COUNT, "firstRun": _words("pass")}


def _slo() -> Schema:
    objective = _object(
        {"sli": _TEXT},
        {
            "displayName": _TEXT,
            "pass": _alternatives(),
            "warning": _alternatives(),
            "weight": _POINTS,
            "key_sli": _FLAG,
            **_no_data(),
        },
    )
    comparison = {
        "compare_with": _words("single_result", "several_results"),
        "number_of_comparison_results": _COUNT,
        "include_result_with_score": _words("all", "pass", "pass_or_warn"),
        "aggregate_function": _words(*Aggregate),
    }
    return _object(
        {"objectives": _list(objective), "total_score": _object({"pass": _percent()}, {"warning": _percent()})},
        {"spec_version": _version(), "comparison": _object({}, comparison), "filter": {"maxProperties": 0}},
    )


def _alternatives() -> Schema:
    """An empty list is as good as none."""
    return {"type": ["array", "null"], "items": _object({"criteria": _list(_criterion())}, {})}


def _criterion() -> Schema:
    operators = "|".join(sorted(Operator, key=len, reverse=True))
    number = r"([0-9]+(\.[0-9]+)?|\.[0-9]+)"
    return {"type": "string", "pattern": rf"^\s*({operators})\s*({number}|[+-]\s*{number}\s*%?)\s*$"}


def _sli() -> Schema:
    asked = _object({"query": _query()}, {"source": _source()})
    indicators = {"type": "object", "minProperties": 1, "additionalProperties": {"anyOf": [_TEXT, asked]}}
    return _object({"indicators": indicators}, {"spec_version": _version()})


def _query() -> Schema:
    return {"anyOf": [_TEXT, {"type": "object", "minProperties": 1}]}


def _source() -> Schema:
    """A schema's patterns know no flag for letters of either case."""
    kinds = "|".join("".join(f"[{letter.upper()}{letter}]" for letter in kind) for kind in KINDS)
    return {**_TEXT, "pattern": rf"^({kinds})(/[A-Za-z0-9-]+)?$", "examples": [kind.capitalize() for kind in KINDS]}


def _version() -> Schema:
    return {"anyOf": [{"type": "string", "pattern": r"^(0\.[12]\.[0-9]+|1\.0(\.0)?)$"}, {"const": 1.0}]}


def _above_zero() -> Schema:
    return {"type": "number", "exclusiveMinimum": 0}


def _percent() -> Schema:
    number = {**_above_zero(), "maximum": 100}
    return {"anyOf": [{"type": "string", "pattern": r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*%?\s*$"}, number]}
