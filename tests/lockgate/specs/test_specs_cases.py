"""Files of gate tests: what they may hold, and what is said of what they may not."""

import json
import math

import pytest

from lockgate.domain.errors import SpecError
from lockgate.domain.evaluation import Sample, Unmeasured
from lockgate.domain.gate_case import EarlierRun, GateCase
from lockgate.specs.cases import parse_cases


def only(case: str) -> GateCase:
    (found,) = parse_cases("cases.yaml", "tests:\n- " + case.replace("\n", "\n  "))
    return found


def faults(case: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        only(case)
    return [f"{fault.line} {fault.field} {fault.message}" for fault in caught.value.faults]


def test_a_case_holds_its_gate_its_values_and_what_is_expected() -> None:
    case = only(
        "name: slow\nperfspec: {a: 1}\nsamples: {rt: [{key: pod-1, value: 2, timestamp: 7}]}\nexpect: {score: 0}"
    )
    assert (case.name, case.line, case.expect) == ("slow", 2, {"score": 0})
    assert (case.gate.kind, json.loads(case.gate.text or "")) == ("perfspec", {"a": 1})
    assert case.samples == {"rt": (Sample({"key": "pod-1"}, 2.0, 7.0),)}


def test_a_gate_may_be_the_path_of_a_file() -> None:
    gate = only("name: x\nslo: ../slo.yaml").gate
    assert (gate.kind, gate.path, gate.text) == ("slo", "../slo.yaml", None)


def test_json_is_read_as_well() -> None:
    text = json.dumps({"tests": [{"name": "x", "perfspec": "p.json", "samples": {"rt": [{"value": 1}]}}]})
    assert parse_cases("cases.json", text)[0].samples == {"rt": (Sample({}, 1.0, 0.0),)}


@pytest.mark.parametrize(
    ("value", "read"), [("NaN", math.nan), ("+Inf", math.inf), ("-Inf", -math.inf), ("null", math.nan)]
)
def test_a_value_that_is_no_number_is_written_as_a_text(value: str, read: float) -> None:
    (sample,) = only(f"name: x\nperfspec: p\nsamples: {{rt: [{{value: {value}}}]}}").samples["rt"]  # type: ignore[misc]
    assert sample.value == pytest.approx(read, nan_ok=True)


def test_a_source_may_be_in_trouble() -> None:
    samples = only("name: x\nperfspec: p\nsamples: {a: {error: no route}, b: {timeout: true}, c: []}").samples
    assert samples["a"] == Unmeasured("no route")
    assert isinstance(samples["b"], Unmeasured) and "in time" in samples["b"].reason
    assert samples["c"] == ()


def test_a_key_that_is_an_object_in_json_is_the_labels() -> None:
    (sample,) = only('name: x\nperfspec: p\nsamples: {rt: [{key: \'{"pod":"a"}\', value: 1}]}').samples["rt"]  # type: ignore[misc]
    assert sample.labels == {"pod": "a"}


def test_an_earlier_run_is_samples_or_an_evaluation_as_it_is_printed() -> None:
    evaluation = {
        "id": "e1",
        "verdict": "warning",
        "sentence": "anything",
        "indicators": [{"id": "rt", "judged": [{"labels": {"pod": "a"}, "value": 1.5, "timestamp": 3}], "points": 1}],
    }
    text = json.dumps({"tests": [{"name": "x", "perfspec": "p", "previous": [{"rt": [{"value": 1}]}, evaluation]}]})
    assert parse_cases("cases.json", text)[0].previous == (
        EarlierRun("previous[0]", {"rt": (Sample({}, 1.0, 0.0),)}),
        EarlierRun("e1", {"rt": (Sample({"pod": "a"}, 1.5, 3.0),)}, "warning"),
    )


@pytest.mark.parametrize(
    ("case", "line", "field", "words"),
    [
        ("perfspec: p", 2, "tests[0]", "'name' is missing"),
        ("name: x", 2, "tests[0]", "one of perfspec and slo, and has none"),
        ("name: x\nperfspec: p\nslo: s", 2, "tests[0]", "and has perfspec and slo"),
        ("name: x\nperfspec: a/slo.yaml", 3, "tests[0].perfspec", "give an SLO file as slo"),
        ("name: x\nperfspec: p\nsample: {}", 4, "tests[0].sample", "did you mean 'samples'?"),
        ("name: x\nperfspec: p\nsamples: []", 4, "tests[0].samples", "object of indicators"),
        ("name: x\nperfspec: p\nsamples: {a: 1}", 4, "tests[0].samples.a", "must be a list of samples"),
        ("name: x\nperfspec: p\nsamples: {a: {error: x, timeout: true}}", 4, "tests[0].samples.a", "{timeout: true}"),
        ("name: x\nperfspec: p\nsamples: {a: {timeout: false}}", 4, "tests[0].samples.a", "{timeout: true}"),
        ("name: x\nperfspec: p\nsamples: {a: [{key: b}]}", 4, "tests[0].samples.a[0]", "'value' is missing"),
        ("name: x\nperfspec: p\nsamples: {a: [{value: fast}]}", 4, "tests[0].samples.a[0].value", "NaN, +Inf"),
        ("name: x\nperfspec: p\nsamples: {a: [{value: true}]}", 4, "tests[0].samples.a[0].value", "a number"),
        (
            "name: x\nperfspec: p\nsamples: {a: [{value: 1, key: [b]}]}",
            4,
            "tests[0].samples.a[0].key",
            "object of texts",
        ),
        ("name: x\nperfspec: p\nprevious: {}", 4, "tests[0].previous", "must be a list"),
        (
            "name: x\nperfspec: p\nprevious: [{indicators: [{id: a}]}]",
            4,
            "tests[0].previous[0].indicators[0]",
            "`judged`",
        ),
        ("name: x\nperfspec: p\nexpect: pass", 4, "tests[0].expect", "{verdict: pass}"),
        (
            "name: x\nperfspec: p\nexpect: {verdict: passed}",
            4,
            "tests[0].expect",
            "unknown verdict 'passed': did you mean",
        ),
    ],
)
def test_what_cannot_be_a_case_is_refused_with_its_place(case: str, line: int, field: str, words: str) -> None:
    (fault,) = faults(case)
    assert fault.startswith(f"{line} {field} ")
    assert words in fault


def test_two_cases_of_one_name_are_refused() -> None:
    with pytest.raises(SpecError, match="'x' stands twice: the first is in line 2"):
        parse_cases("cases.yaml", "tests:\n- {name: x, perfspec: p}\n- {name: x, perfspec: p}\n")


def test_a_file_without_tests_is_refused() -> None:
    with pytest.raises(SpecError, match="at least one entry"):
        parse_cases("cases.yaml", "tests: []\n")
