"""The load runner in a pod: what it does to a service, and the report it leaves behind."""

import json
import signal
import subprocess
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest

FAST_AND_SLOW_CLIENT = """
from locust import FastHttpUser, HttpUser, tag, task

class Fast(FastHttpUser):
    @tag("functional")
    @task
    def ask(self):
        self.client.get("/fast")

class Plain(HttpUser):
    @tag("functional")
    @task
    def ask(self):
        self.client.get("/plain")
"""

CRASHES = """
from locust import FastHttpUser, TaskSet, tag, task

class Buyer(FastHttpUser):
    @tag("functional")
    @task(3)
    def first(self):
        self.client.get("/first")
        raise KeyError("price")

    @tag("functional")
    @task
    def second(self):
        self.client.get("/second")

    @tag("functional")
    @task
    class Third(TaskSet):
        @task
        def inside(self):
            self.client.get("/third")
            self.interrupt()

    @task
    def untagged(self):
        self.client.get("/untagged")
"""

NEVER_ASKS = """
from locust import User, tag, task

class Idle(User):
    @tag("functional")
    @task
    def nothing(self):
        pass
"""

CANNOT_START = """
from locust import User, tag, task

class Broken(User):
    def __init__(self, environment):
        raise RuntimeError("no account to log in with")

    @tag("functional")
    @task
    def nothing(self):
        pass
"""


def test_a_functional_check_runs_each_task_once_and_is_left_in_the_termination_log(run: Any, carts_url: str) -> None:
    done = run(CHECK="functional", TARGET_HOST=carts_url)
    assert done.exit_code == 0
    assert (done.report["check"], done.report["requests"], done.report["failures"]) == ("functional", 2, 0)
    assert done.report["errors"] == []
    assert done.termination_log.decode() == done.last_line


def test_a_health_check_asks_the_health_path_once(run: Any, carts_url: str) -> None:
    done = run(CHECK="health", TARGET_HOST=carts_url)
    assert (done.exit_code, done.report["requests"], done.report["failures"]) == (0, 1, 0)


def test_the_window_of_a_load_is_that_of_its_requests(run: Any, carts_url: str) -> None:
    before = datetime.fromisoformat(httpx.get(f"{carts_url}/health").json()["health"][0]["date"])
    done = run(CHECK="performance", TARGET_HOST=carts_url, USERS="5", RUN_SECONDS="3")
    after = datetime.fromisoformat(httpx.get(f"{carts_url}/health").json()["health"][0]["date"])
    started, ended = (datetime.fromisoformat(done.report[name]) for name in ("started_at", "ended_at"))
    assert before < started < ended <= after
    assert done.report["requests"] >= 5
    assert done.report["p50_ms"] <= done.report["p95_ms"] <= done.report["p99_ms"]


def test_the_requests_of_the_report_are_those_that_the_service_counted(run: Any, carts_url: str) -> None:
    done = run(CHECK="performance", TARGET_HOST=carts_url, USERS="5", RUN_SECONDS="3")
    counted = httpx.get(f"{carts_url}/prometheus").text
    assert f"requests_total {done.report['requests']:.1f}\n" in counted


def test_every_failed_request_counts_and_is_explained_by_the_services_words(run: Any, carts_url: str) -> None:
    httpx.get(f"{carts_url}/carts/1/items/promotion/100")
    done = run(CHECK="performance", TARGET_HOST=carts_url, USERS="3", RUN_SECONDS="2")
    assert done.exit_code == 0
    assert done.report["requests"] == done.report["failures"] > 0
    assert done.report["failure_ratio"] == 1.0
    assert done.report["errors"] == [
        {
            "method": "POST",
            "name": "/carts/{id}/items",
            "error": "HTTP 500: promotion campaign not yet implemented",
            "count": done.report["failures"],
        }
    ]


def test_a_service_that_waits_a_second_is_seen_to_take_longer(run: Any, carts_url: str) -> None:
    httpx.get(f"{carts_url}/carts/1/items/delay/1000")
    done = run(CHECK="performance", TARGET_HOST=carts_url, RUN_SECONDS="3")
    assert done.report["requests"] >= 10
    assert done.report["failures"] == 0
    assert done.report["average_ms"] > 1000


def test_a_request_that_is_on_its_way_when_the_time_is_up_is_finished_and_counted(run: Any, carts_url: str) -> None:
    httpx.get(f"{carts_url}/carts/1/items/delay/1700")
    done = run(CHECK="performance", TARGET_HOST=carts_url, USERS="3", RUN_SECONDS="1")
    assert (done.report["requests"], done.report["failures"]) == (3, 0)
    assert done.report["p50_ms"] > 1700
    assert "requests_latency_seconds_count 3.0\n" in httpx.get(f"{carts_url}/prometheus").text


def test_an_item_that_is_not_in_its_cart_fails_the_functional_check(run: Any, upstream: Any) -> None:
    done = run(CHECK="functional", TARGET_HOST=upstream.url)
    errors = {(error["method"], error["error"].split(":")[0]) for error in done.report["errors"]}
    assert ("POST", "HTTP 501") in errors
    assert any("is not in the cart" in error["error"] for error in done.report["errors"])
    assert done.report["failures"] == 2


@pytest.mark.parametrize("check", ["health", "functional", "performance"])
def test_the_locustfile_of_any_service_asks_its_health_path(
    run: Any, upstream: Any, locustfile: Path, check: str
) -> None:
    locustfile.write_text((Path(str(files("loadrunner"))) / "files/locustfile.py").read_text())
    limit = {"USERS": "2", "RUN_SECONDS": "1"} if check == "performance" else {}
    done = run(CHECK=check, TARGET_HOST=upstream.url, HEALTH_PATH="/ready", **limit)
    assert done.report["failures"] == 0
    assert done.report["requests"] == len(upstream.requests) > 0
    assert {path for _, path, _ in upstream.requests} == {"/ready"}


def test_both_clients_of_locust_send_the_host_that_the_gateway_routes_by(
    run: Any, upstream: Any, locustfile: Path
) -> None:
    locustfile.write_text(FAST_AND_SLOW_CLIENT)
    done = run(CHECK="functional", TARGET_HOST=upstream.url, HOST_HEADER="carts.sockshop-dev.localhost")
    assert done.report["failures"] == 0
    assert sorted(upstream.requests) == [
        ("GET", "/fast", "carts.sockshop-dev.localhost"),
        ("GET", "/plain", "carts.sockshop-dev.localhost"),
    ]


def test_a_task_that_raises_fails_and_the_others_still_run(run: Any, upstream: Any, locustfile: Path) -> None:
    locustfile.write_text(CRASHES)
    done = run(CHECK="functional", TARGET_HOST=upstream.url, ITERATIONS="2")
    assert [path for _, path, _ in upstream.requests] == ["/first", "/second", "/third"] * 2
    assert (done.report["requests"], done.report["failures"]) == (8, 2)
    assert done.report["errors"] == [{"method": "TASK", "name": "Buyer", "error": "KeyError: 'price'", "count": 2}]


def test_a_target_that_is_away_fails_its_requests_and_is_still_a_run(run: Any) -> None:
    done = run(CHECK="health", TARGET_HOST="http://127.0.0.1:9")
    assert (done.exit_code, done.report["requests"], done.report["failures"]) == (0, 1, 1)
    assert "refused" in done.report["errors"][0]["error"]


def test_a_run_without_requests_says_so(run: Any, locustfile: Path) -> None:
    locustfile.write_text(NEVER_ASKS)
    done = run(CHECK="functional", TARGET_HOST="http://127.0.0.1:9")
    assert (done.exit_code, done.report["requests"], done.report["failure_ratio"]) == (0, 0, 0.0)
    assert done.report["started_at"] is None
    assert done.report["average_ms"] is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("import locust\n\ndef broken(:\n", "locustfile.py, line 3"),
        ("import nothing_of_this_name\n", "nothing_of_this_name"),
        ("raise SystemExit('stop')\n", "SystemExit: stop"),
        ("from locust import FastHttpUser\n", "has the tag 'functional' (tags found: none)"),
        (FAST_AND_SLOW_CLIENT.replace("functional", "smoke"), '(tags found: smoke): write @tag("functional")'),
        (CANNOT_START, "no account to log in with"),
    ],
)
def test_a_locustfile_that_cannot_be_used_is_told_with_the_reason(
    run: Any, locustfile: Path, text: str, named: str
) -> None:
    locustfile.write_text(text)
    done = run(CHECK="functional", TARGET_HOST="http://127.0.0.1:9")
    assert done.exit_code == 3
    assert named in done.report["error"]
    assert json.loads(done.termination_log) == done.report


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"CHECK": "smoke"}, "CHECK is 'smoke': known are health, functional, performance"),
        ({"TARGET_HOST": "127.0.0.1:80"}, "TARGET_HOST is '127.0.0.1:80'"),
        ({"USERS": "0"}, "USERS is '0': it must be a whole number from 1 to 1000"),
        ({"RUN_SECONDS": "1", "ITERATIONS": "1"}, "leave one out"),
        ({"LOCUST_FILE": "tests/other.py"}, "there is no Locust file"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_by_name(run: Any, environment: dict[str, str], named: str) -> None:
    done = run(**{"CHECK": "health", "TARGET_HOST": "http://127.0.0.1:9", **environment})
    assert done.exit_code == 3
    assert named in done.report["error"]


def test_a_run_that_is_told_to_stop_reports_what_it_saw_so_far(
    spawn: Callable[..., subprocess.Popen[bytes]],
    finished: Any,
    locustfile: Path,
    upstream: Any,
    eventually: Callable[[Callable[[], bool], str], None],
) -> None:
    locustfile.write_text((Path(str(files("loadrunner"))) / "files/locustfile.py").read_text())
    process = spawn(
        "loadrunner", output=subprocess.PIPE, CHECK="performance", TARGET_HOST=upstream.url, RUN_SECONDS="3600"
    )
    eventually(lambda: len(upstream.requests) >= 10, "ten requests arrived")
    process.send_signal(signal.SIGTERM)
    done = finished(process)
    assert (done.exit_code, done.report["interrupted"]) == (0, True)
    assert done.report["requests"] == len(upstream.requests)
