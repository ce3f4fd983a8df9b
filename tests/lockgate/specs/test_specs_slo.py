"""SLO and SLI files: what they say of a gate, and what is refused with file, line and the way out."""

import pytest

from lockgate.domain.errors import SpecError
from lockgate.domain.gate import Aggregate, Comparison, Criteria, Gate, Indicator, OnNoData
from lockgate.specs.gate_files import GateFile, gate_file, parse_gate
from lockgate.specs.perfspec import warnings
from lockgate.specs.sli import Sli, parse_sli
from lockgate.specs.slo import parse_slo

SLO = """spec_version: "1.0"
comparison:
  compare_with: several_results
  number_of_comparison_results: 3
  include_result_with_score: pass_or_warn
  aggregate_function: p90
objectives:
  - sli: response_time_p95
    displayName: response time (p95)
    pass:
      - criteria: ["<=+10%", "<600"]
      - criteria: ["<=200"]
    warning:
      - criteria: ["<=800"]
    weight: 2
    key_sli: true
  - sli: throughput
total_score:
  pass: "90%"
  warning: 75%
"""
SLI = """spec_version: "1.0"
indicators:
  response_time_p95: histogram_quantile(0.95, sum by (le) (rate(t_bucket{release="$RELEASE"}[$DURATION_SECONDSs])))
  throughput:
    source: dynatrace/eu
    query: {metricSelector: "builtin:service.requestCount.total"}
"""
NAMES = {name: Sli("Prometheus", "up") for name in ("a", "b")}
ONE = "objectives: [{sli: a, pass: [{criteria: ['<1']}]}]\ntotal_score: {pass: 90}\n"


def gate() -> Gate:
    return parse_slo("slo.yaml", SLO, parse_sli("sli.yaml", SLI))


def one(objective: str, rest: str = "total_score: {pass: 90}\n") -> Indicator:
    return parse_slo("slo.yaml", f"objectives:\n- {objective}\n{rest}", NAMES).indicators[0]


def faults(text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse_slo("slo.yaml", text, NAMES)
    return [str(fault) for fault in caught.value.faults]


def test_an_objective_has_criteria_a_weight_and_may_be_the_key() -> None:
    first, second = gate().indicators
    assert (first.id, first.title, first.points, first.is_key) == ("response_time_p95", "response time (p95)", 2, True)
    assert isinstance(first.grading, Criteria)
    assert [[each.text for each in all_of] for all_of in first.grading.passing] == [["<=+10%", "<600"], ["<=200"]]
    assert [[each.text for each in all_of] for all_of in first.grading.warning] == [["<=800"]]
    assert (second.source, second.query) == ("Dynatrace/eu", {"metricSelector": "builtin:service.requestCount.total"})


def test_an_objective_without_pass_criteria_is_informational() -> None:
    assert [each.is_informational for each in gate().indicators] == [False, True]
    assert gate().points == 2


def test_the_total_is_in_percent_and_a_comparison_as_the_file_says() -> None:
    assert gate().in_percent
    assert (gate().objectives.passing, gate().objectives.warning) == (90, 75)
    assert gate().comparison == Comparison(3, frozenset({"pass", "warning"}), Aggregate.P90)


def test_what_is_left_out_is_as_in_the_format() -> None:
    made = parse_slo("slo.yaml", ONE, NAMES)
    (indicator,) = made.indicators
    assert (indicator.points, indicator.is_key, indicator.min_samples, indicator.on_no_data) == (1, False, 1, None)
    assert made.comparison == Comparison(1, frozenset({"pass", "warning"}), Aggregate.AVERAGE)
    assert made.objectives.warning == made.objectives.passing == 90


def test_an_objective_may_say_what_no_data_means() -> None:
    found = one("{sli: a, pass: [{criteria: ['<=+5%']}], onNoData: ignore, minSamples: 3, firstRun: pass}")
    assert (found.on_no_data, found.min_samples, found.first_run_passes) == (OnNoData.IGNORE, 3, True)


@pytest.mark.parametrize("version", ['"0.1.0"', "0.1.1", '"0.2.2"', "1.0", '"1.0"', '"1.0.0"'])
def test_every_version_of_the_format_is_read(version: str) -> None:
    parse_slo("slo.yaml", f"spec_version: {version}\n{ONE}", NAMES)


def test_with_a_single_result_one_run_is_compared_with_whatever_the_number() -> None:
    text = ONE + "comparison: {compare_with: single_result, number_of_comparison_results: 3}\n"
    found = parse_slo("slo.yaml", text, NAMES)
    assert found.comparison.results == 1
    assert warnings(found) == (
        "comparison.number_of_comparison_results: 3 has no effect: one earlier run is compared with, unless "
        "compare_with is several_results",
    )
    assert parse_slo("slo.yaml", text.replace("3}", "1}"), NAMES).remarks == ()
    assert parse_slo("slo.yaml", text.replace("single_result", "several_results"), NAMES).remarks == ()


@pytest.mark.parametrize("criteria", ["'<5', '>9'", "'>=9', '<=5'", "'<5', '>=5'", "'=5', '<5'", "'=5', '=6'"])
def test_criteria_of_one_list_that_no_value_meets_are_refused(criteria: str) -> None:
    text = f"objectives: [{{sli: a, pass: [{{criteria: [{criteria}]}}]}}]{TOTAL}"
    (told,) = faults(text)
    assert "pass[0]: no value meets" in told
    assert told.endswith("give each its own list of criteria to let either of them pass")


@pytest.mark.parametrize("criteria", ["'>=5', '<=5'", "'>5', '<9'", "'=5', '<=5'", "'<5', '>=+5%'", "'<5', '<9'"])
def test_criteria_that_some_value_meets_together_are_read(criteria: str) -> None:
    text = f"objectives: [{{sli: a, pass: [{{criteria: [{criteria}]}}]}}]{TOTAL}"
    assert len(parse_slo("slo.yaml", text, NAMES).indicators) == 1


PASS = "pass: [{criteria: ['<1']}]"
TOTAL = "\ntotal_score: {pass: 90}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("spec_version: '2.0'\n" + ONE, "slo.yaml:1: spec_version: unknown version '2.0': known are 0.1.0 to 1.0"),
        (ONE + "objective: 1\n", "slo.yaml:3: objective: unknown field: did you mean 'objectives'?"),
        (ONE + "filter: {host: a}\n", "slo.yaml:3: filter: a filter is not handed to any source"),
        ("objectives: []" + TOTAL, "slo.yaml:1: objectives: must have at least one entry"),
        ("objectives: [{sli: a}]" + TOTAL, "slo.yaml:1: there is nothing to judge"),
        (f"objectives: [{{sli: a, weight: 0, {PASS}}}]{TOTAL}", "there is nothing to judge"),
        (f"objectives: [{{{PASS}}}]{TOTAL}", "slo.yaml:1: objectives[0]: field 'sli' is missing"),
        (f"objectives: [{{sli: c, {PASS}}}]{TOTAL}", "sli.yaml has no indicator 'c': Known are a, b"),
        (
            f"objectives:\n- {{sli: a, {PASS}}}\n- {{sli: a, {PASS}}}{TOTAL}",
            "slo.yaml:3: objectives[1]: indicator 'a' stands twice: the first is in line 2",
        ),
        ("objectives: [{sli: a, pass: [{criteria: ['<1ms']}]}]" + TOTAL, "criteria[0]: '<1ms' has a unit, ms"),
        ("objectives: [{sli: a, pass: [{criteria: []}]}]" + TOTAL, "criteria: must have at least one"),
        ("objectives: [{sli: a, pass: [{criteria: [5]}]}]" + TOTAL, "must be a text, not 5"),
        ("objectives: [{sli: a, pass: ['<1']}]" + TOTAL, "must be an object with the fields criteria"),
        ("objectives: [{sli: a, warning: [{criteria: ['<1']}]}]" + TOTAL, "decides nothing without pass"),
        ("objectives: [{sli: a, key_sli: true}]" + TOTAL, "key_sli: decides nothing without pass criteria"),
        (f"objectives: [{{sli: a, display_name: x, {PASS}}}]{TOTAL}", "word is 'displayName'"),
        (f"objectives: [{{sli: a, weight: -1, {PASS}}}]{TOTAL}", "must be between 0 and"),
        (f"objectives: [{{sli: a, weight: 1.0e-320, {PASS}}}]{TOTAL}", "must be 0 or at least 0.000001, not 1e-320"),
        (f"objectives: [{{sli: a, onNoData: pass, {PASS}}}]{TOTAL}", "Known are fail, ignore"),
        (f"objectives: [{{sli: a, {PASS}}}]", "field 'total_score' is missing"),
        (f"objectives: [{{sli: a, {PASS}}}]\ntotal_score: {{warning: 80}}", "field 'pass' is missing"),
        (f"objectives: [{{sli: a, {PASS}}}]\ntotal_score: {{pass: 101%}}", "must be between 0 and 100"),
        (f"objectives: [{{sli: a, {PASS}}}]\ntotal_score: {{pass: 0%}}", "0% is reached by every artifact"),
        (f"objectives: [{{sli: a, {PASS}}}]\ntotal_score: {{pass: most}}", "must be a number, not 'most'"),
        (
            f"objectives: [{{sli: a, {PASS}}}]\ntotal_score: {{pass: 80, warning: 90}}",
            "warning 90% must not take more than",
        ),
        (ONE + "comparison: {compare_with: all}", "unknown value 'all'"),
        (ONE + "comparison: {compare_with: several_results}", "needs number_of_comparison_results"),
        (ONE + "comparison: {aggregate_function: p99}", "Known are avg, p50, p90, p95"),
        (ONE + "comparison: {include_result_with_score: any}", "Known are all, pass, pass_or_warn"),
        (ONE + "comparison: {number_of_comparison_results: 0}", "must be between 1 and 100"),
    ],
)
def test_what_cannot_be_a_gate_is_refused_with_its_place(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(text)), faults(text)


def test_all_faults_are_told_at_once() -> None:
    text = "objectives: [{sli: a, pass: [{criteria: ['<1ms', 'x']}], wieght: 1}]\ntotal_score: {pass: 200}\n"
    assert len(faults(text)) == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("indicators: {}", "sli.yaml:1: indicators: must be an object of indicators, name: query, with at least one"),
        ("indicators: [a]", "must be an object of indicators"),
        ("spec_version: '1.0'", "field 'indicators' is missing"),
        ("indicators: {a: {source: graphite, query: x}}", "source: unknown metric source 'graphite'"),
        ("indicators: {a: {source: 5, query: x}}", "indicators.a.source: must be a text, not 5"),
        ("indicators: {a: {source: prometheus}}", "sli.yaml:1: indicators.a: field 'query' is missing"),
        ("indicators: {a: ''}", "indicators.a: must not be empty"),
        ("indicators:\n  a: up{x='$RELASE'}", "unknown placeholder $RELASE"),
        ("indicators: {a: {source: http, query: {}}}", "must not be empty"),
        ("indicators: {a: {query: up, unit: ms}}", "unit: unknown field"),
    ],
)
def test_an_sli_file_that_cannot_be_asked_is_refused(text: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_sli("sli.yaml", text)
    assert any(told in str(fault) for fault in caught.value.faults), caught.value.faults


def test_a_service_has_its_gate_in_either_format() -> None:
    assert gate_file("carts", {}) is None
    assert gate_file("carts", {"perfspec/perfspec.json": "{}"}) == GateFile("carts/perfspec/perfspec.json", "{}")
    file = gate_file("carts", {"slo.yaml": SLO, "sli.yaml": SLI})
    assert file is not None and file.path == "carts/slo.yaml"
    assert parse_gate(file) == gate()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (("slo.yaml",), "carts/slo.yaml: has no sli.yaml beside it"),
        (("sli.yaml",), "carts/sli.yaml: has no slo.yaml beside it"),
        (("slo.yaml", "sli.yaml", "perfspec/perfspec.json"), "a service has one gate: remove one of the two"),
    ],
)
def test_half_a_gate_and_two_gates_are_refused(files: tuple[str, ...], told: str) -> None:
    with pytest.raises(SpecError) as caught:
        gate_file("carts", dict.fromkeys(files, "x"))
    assert told in str(caught.value)


def test_a_fault_of_the_sli_file_names_that_file() -> None:
    file = gate_file("carts", {"slo.yaml": SLO, "sli.yaml": "indicators: {}"})
    assert file is not None
    with pytest.raises(SpecError, match=r"carts/sli\.yaml:1: indicators"):
        parse_gate(file)


@pytest.mark.parametrize("text", ["²%", "٣%", "%", ".", "1e2%", "9" * 400])
def test_a_total_that_is_no_number_of_percent_is_refused(text: str) -> None:
    (fault,) = faults(f"objectives: [{{sli: a, pass: [{{criteria: ['<1']}}]}}]\ntotal_score: {{pass: '{text}'}}\n")
    assert "slo.yaml:2: total_score.pass: must be a number" in fault


@pytest.mark.parametrize("sign", ["", "+", "-"])
def test_a_criterion_beyond_all_numbers_is_refused_since_everything_would_meet_it(sign: str) -> None:
    (fault,) = faults(f"objectives: [{{sli: a, pass: [{{criteria: ['<{sign}{'9' * 400}']}}]}}]\n{TOTAL}")
    assert "is beyond all numbers" in fault
