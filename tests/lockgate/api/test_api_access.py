from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest


def of_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def routes(app: Any) -> list[tuple[str, str]]:
    """Every route of the API with its method, a name filled in for each part of the path that varies."""
    found = []
    for path, operations in app.openapi()["paths"].items():
        for method in operations:
            filled = "/".join("x" if part.startswith("{") else part for part in path.split("/"))
            found.append((method.upper(), filled))
    return found


async def test_health_needs_no_token(bare: Any) -> None:
    answer = await bare.client.get("/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_every_other_route_asks_for_the_token_before_anything_else(bare: Any) -> None:
    asked = [route for route in routes(bare.app) if route[1] != "/health"]
    assert len(asked) > 14
    for method, path in [*asked, ("GET", "/openapi.json")]:
        for headers in ({"Authorization": ""}, of_token("wrong"), {"Authorization": "Basic d3Jvbmc6d3Jvbmc="}):
            answer = await bare.client.request(method, path, headers=headers)
            assert answer.status_code == 401, f"{method} {path} with {headers}"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_the_right_token_is_told_so(bare: Any) -> None:
    answer = await bare.get("/v1/whoami")
    assert (answer.status_code, answer.json()) == (200, {"status": "authenticated"})


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7676", "127.0.0.1.evil.example", "[", "[::1", ""])
async def test_an_unknown_host_is_refused_even_for_health(bare: Any, host: str) -> None:
    answer = await bare.client.get("/health", headers={"Host": host})
    assert answer.status_code == 400
    assert "unknown Host" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1:7676", "localhost:7676", "LOCALHOST", "[::1]:7676"])
async def test_the_names_of_this_machine_are_answered(bare: Any, host: str) -> None:
    assert (await bare.client.get("/health", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:7676", "http://["]
)
async def test_a_request_from_a_page_of_somebody_else_is_refused(shop: Any, origin: str) -> None:
    answer = await shop.client.get("/v1/projects", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "sockshop" not in answer.text


async def test_a_request_from_our_own_page_is_taken(shop: Any) -> None:
    answer = await shop.client.get("/v1/projects", headers={"Origin": "http://127.0.0.1:7676"})
    assert answer.status_code == 200


async def test_a_body_that_says_it_is_huge_is_refused(bare: Any) -> None:
    answer = await bare.client.post("/v1/events", content=b"x", headers={"Content-Length": str(10**9)})
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/v1/events", "/v1/projects"])
async def test_a_body_that_grows_huge_without_saying_so_is_refused(bare: Any, path: str) -> None:
    async def chunks() -> Any:
        for _ in range(6):
            yield b" " * 2**20

    answer = await bare.client.post(path, content=chunks())
    assert answer.status_code == 413, answer.text


async def open_link(api: Any, delivery: str) -> str:
    answer = await api.post(f"/v1/deliveries/{delivery}/page", None)
    assert answer.status_code == 201
    return str(answer.json()["url"])


async def opened(api: Any, url: str) -> httpx.Response:
    answer: httpx.Response = await api.client.get(url, headers={"Authorization": ""})
    return answer


async def test_a_link_opens_its_page_once_and_leaves_a_session_cookie_behind(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.2")
    url = await open_link(seeded, id_)
    answer = await opened(seeded, url)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/deliveries/{id_}"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Max-Age=43200" in cookie
    assert (await opened(seeded, url)).status_code == 401


async def test_a_browser_is_told_in_plain_words_that_a_link_is_spent(bare: Any) -> None:
    answer = await bare.client.get("/open?code=x", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("this link was used")


async def test_neither_link_nor_cookie_holds_the_token(seeded: Any) -> None:
    url = await open_link(seeded, await seeded.deliver("0.6.2"))
    answer = await opened(seeded, url)
    token = seeded.client.headers["authorization"].removeprefix("Bearer ")
    assert token not in url and token not in str(answer.headers)
    code = urlsplit(url).query.removeprefix("code=")
    assert code not in str(answer.headers)


async def test_a_link_is_good_for_five_minutes(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.2")
    fresh, old = await open_link(seeded, id_), await open_link(seeded, id_)
    seeded.world.clock.advance(timedelta(minutes=4, seconds=59).total_seconds())
    assert (await opened(seeded, fresh)).status_code == 303
    seeded.world.clock.advance(1)
    answer = await opened(seeded, old)
    assert answer.status_code == 401
    assert "lockgate get delivery" in answer.text


async def test_neither_code_nor_session_is_an_api_token(seeded: Any) -> None:
    url = await open_link(seeded, await seeded.deliver("0.6.2"))
    code = urlsplit(url).query.removeprefix("code=")
    assert (await seeded.client.get("/v1/whoami", headers=of_token(code))).status_code == 401
    answer = await opened(seeded, url)  # asking with the code has not spent it
    session = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
    assert (await seeded.client.get("/v1/whoami", headers=of_token(session))).status_code == 401
    assert not await seeded.access.knows(code) and not await seeded.access.knows(session)


async def test_an_api_token_typed_in_as_a_code_opens_nothing_and_is_not_lost(bare: Any) -> None:
    token = bare.client.headers["authorization"].removeprefix("Bearer ")
    assert (await bare.client.get("/open", params={"code": token})).status_code == 401
    assert (await bare.get("/v1/whoami")).status_code == 200


async def test_a_page_for_an_unknown_delivery_gives_no_link(shop: Any) -> None:
    assert (await shop.post("/v1/deliveries/nobody/page", None)).status_code == 404


async def test_two_installations_on_one_machine_name_their_cookies_apart(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.2")
    names = set()
    for port in (7676, 7677):
        answer = await seeded.client.post(f"/v1/deliveries/{id_}/page", headers={"Host": f"127.0.0.1:{port}"})
        url = httpx.URL(answer.json()["url"])
        assert url.port == port
        names.add((await opened(seeded, str(url))).headers["set-cookie"].partition("=")[0])
    assert len(names) == 2
