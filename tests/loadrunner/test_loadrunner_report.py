"""The report fits into a termination message and its numbers are those that were measured."""

import json

from loadrunner.report import MAX_BYTES, Recorder, could_not_run, one_line


def test_percentiles_are_measured_values() -> None:
    recorder = Recorder()
    for milliseconds in range(100, 0, -1):
        recorder.answered(sent=1_000_000.0 + milliseconds, milliseconds=milliseconds)
    report = recorder.report(check="performance", interrupted=False)
    assert (report["p50_ms"], report["p95_ms"], report["p99_ms"], report["average_ms"]) == (50, 95, 99, 50.5)


def test_the_window_is_from_the_first_request_sent_to_the_last_answer_received() -> None:
    recorder = Recorder()
    recorder.answered(sent=1_000_001.0, milliseconds=10)
    recorder.answered(sent=1_000_000.5, milliseconds=9_000)
    report = recorder.report(check="performance", interrupted=False)
    assert (report["started_at"], report["ended_at"]) == ("1970-01-12T13:46:40.500Z", "1970-01-12T13:46:49.500Z")


def test_a_thousand_long_errors_still_fit_into_the_termination_message() -> None:
    recorder = Recorder()
    for number in range(1000):
        recorder.answered(sent=1.0, milliseconds=1)
        recorder.failed(method="POST" * 20, name="🛒" * 900 + str(number), error=f"{number}" + "é🛒" * 900)
    line = one_line(recorder.report(check="performance", interrupted=False))
    report = json.loads(line)
    assert len(line.encode()) <= MAX_BYTES
    assert (report["requests"], report["failures"]) == (1000, 1000)
    assert report["errors"][0] == {"method": "", "name": "", "error": "other errors", "count": 900}


def test_a_long_reason_still_fits_into_the_termination_message() -> None:
    line = one_line(could_not_run("performance", "🛒" * 10_000))
    assert len(line.encode()) <= MAX_BYTES
    assert json.loads(line)["schema"] == 1
