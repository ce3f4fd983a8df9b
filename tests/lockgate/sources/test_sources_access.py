"""How a source lets us in: what is sent, to whom, and that no secret comes back in a message."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from tests.lockgate.sources.test_sources_prometheus import WINDOW, Server, client, server, vector

from lockgate.domain.errors import InvalidError, LockgateError, PermanentError
from lockgate.domain.evaluation import Answer
from lockgate.kit.ids import derived_id
from lockgate.sources.access import Access
from lockgate.sources.asking import Asker, Sent
from lockgate.sources.http_client import HttpClient
from lockgate.sources.prometheus import PrometheusSource

__all__ = ["client", "server"]  # fixtures

SECRET = 's3cret-"/token'
BEARER = Access(token=SECRET)
BASIC = Access(user="reader", password=SECRET)
HEADER = Access(headers={"X-Scope-OrgID": SECRET})


async def ask(server: Server, client: HttpClient, access: Access) -> Answer:
    return await PrometheusSource(server.address, client, access=access).query("up", WINDOW)


@pytest.mark.parametrize(
    ("access", "line"),
    [
        (BEARER, f"Authorization: Bearer {SECRET}"),
        (BASIC, f"Authorization: Basic {base64.b64encode(f'reader:{SECRET}'.encode()).decode()}"),
        (HEADER, f"X-Scope-OrgID: {SECRET}"),
    ],
)
async def test_a_source_is_asked_with_what_lets_us_in(
    server: Server, client: HttpClient, access: Access, line: str
) -> None:
    answer = await ask(server, client, access)
    assert line in server.heads[0].split("\r\n")
    assert SECRET not in str(answer)
    assert SECRET not in repr(access)


@pytest.mark.parametrize("access", [BEARER, BASIC, HEADER])
@pytest.mark.parametrize("status", [200, 302, 401, 503])
async def test_a_server_that_repeats_our_secret_does_not_get_it_into_a_message(
    server: Server, client: HttpClient, access: Access, status: int
) -> None:
    quoted = SECRET.replace('"', '\\"')
    basic = base64.b64encode(f"reader:{SECRET}".encode()).decode()
    server.status = status
    server.body = f'{"x" * 290} {SECRET} "{quoted}" Basic {basic}'.encode()
    server.headers = [f"Location: http://elsewhere/?token={SECRET}"] if status == 302 else []
    with pytest.raises(LockgateError) as caught:
        await ask(server, client, access)
    assert "s3cret" not in str(caught.value)
    assert access is not BASIC or basic[:8] not in str(caught.value)


async def test_a_warning_that_repeats_our_secret_is_blotted_out(server: Server, client: HttpClient) -> None:
    server.body = vector(warnings=[f"you are {SECRET}"]).encode()
    assert (await ask(server, client, BEARER)).warnings == ("you are ***",)


async def test_a_number_that_has_a_secret_in_it_is_read_as_it_came(server: Server, client: HttpClient) -> None:
    server.body = vector(({"tenant": "1000"}, "1000.25")).encode()
    (sample,) = (await ask(server, client, Access(headers={"X-Scope-OrgID": "1000"}))).samples
    assert (sample.value, sample.labels) == (1000.25, {"tenant": "***"})


async def test_a_series_keeps_its_release_whatever_a_header_says(server: Server, client: HttpClient) -> None:
    release = derived_id("delivery", "blue")[:8]
    server.body = vector(({"release": release, "pod": "a"}, "1")).encode()
    access = Access(headers={"X-Env": "release", "X-Of": "pod-", "X-Scope-OrgID": release[2:6]})
    (sample,) = (await ask(server, client, access)).samples
    assert sample.labels == {"release": release, "pod": "a"}


async def test_a_release_that_is_none_of_ours_shows_no_secret(server: Server, client: HttpClient) -> None:
    server.body = vector(({"release": f"of {SECRET}"}, "1")).encode()
    (sample,) = (await ask(server, client, BEARER)).samples
    assert sample.labels == {"release": "of ***"}


def lowered(secret: str) -> str:
    """As libcurl and browsers of old write it."""
    return quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f").replace("%C3%B6", "%c3%b6")


def escaped(secret: str) -> str:
    """As .NET writes JSON."""
    return "".join(each if each.isascii() and each.isalnum() else f"\\u{ord(each):04X}" for each in secret)


@pytest.mark.parametrize("secret", ["ab+/cd==ef", "ab cd ö&<ef>", "ab\\cd\"e'f"])
@pytest.mark.parametrize(
    "written",
    [
        str,
        quote,
        quote_plus,
        lowered,
        escaped,
        html.escape,
        repr,
        json.dumps,
        lambda secret: json.dumps(secret, ensure_ascii=False),
        lambda secret: json.dumps(secret).replace("/", "\\/"),
        lambda secret: "".join(each if each.isalnum() else f"&#{ord(each)};" for each in secret),
    ],
)
async def test_a_secret_is_blotted_out_however_a_server_writes_it(
    server: Server, client: HttpClient, secret: str, written: Callable[[str], str]
) -> None:
    access = Access(user="reader", password=secret)
    seen = written(secret)
    server.body = vector(({"at": seen}, "1"), warnings=[seen]).encode()
    answer = await ask(server, client, access)
    assert "***" in answer.samples[0].labels["at"]
    assert "***" in answer.warnings[0]
    server.body, server.status = f"{'x' * 285} {seen}".encode(), 400
    refused = await refusal(server, client, access)
    server.status, server.headers = 302, [f"Location: http://elsewhere/?of={seen}"]
    for shown in (refused, await refusal(server, client, access), str(answer)):
        assert "cd" not in shown


async def refusal(server: Server, client: HttpClient, access: Access) -> str:
    with pytest.raises(PermanentError) as caught:
        await ask(server, client, access)
    return str(caught.value)


async def test_the_name_of_a_label_that_repeats_our_secret_is_blotted_out(server: Server, client: HttpClient) -> None:
    server.body = vector(({f"is_{SECRET}": "x"}, "1")).encode()
    (sample,) = (await ask(server, client, BEARER)).samples
    assert sample.labels == {"is_***": "x"}


async def test_no_half_of_a_secret_is_shown_where_an_answer_is_cut_off(server: Server, client: HttpClient) -> None:
    for before in range(270, 300):
        server.body = f"{'x' * before}{SECRET * 3}".encode()
        with pytest.raises(PermanentError) as caught:
            await ask(server, client, BEARER)
        assert "s3c" not in str(caught.value)


async def test_an_answer_that_only_its_secret_spoils_is_refused_all_the_same(
    server: Server, client: HttpClient
) -> None:
    server.body = vector(({}, "12secret")).encode()
    with pytest.raises(PermanentError, match=r"answered with a series that has not one value: .*12\*\*\*"):
        await ask(server, client, Access(token="secret"))
    server.body = vector(({"of": "SECRET"}, "1")).replace("SECRET", 'se"cret').encode()
    with pytest.raises(PermanentError, match="cannot be read for a secret that stands in it"):
        await ask(server, client, Access(token='se"cret'))


async def test_a_header_of_a_query_is_not_sent_beside_the_configured_one(server: Server, client: HttpClient) -> None:
    asker = Asker(server.address, client, "Http", str, Access(headers={"X-Scope-OrgID": "ours"}))
    sent = Sent({"x-scope-orgid": "theirs", "X-More": "yes"}, body=b"a=b")
    await asker.question("a").ask("POST", asker.at("/stats"), sent)
    assert {"X-Scope-OrgID: ours", "X-More: yes"} <= set(server.heads[0].split("\r\n"))
    assert "theirs" not in server.heads[0]


async def test_a_redirect_is_named_and_gets_no_token(server: Server, client: HttpClient) -> None:
    server.status, server.headers = 307, ["Location: http://elsewhere.example/"]
    with pytest.raises(PermanentError, match=r"a redirect to http://elsewhere\.example/, and redirects are not"):
        await ask(server, client, BEARER)
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "access", [Access(token="two\r\nlines"), Access(headers={"X-A": "two\nlines"}), Access(headers={"X A": "one"})]
)
def test_what_cannot_stand_in_a_header_is_refused_and_not_repeated(access: Access) -> None:
    with pytest.raises(InvalidError, match="header") as caught:
        PrometheusSource("http://127.0.0.1:1", HttpClient(), access=access)
    assert "lines" not in str(caught.value)


def test_a_token_and_a_user_at_once_are_refused() -> None:
    with pytest.raises(InvalidError, match="not both"):
        Access(token="one", user="two", password="three").sent()
