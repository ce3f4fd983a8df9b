"""The reader of fields: it never lets a value out while something is wrong, nor nothing when all is well."""

import pytest

from lockgate.domain.errors import SpecError
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot


def test_a_value_comes_out_only_when_nothing_is_wrong() -> None:
    reader = Reader("file")
    assert reader.done("value") == "value"
    reader.fault(Spot(1, 7, "b"), "second")
    reader.fault(Spot(1, 3, "a"), "first")
    with pytest.raises(SpecError) as caught:
        reader.done("value")
    assert str(caught.value) == "file:3: a: first\nfile:7: b: second"


def test_no_value_without_a_fault_is_a_bug_and_stays_loud() -> None:
    with pytest.raises(AssertionError, match="nothing is wrong with it, and it has no value"):
        Reader("file").done(None)


def test_a_guess_is_made_only_for_a_name_that_is_close() -> None:
    reader = Reader("file")
    spot = Spot({"Usrs": Spot(1, 1, "Usrs"), "zzz": Spot(1, 2, "zzz")}, 1, "")
    reader.mapping(spot, [], ["users", "seconds"])
    with pytest.raises(SpecError) as caught:
        reader.done("value")
    assert [fault.message for fault in caught.value.faults] == [
        "unknown field: did you mean 'users'? Known are users, seconds",
        "unknown field: Known are users, seconds",
    ]


def test_a_long_value_is_clipped_in_its_message() -> None:
    reader = Reader("file")
    reader.number(Spot("x" * 500, 1, "a"))
    with pytest.raises(SpecError) as caught:
        reader.done("value")
    assert len(str(caught.value)) < 150


def test_what_is_absent_passes_through_in_silence() -> None:
    reader = Reader("file")
    assert reader.mapping(None, ["a"], []) is None
    assert reader.items(None) == []
    assert (reader.text(None), reader.word(None, ["a"]), reader.flag(None)) == (None, None, None)
    assert (reader.number(None), reader.whole(None, 1, 2)) == (None, None)
    assert reader.done("value") == "value"
