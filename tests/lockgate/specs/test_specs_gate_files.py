"""The two files of an SLO gate as one text, and how a gate's format is told."""

import json

import pytest

from lockgate.domain.errors import SpecError
from lockgate.specs.gate_files import SLI, SLO, GateFile, gate_file, is_joined, joined, parse_gate
from lockgate.specs.sli import AnyName


def test_an_slo_file_brings_its_sli_file_behind_it() -> None:
    found = gate_file("carts", {SLO: "a: 1\n\n", SLI: "b: 2\n"})
    assert found == GateFile("carts/slo.yaml", "a: 1\n--- # sli.yaml\nb: 2\n")
    assert is_joined(found.text)
    assert not is_joined("a: 1\n---\nb: 2\n")


@pytest.mark.parametrize("folder", ["", "carts/", "shop/carts/"])
def test_a_fault_of_a_joined_gate_names_the_file_that_it_is_in(folder: str) -> None:
    slo = 'spec_version: "0.1.1"\nobjectives: [{sli: latency}]\n'
    with pytest.raises(SpecError) as raised:
        parse_gate(GateFile(f"{folder}slo.yaml", joined(slo, "indicators: {latency: 5}\n")))
    assert {fault.file for fault in raised.value.faults} == {f"{folder}sli.yaml", f"{folder}slo.yaml"}
    assert not any("latency" in fault.message for fault in raised.value.faults if fault.file.endswith("slo.yaml"))
    with pytest.raises(SpecError) as raised:
        parse_gate(GateFile(f"{folder}slo.yaml", joined("objectives: 5\n", "indicators: {latency: q}\n")))
    assert {fault.file for fault in raised.value.faults} == {f"{folder}slo.yaml"}


def test_an_sli_file_that_cannot_be_read_hides_no_fault_of_the_slo_file_and_makes_up_none() -> None:
    slo = 'objectives:\n- sli: latency\n  pass: [{criteria: ["<600ms"]}]\ntotal_score: {pass: 90%}\n'
    with pytest.raises(SpecError) as raised:
        parse_gate(GateFile("carts/slo.yaml", joined(slo, "indicators: {latency: {query: up, unit: ms}}\n")))
    assert [fault.file for fault in raised.value.faults] == ["carts/sli.yaml", "carts/slo.yaml"]
    assert "anything" in AnyName() and AnyName()["anything"].query == "anything"
    assert (list(AnyName()), len(AnyName())) == ([], 0)


def test_a_gates_format_is_told_by_the_name_of_its_file() -> None:
    grading = {"type": "Threshold", "thresholds": {"upperSevere": 1}, "metricScore": 100}
    latency = {"id": "latency", "source": "Prometheus", "query": "q", "grading": grading}
    perfspec = json.dumps({"spec_version": "1.0", "indicators": [latency], "objectives": {"pass": 90, "warning": 75}})
    assert not parse_gate(GateFile("carts/perfspec/perfspec.json", perfspec)).in_percent
    slo = 'objectives:\n- sli: latency\n  pass: [{criteria: ["<600"]}]\ntotal_score: {pass: 90%, warning: 75%}\n'
    gate = parse_gate(GateFile("carts/slo.yaml", joined(slo, "indicators:\n  latency: q\n")))
    assert gate.in_percent
    assert [each.query for each in gate.indicators] == ["q"]
