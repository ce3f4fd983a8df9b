"""Trees with lines: what YAML and JSON give, and what they refuse."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.domain.errors import Fault, SpecError
from lockgate.specs.positions import Spot, plain, read_json, read_yaml

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def faults_of(reader: Callable[[str, str], Spot], text: str) -> tuple[Fault, ...]:
    with pytest.raises(SpecError) as caught:
        reader("file", text)
    return caught.value.faults


def field(spot: Spot, name: str) -> Spot:
    assert isinstance(spot.value, dict)
    return spot.value[name]


@given(JSON_VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_json_reads_as_what_was_written_however_it_is_indented(
    value: object, indent: int | str | None, plain_ascii: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain_ascii)
    assert plain(read_json("file", text)) == value


def test_every_json_value_knows_its_line_and_path() -> None:
    tree = read_json("file", '{"a": 1,\n "b": [\n  {"c": "x\\ny"},\n  2]\n}')
    items = field(tree, "b").value
    assert isinstance(items, list)
    assert field(items[0], "c") == Spot("x\ny", 3, "b[0].c")
    assert items[1] == Spot(2, 4, "b[1]")
    assert tree.line == 1


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"a": 1,\n}', 2, "not JSON"),
        ('{"a":\n tru}', 2, "not JSON"),
        ("", 1, "not JSON"),
        ("{} {}", 1, "not JSON: Extra data"),
        ('{"a": NaN}', 0, "NaN is not JSON"),
        ("[-Infinity]", 0, "-Infinity is not JSON"),
        ("[" + "9" * 5000 + "]", 0, "not JSON"),
        ("[" * 30_000 + "]" * 30_000, 0, "nested too deeply"),
        ("[" * 80 + "]" * 80, 1, "nested more than 64"),
        ('{"a": 1,\n"a": 2}', 2, "stands twice: it is in line 1 already"),
        ('{"a": 1,\n"b": ["x\\ud800"]}', 2, "'\\ud800' is half of a pair of surrogates"),
        ('{"a": 1,\n"\\udc00b": 1}', 2, "'\\udc00' is half of a pair of surrogates"),
        ('{"a": 1,\n"b": "\ud800"}', 2, "'\\ud800' is half of a pair of surrogates"),
        ('"' + "ü" * 32_768 + '"', 0, "has 65538 bytes and may have 65536"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    (fault,) = faults_of(read_json, text)
    assert fault.line == line
    assert words in fault.message


def test_a_whole_pair_of_surrogates_is_the_character_that_it_is() -> None:
    assert read_json("a.json", '"\\ud83d\\ude00"').value == "😀"


def test_a_byte_order_mark_is_no_fault() -> None:
    assert plain(read_json("file", '\ufeff{"a": 1}')) == {"a": 1}
    assert plain(read_yaml("file", "\ufeffa: 1")) == {"a": 1}


def test_every_yaml_value_knows_its_line_and_path() -> None:
    tree = read_yaml("file", "# comment\na: 1\nb:\n  - c: x\n  - 2\n")
    items = field(tree, "b").value
    assert isinstance(items, list)
    assert field(items[0], "c") == Spot("x", 4, "b[0].c")
    assert items[1] == Spot(2, 5, "b[1]")


def test_plain_words_stay_the_text_that_was_written() -> None:
    text = "a: on\nb: 010\nc: 1:30\nd: 2026-01-01\ne: 1.5\nf: -3\ng: true\nh: ~\ni: '7'\nj: .inf\nk: no\nl: |\n  x\n"
    assert plain(read_yaml("file", text)) == {
        "a": "on",
        "b": "010",
        "c": "1:30",
        "d": "2026-01-01",
        "e": 1.5,
        "f": -3,
        "g": True,
        "h": None,
        "i": "7",
        "j": ".inf",
        "k": "no",
        "l": "x\n",
    }


def test_an_empty_document_is_nothing() -> None:
    assert read_yaml("file", "# only a comment\n") == Spot(None, 1, "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: [1\nb: 2", 2, "not YAML"),
        ("a: 1\n\tb: 2", 2, "not YAML"),
        ("a: 1\na: 2", 2, "stands twice: it is in line 1 already"),
        ("a: &x 1\nb: *x", 2, "aliases"),
        ("a: !!python/object:os.system x", 1, "the tag"),
        ("a: !!set {b}", 1, "the tag"),
        ("? [a]\n: 1", 1, "a key must be a name"),
        ("a: 1\n---\nb: 2", 2, "not YAML"),
        ("a: \x01", 0, "not YAML"),
        ("[" * 70 + "]" * 70, 1, "nested more than 64"),
        ("[" * 5000 + "]" * 5000, 1, "nested more than 64"),
        ("a: *gone", 1, "aliases"),
        ('a: "\\ud800"', 1, "not YAML"),
        ("a: 1\nb: \ud800", 2, "'\\ud800' is half of a pair of surrogates"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    (fault,) = faults_of(read_yaml, text)
    assert words in fault.message
    assert fault.line == line


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    assert all("aliases" in fault.message for fault in faults_of(read_yaml, bomb))
