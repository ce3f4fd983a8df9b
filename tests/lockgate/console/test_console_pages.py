"""The pages as a browser gets them."""

import re
from typing import Any

import pytest

from lockgate.console.assets import packaged
from lockgate.console.wording import seconds_text
from lockgate.testing.world import PERFSPEC


async def test_a_refused_artifact_s_page_shows_stages_tasks_verdict_and_explanation(console: Any) -> None:
    delivery = await console.world.deliver("0.6.1")
    page = await console.page(delivery.id)
    evaluation = await console.world.evaluation("staging")
    for text in (
        "docker.io/keptnexamples/carts:0.6.1",
        delivery.id,
        "rejected",
        *("dev", "staging", "production"),
        *("deploy", "run_tests", "evaluation_done", "rollback"),
        "0 of 100 points",
        evaluation.sentence,
        evaluation.arithmetic[0],
        "upperSevere 1",
        f"release=&#39;{evaluation.subject.release}&#39;",
        "unreached",
        "carts/perfspec/perfspec.json",
        "delivery-finished",
    ):
        assert text in page, text


async def test_a_stage_that_waits_for_its_lane_says_so_in_its_box(console: Any) -> None:
    world = console.world
    first, second = await world.send("0.6.2"), await world.send("0.6.1")
    await world.store.take_turns(world.clock.now())
    await world.queues.tell_waiting(world.outside)
    reason = f'<p class="reason">waiting: carts in dev is taken by delivery {first.id} (0.6.2)</p>'
    assert reason in await console.page(second.id)
    assert '<p class="reason">waiting' not in await console.page(first.id)


async def test_a_page_that_is_over_loads_no_script_and_asks_for_no_stream(console: Any) -> None:
    page = await console.page((await console.world.deliver("0.6.2")).id)
    assert "<script" not in page and "sse-connect" not in page and "http-equiv" not in page


async def test_a_page_under_way_is_live_with_a_script_and_reloads_without_one(console: Any) -> None:
    delivery = await console.world.send("0.6.2")
    page = await console.page(delivery.id)
    assert f'sse-connect="/deliveries/{delivery.id}/stream"' in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "under way" in page and "data-since=" in page


async def test_everything_that_a_page_loads_is_served_from_here(console: Any) -> None:
    page = await console.page((await console.world.send("0.6.2")).id)
    loaded = re.findall(r'(?:src|href)="([^"#]*)"', page)
    assert len(loaded) == 5
    for url in loaded:
        assert url.startswith("/static/")
        answer = await console.client.get(url)
        assert answer.status_code == 200 and answer.content
        assert "immutable" in answer.headers["cache-control"]
    for asset in packaged().files.values():
        assert b"@import" not in asset.content


async def test_a_page_lets_a_browser_load_nothing_from_elsewhere_and_run_nothing_inline(console: Any) -> None:
    delivery = await console.world.send("0.6.2")
    answer = await console.client.get(f"/deliveries/{delivery.id}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "style=" not in answer.text and not re.search(r"<script(?! src)|<style|\son\w+=", answer.text)


async def test_what_others_wrote_is_shown_and_never_run(console: Any) -> None:
    evil = "<script>alert(1)</script>"
    await console.world.set_gate(PERFSPEC.replace('"response_time", "source"', f'"{evil}", "source"'))
    delivery = await console.world.deliver("0.6.2", image="docker.io/x&<b>y</b>")
    page = await console.page(delivery.id)
    assert evil not in page and "<b>y" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page and "x&amp;&lt;b&gt;y" in page


@pytest.mark.parametrize("path", ["", "/stream"])
async def test_who_has_no_session_sees_how_to_get_one_and_nothing_else(console: Any, path: str) -> None:
    delivery = await console.world.deliver("0.6.2")
    for cookie in ("", "session=wrong"):
        answer = await console.client.get(f"/deliveries/{delivery.id}{path}", headers={"Cookie": cookie})
        assert answer.status_code == 401
        assert "open this page with a fresh link" in answer.text
        assert "0.6.2" not in answer.text


async def test_static_files_ask_for_the_session_too(console: Any) -> None:
    answer = await console.client.get("/static/lockgate.css", headers={"Cookie": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/deliveries/nobody", "/deliveries/nobody/stream", "/static/nothing.js"])
async def test_what_there_is_not_is_said_on_a_page(console: Any, path: str) -> None:
    answer = await console.client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert path.split("/")[2] in answer.text


@pytest.mark.parametrize("name", ["..%2fpages.py", "%2e%2e/pages.py", "..%5cpages.py"])
async def test_no_name_leads_out_of_the_static_files(console: Any, name: str) -> None:
    answer = await console.client.get(f"/static/{name}")
    assert answer.status_code == 404
    assert "APIRouter" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_pages_can_only_be_read(console: Any, method: str) -> None:
    delivery = await console.world.deliver("0.6.2")
    assert (await console.client.request(method, f"/deliveries/{delivery.id}")).status_code == 405


@pytest.mark.parametrize(
    ("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (7380, "2 h 03 min")]
)
def test_times_are_written_as_people_say_them(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_the_licences_of_vendored_files_are_beside_them() -> None:
    files = packaged().files
    licences = files["HTMX-LICENSES.txt"].content.decode()
    for name in files:
        if "htmx" in name and name.endswith(".js"):
            assert name in licences
