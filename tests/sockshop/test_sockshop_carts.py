"""carts as its users, its probes and its monitoring see it: a real process over HTTP."""

import re
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

ITEM = {"itemId": "03fef6ac-1896-4ce8-bd69-b798f85c6e0b", "unitPrice": "99.99"}
Eventually = Callable[[Callable[[], bool], str], None]


def sample(url: str, name: str) -> float:
    line = re.search(rf"^{name} (\S+)$", httpx.get(f"{url}/prometheus").text, re.MULTILINE)
    assert line is not None
    return float(line[1])


def post_item(url: str, cart: str = "1") -> httpx.Response:
    return httpx.post(f"{url}/carts/{cart}/items", json=ITEM, timeout=60)


def post_until_cut_off(url: str) -> None:
    with pytest.raises(httpx.HTTPError):
        post_item(url)


def test_an_item_that_was_posted_is_in_its_cart_until_the_cart_is_deleted(carts: Any) -> None:
    answer = post_item(carts.url)
    assert (answer.status_code, answer.json()) == (201, {**ITEM, "unitPrice": 99.99, "quantity": 1})
    assert httpx.get(f"{carts.url}/carts/1/items").json() == [answer.json()]
    assert httpx.get(f"{carts.url}/carts/1").json() == {"customerId": "1", "items": [answer.json()]}
    assert httpx.get(f"{carts.url}/carts/2/items").json() == []
    assert httpx.delete(f"{carts.url}/carts/1").status_code == 202
    assert httpx.get(f"{carts.url}/carts/1/items").json() == []


def test_the_version_is_the_texts_of_the_image(carts: Any) -> None:
    assert httpx.get(f"{carts.url}/version").text == "Version = v1"


def test_the_start_page_tells_what_the_pod_knows_of_itself(start_carts: Any) -> None:
    carts = start_carts(
        "127.0.0.1",
        POD_NAME="carts-blue-1",
        KUBERNETES_NAMESPACE="sockshop-production",
        DEPLOYMENT_NAME="carts-blue",
        CONTAINER_IMAGE="docker.io/keptnexamples/carts:0.6.0<b>",
        CARTS_VERSION="v1",
        CARTS_DELAY_MS="7",
    )
    page = httpx.get(carts.url)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    image = "docker.io/keptnexamples/carts:0.6.0&lt;b&gt;"
    for fact in ("carts-blue-1", "sockshop-production", "carts-blue", image, "v1", "7 ms", "0 %"):
        assert f"<td>{fact}</td>" in page.text


def test_a_body_that_is_no_item_is_refused_with_the_field(carts: Any) -> None:
    answer = httpx.post(f"{carts.url}/carts/1/items", json={"itemId": "a"})
    assert (answer.status_code, answer.text) == (400, "unitPrice: expected a number of at least 0, got nothing")


@pytest.mark.parametrize("path", ["/nothing", "/carts", "/metrics", "/carts/1/items/2"])
def test_there_is_nothing_beside_the_documented_routes(carts: Any, path: str) -> None:
    assert httpx.get(carts.url + path).status_code == 404


def test_only_post_items_is_counted_and_timed(carts: Any) -> None:
    for path in ("/", "/version", "/health", "/carts/1", "/carts/1/items", "/prometheus"):
        assert httpx.get(carts.url + path).status_code == 200
    assert sample(carts.url, "requests_total") == 0
    assert sample(carts.url, "requests_latency_seconds_count") == 0
    post_item(carts.url)
    httpx.get(f"{carts.url}/carts/1/items/promotion/100")
    post_item(carts.url)
    assert sample(carts.url, "requests_total") == 2
    assert sample(carts.url, "requests_latency_seconds_count") == 2


def test_the_delay_slows_post_items_and_is_in_the_histogram(carts: Any) -> None:
    assert httpx.get(f"{carts.url}/carts/1/items/delay/300").status_code == 200
    post_item(carts.url)
    assert sample(carts.url, "requests_latency_seconds_sum") >= 0.3
    assert sample(carts.url, 'requests_latency_seconds_bucket{le="0.25"}') == 0


def test_a_slow_post_holds_nobody_else_up(start_store: Any, start_carts: Any, eventually: Eventually) -> None:
    carts = start_carts(start_store().host, CARTS_DELAY_MS="60000")
    poster = threading.Thread(target=post_until_cut_off, args=(carts.url,))
    poster.start()
    eventually(lambda: sample(carts.url, "requests_total") == 1, "the post is on its way")
    assert httpx.get(f"{carts.url}/version").status_code == 200
    assert sample(carts.url, "requests_latency_seconds_count") == 0
    carts.process.kill()
    poster.join()


def test_a_promotion_fails_its_share_with_the_reason(carts: Any) -> None:
    httpx.get(f"{carts.url}/carts/1/items/promotion/50")
    answers = [post_item(carts.url) for _ in range(10)]
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [500] * 5
    failed = {answer.text for answer in answers if answer.status_code == 500}
    assert failed == {"promotion campaign not yet implemented"}


@pytest.mark.parametrize("path", ["/carts/1/items/delay/-1", "/carts/1/items/delay/x", "/carts/1/items/promotion/101"])
def test_a_switch_refuses_what_it_cannot_be_set_to(carts: Any, path: str) -> None:
    answer = httpx.get(carts.url + path)
    assert answer.status_code == 400
    assert "must be a whole number from 0 to" in answer.text


def test_without_its_store_carts_says_so_and_stays_ready(start_carts: Any) -> None:
    carts = start_carts("127.0.0.1", CARTS_DB_SERVICE_PORT="9")
    for answer in (post_item(carts.url), httpx.get(f"{carts.url}/carts/1/items")):
        assert answer.status_code == 503
        assert "carts-db at 127.0.0.1:9 is away" in answer.text
    health = httpx.get(f"{carts.url}/health")
    assert health.status_code == 200
    statuses = {part["service"]: part["status"] for part in health.json()["health"]}
    assert statuses == {"carts": "OK", "carts-db": "err"}


def test_a_store_that_never_answers_does_not_hang_carts(start_carts: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        carts = start_carts("127.0.0.1", CARTS_DB_SERVICE_PORT=str(silent.getsockname()[1]))
        answer = post_item(carts.url)
        assert (answer.status_code, "did not answer in 2 s" in answer.text) == (503, True)
        assert httpx.get(f"{carts.url}/health").json()["health"][1]["status"] == "err"


def test_a_store_that_was_killed_and_came_back_costs_no_request(start_store: Any, start_carts: Any) -> None:
    store = start_store()
    carts = start_carts(store.host)
    assert post_item(carts.url).status_code == 201
    store.process.kill()
    store.process.wait()
    start_store(host=store.host)
    assert post_item(carts.url).status_code == 201
    assert [item["quantity"] for item in httpx.get(f"{carts.url}/carts/1/items").json()] == [2]


def test_carts_finishes_what_it_began_before_it_stops(
    start_store: Any, start_carts: Any, eventually: Eventually
) -> None:
    carts = start_carts(start_store().host, CARTS_DELAY_MS="1500")
    answers: list[int] = []
    poster = threading.Thread(target=lambda: answers.append(post_item(carts.url).status_code))
    poster.start()
    eventually(lambda: sample(carts.url, "requests_total") == 1, "the post is on its way")
    carts.process.send_signal(signal.SIGTERM)
    poster.join()
    assert answers == [201]
    assert carts.process.wait(timeout=60) == 0
