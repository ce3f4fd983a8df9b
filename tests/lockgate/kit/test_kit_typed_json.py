"""What is written in typed JSON is what is read, for every type the nouns use."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, NewType

import pytest

from lockgate.domain.artifact import Artifact
from lockgate.domain.evaluation import Answer, Measurement, Sample, Unmeasured
from lockgate.domain.release import BlueGreenState, Colour, DirectState, Release, ServiceState, StateFile, Weights
from lockgate.domain.testing import CheckResult, CheckTrouble
from lockgate.kit.typed_json import from_json, to_json
from lockgate.ports.cluster import Broken, NotYet, Readiness, Ready

Name = NewType("Name", str)


class Shade(StrEnum):
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Grown:
    """A class that got a field and lost one since the text was written."""

    kept: str
    new: int = 7


_RELEASE = Release("r1", Artifact("carts", "1"), "abc")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, None),
        ("text with ünïcode", str),
        (7, int),
        (True, bool),
        (0.1, float),
        (math.inf, float),
        (-math.inf, float | None),
        (None, float | None),
        ((), tuple[str, ...]),
        (("a", 1), tuple[str, int]),
        (frozenset({"a"}), frozenset[str]),
        ([1, 2], list[int]),
        ({Shade.DARK: 1.5}, dict[Shade, float]),
        ({"a": 1}, Mapping[Name, int]),
        (Name("x"), Name),
        ("on", Literal["on", "off"]),
        (datetime(2026, 11, 22, 21, 0, 0, 123456, tzinfo=UTC), datetime),
        ({"kind": "Job", "spec": {"n": [1, None, 2.5]}}, dict[str, Any]),
        (Ready(), Readiness),
        (NotYet("one of two is ready"), Readiness),
        (Broken("one of two is ready"), Readiness),
        (Broken("image"), Readiness | None),
        (StateFile(None, BlueGreenState(_RELEASE, _RELEASE, Weights.all_on(Colour.GREEN)), 4), StateFile | None),
        (DirectState(_RELEASE), ServiceState),
        (Measurement("p95", "prometheus", "q", Unmeasured("timed out")), Measurement),
        (CheckTrouble("no image"), CheckResult | CheckTrouble | None),
        ((DirectState(_RELEASE), None), tuple[ServiceState | None, ...]),
        (3, int | str),
        ("3", int | str),
    ],
)
def test_a_value_comes_back_equal_and_of_its_own_class(value: object, kind: Any) -> None:
    back = from_json(to_json(value, kind), kind)
    assert back == value
    assert type(back) is type(value)


def test_what_is_not_a_number_comes_back_so() -> None:
    answer = Answer((Sample({"pod": "carts"}, math.nan, 1.0),), "GET /q")
    back = from_json(to_json(Measurement("i", "s", "q", answer), Measurement), Measurement)
    assert isinstance(back.result, Answer)
    assert math.isnan(back.result.samples[0].value)


def test_a_text_of_an_earlier_release_is_read() -> None:
    assert from_json('{"kept":"a","gone":[1]}', Grown) == Grown("a", 7)


@pytest.mark.parametrize(
    ("value", "kind", "why"),
    [
        ("7", int, "expected int, got str '7'"),
        (True, int, "expected int, got bool"),
        (Ready(), NotYet, "expected NotYet, got Ready"),
        (Ready(), NotYet | Broken, "is none of NotYet, Broken"),
        (object(), object, "expected str or int"),
        ({1: "a"}, dict[str, str], "expected str, got int 1"),
        (b"a", bytes, "has no form in JSON"),
        ("up", Literal["on", "off"], "'up' is none of"),
    ],
)
def test_a_value_of_another_type_is_refused_when_written(value: object, kind: Any, why: str) -> None:
    with pytest.raises(TypeError, match=why):
        to_json(value, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"reason":"x"}', NotYet | Broken),
        ("{}", NotYet),
        ('"up"', Shade),
        ("[1,2]", tuple[int]),
        ("7", str),
        ("{", int),
    ],
)
def test_a_text_that_is_no_such_value_is_refused(text: str, kind: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_json(text, kind)
