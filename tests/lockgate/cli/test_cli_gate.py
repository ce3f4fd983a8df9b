"""`gate check` and `gate test`: what they print, and how they end."""

import json
from pathlib import Path
from typing import Any

import pytest

from lockgate.testing.world import LOCUST_FILE, PERFSPEC, SHIPYARD, VALUES

CASES = """tests:
- name: fast enough
  perfspec: perfspec.json
  samples: {response_time: [{value: 0.2}]}
  expect: {verdict: pass, score: 100}
- name: too slow
  perfspec: perfspec.json
  samples: {response_time: [{value: 1.02}]}
  expect: {verdict: fail, indicators: [{id: response_time, points: 0}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "perfspec.json").write_text(PERFSPEC)
    (tmp_path / "cases.yaml").write_text(CASES)
    return tmp_path


def test_tests_that_pass_end_with_0_and_one_line(folder: Path, shell: Any) -> None:
    answer = shell.run("gate", "test", str(folder / "cases.yaml"))
    assert (answer.code, answer.out, answer.err) == (0, "2 of 2 tests passed\n", "")


def test_an_expectation_that_is_not_met_ends_with_1_and_is_told_with_its_place(folder: Path, shell: Any) -> None:
    (folder / "cases.yaml").write_text(CASES.replace("verdict: fail", "verdict: warning"))
    answer = shell.run("gate", "test", str(folder / "cases.yaml"))
    assert answer.code == 1
    assert f"FAILED  too slow ({folder / 'cases.yaml'}:6)" in answer.out
    assert "verdict: expected 'warning', found 'fail'" in answer.out
    assert "1.02 is over 1 (upperSevere)" in answer.out
    assert "fast enough" not in answer.out
    assert answer.err == "Error: 1 of 2 tests failed\n"


def test_json_shows_every_evaluation_whole_whether_expected_or_not(folder: Path, shell: Any) -> None:
    (folder / "cases.yaml").write_text(CASES.replace("verdict: fail", "verdict: warning"))
    answer = shell.run("gate", "test", str(folder / "cases.yaml"), "--output=json")
    assert answer.code == 1
    told = json.loads(answer.out)
    assert [(one["name"], one["passed"], one["evaluation"]["verdict"]) for one in told] == [
        ("fast enough", True, "pass"),
        ("too slow", False, "fail"),
    ]
    assert told[0]["evaluation"]["indicators"][0]["judged"] == [{"labels": {}, "value": 0.2, "timestamp": 0.0}]


def test_a_gate_that_cannot_be_read_fails_its_tests_and_no_others(folder: Path, shell: Any) -> None:
    (folder / "broken.json").write_text("{}")
    (folder / "cases.yaml").write_text(CASES.replace("perfspec.json", "broken.json", 1))
    answer = shell.run("gate", "test", str(folder / "cases.yaml"))
    assert answer.code == 1
    assert "FAILED  fast enough" in answer.out and "broken.json:1: field 'indicators' is missing" in answer.out
    assert "1 of 2 tests failed" in answer.err


@pytest.mark.parametrize("name", ["perfspec.json", "nothing.json"])
def test_a_file_that_is_not_there_is_named(folder: Path, shell: Any, name: str) -> None:
    (folder / "perfspec.json").unlink()
    answer = shell.run("gate", "check", str(folder / name))
    assert answer.code == 1
    assert answer.err == f"Error: {folder / name} cannot be read: No such file or directory\n"


def test_a_file_that_a_push_would_accept_is_accepted(folder: Path, shell: Any) -> None:
    (folder / "shipyard.yaml").write_text(SHIPYARD)
    answer = shell.run("gate", "check", str(folder / "perfspec.json"), str(folder / "shipyard.yaml"))
    assert (answer.code, answer.out, answer.err) == (0, "a push would be accepted\n", "")


def test_a_file_that_a_push_would_refuse_is_refused_with_file_and_line(folder: Path, shell: Any) -> None:
    (folder / "perfspec.json").write_text(PERFSPEC.replace('"upperSevere"', '"upperSever"'))
    answer = shell.run("gate", "check", str(folder / "perfspec.json"))
    assert answer.code == 1
    assert "perfspec.json:4: indicators[0].grading.thresholds.upperSever: unknown field: did you mean" in answer.out
    assert answer.err == "Error: a push would be refused: 1 fault\n"


def test_a_remark_of_a_push_is_a_warning(folder: Path, shell: Any) -> None:
    (folder / "perfspec.json").write_text(PERFSPEC.replace("response_time{deployment", "sum(response_time{deployment"))
    (folder / "perfspec.json").write_text(
        PERFSPEC.replace("response_time{deployment='$DEPLOYMENT',release='$RELEASE'}", "sum(response_time)")
    )
    answer = shell.run("gate", "check", str(folder / "perfspec.json"))
    assert answer.code == 0
    assert "warning: " in answer.out and "does not select the release" in answer.out


def test_a_file_of_an_unknown_name_is_refused_with_the_known_ones(folder: Path, shell: Any) -> None:
    (folder / "notes.txt").write_text("")
    answer = shell.run("gate", "check", str(folder / "notes.txt"))
    assert answer.code == 1
    assert "known are perfspec" in answer.err


def test_an_sli_file_that_is_no_text_is_a_fault_and_no_crash(folder: Path, shell: Any) -> None:
    (folder / "slo.yaml").write_text(
        "objectives: [{sli: latency, pass: [{criteria: [<1]}]}]\ntotal_score: {pass: 90}\n"
    )
    (folder / "sli.yaml").write_bytes(b"indicators: {latency: \xff}\n")
    answer = shell.run("gate", "check", str(folder / "slo.yaml"))
    assert answer.code == 1
    assert answer.out == f"{folder / 'sli.yaml'}: is not UTF-8: invalid start byte at byte 22\n"


def test_the_folder_of_a_clone_is_checked_whole(folder: Path, shell: Any) -> None:
    clone = folder / "sockshop"
    for path, text in {
        "shipyard.yaml": SHIPYARD,
        "carts/values.yaml": VALUES,
        "carts/tests/locustfile.py": LOCUST_FILE,
        "carts/perfspec/perfspec.json": PERFSPEC,
    }.items():
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text)
    assert shell.run("gate", "check", str(clone)).code == 0
    (clone / "carts/values.yaml").write_text("image: 3\n")
    answer = shell.run("gate", "check", str(clone))
    assert answer.code == 1
    assert "carts/values.yaml:1: image" in answer.out


CARTS = ("--project=sockshop", "--service=carts", "--stage=staging")


def test_a_replay_shows_the_verdicts_that_would_have_been_others(folder: Path, shop: Any, shell: Any) -> None:
    shop.call(shop.world.deliver("0.6.0"))
    shop.call(shop.world.set_gate())
    shop.world.monitoring.seconds = {"0.6.0": 0.05, "0.6.1": 1.2, "0.6.2": 0.05}
    for tag in ("0.6.1", "0.6.2"):
        shop.call(shop.world.deliver(tag))
    milder = PERFSPEC.replace('"upperSevere": 1,', '"upperSevere": 2,').replace("0.8", "1.9")
    (folder / "perfspec.json").write_text(milder)
    answer = shell.run("gate", "replay", *CARTS, f"--spec={folder / 'perfspec.json'}")
    assert answer.code == 0, answer.err
    heading, row, summary = answer.out.splitlines()
    assert heading.split() == ["EVALUATION", "TAG", "WAS", "WOULD", "BE", "WHY"]
    assert row.split()[1:4] == ["0.6.1", "fail", "pass"]
    assert summary == "1 of 2 verdicts would have been another one"
    whole = json.loads(shell.run("gate", "replay", *CARTS, f"--spec={folder / 'perfspec.json'}", "-o", "json").out)
    assert [(one["past"]["verdict"], one["now"]["verdict"]) for one in whole] == [("pass", "pass"), ("fail", "pass")]


def test_a_replay_of_what_was_not_measured_says_nothing_of_the_new_file(folder: Path, shop: Any, shell: Any) -> None:
    (folder / "perfspec.json").write_text(PERFSPEC.replace("response_time{", "max_response_time{"))
    nothing = shell.run("gate", "replay", *CARTS, f"--spec={folder / 'perfspec.json'}")
    assert (nothing.code, nothing.err) == (
        8,
        "Error: there is no evaluation of carts in staging of sockshop to replay\n",
    )
    shop.call(shop.world.push({"carts/perfspec/perfspec.json": PERFSPEC}))
    shop.call(shop.world.deliver("0.6.1"))
    answer = shell.run("gate", "replay", *CARTS, f"--spec={folder / 'perfspec.json'}")
    assert "1 of 1 say nothing: the new file asks what was not measured then\n" in answer.out
    assert answer.out.endswith("0 of 1 verdicts would have been another one\n")


def test_a_replay_with_a_gate_that_a_push_would_refuse_is_refused(folder: Path, shop: Any, shell: Any) -> None:
    (folder / "perfspec.json").write_text("{}")
    answer = shell.run("gate", "replay", *CARTS, f"--spec={folder / 'perfspec.json'}")
    assert answer.code == 1
    assert "perfspec.json:1: field 'indicators' is missing" in answer.err


def test_a_replay_with_an_slo_file_says_that_its_queries_are_missing(folder: Path, shell: Any) -> None:
    (folder / "slo.yaml").write_text("{}")
    answer = shell.run("gate", "replay", *CARTS, f"--spec={folder / 'slo.yaml'}")
    assert answer.code == 1
    assert f"slo.yaml has no sli.yaml beside it, which names its queries: put it into {folder}" in answer.err


def test_a_file_of_a_clone_that_is_not_utf_8_is_a_fault_like_any_other(folder: Path, shell: Any) -> None:
    (folder / "carts").mkdir()
    (folder / "carts" / "values.yaml").write_bytes(b"name: caf\xe9\n")
    answer = shell.run("gate", "check", str(folder))
    assert answer.code == 1
    assert "values.yaml: is not UTF-8" in answer.out


@pytest.mark.parametrize(("spec", "why"), [(".", "Is a directory"), ("missing/slo.yaml", "No such file or directory")])
def test_a_replay_with_a_gate_that_cannot_be_read_says_so_before_it_looks_beside_it(
    folder: Path, shell: Any, spec: str, why: str
) -> None:
    answer = shell.run("gate", "replay", *CARTS, f"--spec={spec}")
    assert answer.code == 1
    assert f"{spec} cannot be read: {why}" in answer.err


def test_a_test_that_expects_nothing_is_told(folder: Path, shell: Any) -> None:
    (folder / "cases.yaml").write_text(CASES.replace("  expect: {verdict: pass, score: 100}\n", ""))
    answer = shell.run("gate", "test", str(folder / "cases.yaml"))
    assert (answer.code, answer.out.splitlines()[-1]) == (0, "2 of 2 tests passed (1 of them expect nothing)")


def test_the_folder_of_a_service_is_told_to_be_a_part_of_its_project(tmp_path: Path, shell: Any) -> None:
    (tmp_path / "shipyard.yaml").write_text("stages: []")
    (tmp_path / "carts").mkdir()
    (tmp_path / "carts" / "values.yaml").write_text("{}")
    answer = shell.run("gate", "check", str(tmp_path / "carts"))
    assert answer.code == 1
    assert f"is a part of a project: check {tmp_path}" in answer.out + answer.err


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"expect": {"indicators": [{"id": ["a"]}]}}, "indicators[0].id: expected ['a'], found 'response_time'"),
        ({"expect": {"indicators": [{"id": {}}, {"id": 1}]}}, "indicators: expected "),
        ({"expect": {"score": 10**400}}, "score: expected 1000"),
    ],
)
def test_an_expectation_that_nothing_could_meet_is_not_met(
    folder: Path, shell: Any, case: dict[str, Any], said: str
) -> None:
    one = {"name": "odd", "perfspec": "perfspec.json", "samples": {"response_time": [{"value": 0.2}]}, **case}
    (folder / "cases.json").write_text(json.dumps({"tests": [one]}))
    answer = shell.run("gate", "test", str(folder / "cases.json"))
    assert answer.code == 1
    assert said in answer.out


def test_a_gate_under_a_name_that_no_file_can_have_is_named(folder: Path, shell: Any) -> None:
    (folder / "cases.json").write_text(json.dumps({"tests": [{"name": "odd", "perfspec": "a\0b"}]}))
    answer = shell.run("gate", "test", str(folder / "cases.json"))
    assert answer.code == 1
    assert "is no name of a file: embedded null byte" in answer.err
