"""What may be posted to /v1/events, and what is refused there."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from lockgate.api.incoming import read_event
from lockgate.domain.errors import InvalidError
from lockgate.domain.event import EventType
from lockgate.testing.world import IMAGE


def data(**fields: Any) -> dict[str, Any]:
    whole = {"project": "sockshop", "service": "carts", "image": IMAGE, "tag": "0.6.0", **fields}
    return {name: value for name, value in whole.items() if value is not None}


async def stored(api: Any) -> list[Any]:
    return list(await api.world.store.since(0))


async def refused(api: Any, answer: httpx.Response, *words: str) -> None:
    """422 with *words*, and nothing came of it."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in answer.json()["detail"]
    assert await stored(api) == []
    assert await api.world.store.listing() == ()


async def test_an_announced_artifact_is_a_delivery_with_a_page_and_a_command_to_follow(shop: Any) -> None:
    answer = await shop.announce("0.6.0")
    assert answer.status_code == 202
    told = answer.json()
    assert told["event"] == {"id": "id-1", "source": "test", "given": True}
    assert told["page"].startswith("http://127.0.0.1:7676/open?code=")
    assert told["follow"].startswith(f"lockgate get delivery {told['delivery']}")
    assert told["warnings"] == []
    delivery = await shop.world.store.delivery(told["delivery"])
    assert (delivery.project, delivery.service, delivery.artifact.reference) == ("sockshop", "carts", f"{IMAGE}:0.6.0")


@pytest.mark.parametrize("type_", ["sh.keptn.events.new-artifact", "sh.keptn.events.new-artefact"])
@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents+json; charset=utf-8", ""])
async def test_both_spellings_are_taken_and_one_is_told(shop: Any, type_: str, kind: str) -> None:
    body = {"specversion": "1.0", "id": "1", "source": "s", "type": type_, "data": data()}
    answer = await shop.client.post("/v1/events", content=json.dumps(body), headers={"Content-Type": kind})
    assert answer.status_code == 202, answer.text
    assert [event.type for event in await stored(shop)] == [EventType.NEW_ARTIFACT.value]


async def test_the_document_s_own_body_of_version_0_2_is_taken(shop: Any) -> None:
    body = {
        "specversion": "0.2",
        "id": "f2b878d3-03c0-4e8f-bc3f-454bc1b3d79d",
        "type": "sh.keptn.events.new-artefact",
        "source": "https://github.com/keptn/keptn/cli#new-artifact",
        "time": "2019-05-28T04:22:50.1Z",
        "contenttype": "application/json",
        "data": data(tag="0.6.1_prometheus"),
    }
    answer = await shop.post("/v1/events", body)
    assert answer.status_code == 202, answer.text
    [event] = await stored(shop)
    assert (event.id, event.source) == (body["id"], body["source"])
    assert event.time.isoformat() == "2019-05-28T04:22:50.100000+00:00"


@pytest.mark.parametrize("version", ["0.2", "1.0"])
async def test_a_binary_event_is_taken(shop: Any, version: str) -> None:
    headers = {
        "ce-specversion": version,
        "ce-id": "b-1",
        "ce-source": "a%20b",
        "ce-type": "sh.keptn.events.new-artifact",
        "ce-time": "2026-01-01T00:00:00Z",
        "ce-shkeptncontext": "my-context",
        "Content-Type": "application/json",
    }
    answer = await shop.client.post("/v1/events", content=json.dumps(data()), headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.json()["delivery"] == "my-context"
    assert answer.json()["event"] == {"id": "b-1", "source": "a b", "given": True}


@pytest.mark.parametrize("missing", [{"id": None}, {"source": None}, {"id": None, "source": None}, {"id": ""}])
async def test_an_event_without_identity_gets_one_and_the_reply_says_so(shop: Any, missing: dict[str, Any]) -> None:
    told = (await shop.announce("0.6.0", **missing)).json()["event"]
    assert told["given"] is False
    assert told["id"] and told["source"]
    [event] = await stored(shop)
    assert (event.id, event.source) == (told["id"], told["source"])


async def test_the_same_event_twice_is_the_same_delivery(shop: Any) -> None:
    first, again = await shop.announce("0.6.0"), await shop.announce("0.6.0")
    assert first.json()["delivery"] == again.json()["delivery"]
    assert len(await stored(shop)) == 1
    other = await shop.announce("0.6.0", id="id-2")
    assert other.json()["delivery"] != first.json()["delivery"]


async def test_a_context_that_belongs_to_another_event_is_a_conflict(shop: Any) -> None:
    assert (await shop.announce("0.6.0", shkeptncontext="mine")).json()["delivery"] == "mine"
    assert (await shop.announce("0.6.0", shkeptncontext="mine", id="id-2")).status_code == 409


async def test_an_artifact_that_was_rejected_may_be_sent_again_with_a_warning(seeded: Any) -> None:
    await seeded.deliver("0.6.1")
    answer = await seeded.announce("0.6.1", id="again")
    assert answer.status_code == 202
    assert "rejected before" in answer.json()["warnings"][0] and "upperSevere" in answer.json()["warnings"][0]


OTHER_TYPES = [type_.value for type_ in EventType if type_ is not EventType.NEW_ARTIFACT]


@pytest.mark.parametrize("type_", [*OTHER_TYPES, "sh.keptn.events.problem", "x", "SH.KEPTN.EVENTS.NEW-ARTIFACT"])
async def test_every_other_type_is_refused_with_the_accepted_ones(shop: Any, type_: str) -> None:
    answer = await shop.announce("0.6.0", type=type_)
    await refused(shop, answer, type_, "sh.keptn.events.new-artefact", "sh.keptn.events.new-artifact")


async def test_no_posted_event_changes_a_verdict(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.1")
    before = (await seeded.get(f"/v1/deliveries/{id_}")).json()
    passing = data(stage="staging", tag="0.6.1", evaluationpassed=True)
    answer = await seeded.announce(
        "0.6.1", id="x", type=EventType.EVALUATION_DONE.value, shkeptncontext=id_, data=passing
    )
    assert answer.status_code == 422
    await seeded.world.settle()
    assert (await seeded.get(f"/v1/deliveries/{id_}")).json() == before


@pytest.mark.parametrize("stage", ["dev", "staging", "production"])
async def test_nobody_says_from_outside_at_which_stage_to_start(shop: Any, stage: str) -> None:
    await refused(shop, await shop.announce("", data=data(stage=stage)), stage, "first stage")


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"specversion": "0.3"}, ["specversion", "0.3", "0.2", "1.0"]),
        ({"specversion": ["1.0"]}, ["specversion"]),
        ({"type": None}, ["type"]),
        ({"type": 7}, ["type"]),
        ({"id": 7}, ["id"]),
        ({"id": "x" * 501}, ["id", "500"]),
        ({"id": "a\nb"}, ["id", "printable"]),
        ({"id": "\ud800"}, ["id"]),
        ({"source": {"a": 1}}, ["source"]),
        ({"time": "yesterday"}, ["time", "yesterday", "RFC 3339"]),
        ({"time": "2026-01-01T00:00:00"}, ["time"]),
        ({"time": "0001-01-01T00:00:00+23:00"}, ["time"]),
        ({"time": 5}, ["time"]),
        ({"shkeptncontext": "../../etc"}, ["shkeptncontext", "../../etc"]),
        ({"shkeptncontext": "x" * 101}, ["shkeptncontext"]),
        ({"shkeptncontext": 5}, ["shkeptncontext"]),
        ({"data": None}, ["data"]),
        ({"data": "text"}, ["data"]),
        ({"data": [1]}, ["data"]),
        ({"data": data(project=None)}, ["data.project", "missing"]),
        ({"data": data(service="")}, ["data.service", "missing"]),
        ({"data": data(image=None)}, ["data.image", "missing"]),
        ({"data": data(image={"a": 1})}, ["data.image", "text"]),
        ({"data": data(image="a b")}, ["a b"]),
        ({"data": data(image="\ud800")}, ["data.image"]),
        ({"data": data(tag=6)}, ["data.tag", "text"]),
        ({"data": data(tag="a/b")}, ["a/b"]),
        ({"data": data(labels=["x"])}, ["labels must be an object of texts"]),
        ({"data": data(labels=[])}, ["labels must be an object of texts", "[]"]),
        ({"data": data(labels=False)}, ["labels must be an object of texts", "False"]),
        ({"data": data(labels={"a b": "x"})}, ["label 'a b' is no name"]),
        ({"data": data(labels={"n" * 64: "x"})}, ["is no name"]),
        ({"data": data(labels={"build": 7})}, ["label build must be a text", "7"]),
        ({"data": data(labels={"build": "a\nb"})}, ["label build must be a text"]),
        ({"data": data(labels={f"l{n}": "x" for n in range(21)})}, ["labels has 21 entries and may have 20"]),
        ({"data": data(image=f"{IMAGE}:1", tag="2")}, ["--tag"]),
        ({"data": data(taag="x")}, ["data.taag", "project, service, image, tag"]),
        ({"data": data(project="Sock Shop")}, ["Sock Shop", "well-formed"]),
        ({"data": data(service="carts-db")}, ["carts-db", "fixed image"]),
    ],
)
async def test_a_malformed_event_is_refused_by_name_and_value(
    shop: Any, attributes: dict[str, Any], words: list[str]
) -> None:
    content = json.dumps({**envelope(), **attributes})
    await refused(shop, await shop.client.post("/v1/events", content=content), *words)


def envelope() -> dict[str, Any]:
    return {"specversion": "1.0", "id": "1", "source": "s", "type": "sh.keptn.events.new-artifact", "data": data()}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000])
async def test_a_body_that_is_no_event_is_refused(shop: Any, body: bytes) -> None:
    await refused(shop, await shop.client.post("/v1/events", content=body))


async def test_an_unknown_project_and_an_unknown_service_are_refused_with_the_known_ones(shop: Any) -> None:
    answer = await shop.announce("", data=data(project="sockshoop"))
    assert answer.status_code == 404
    assert answer.json()["known"] == ["sockshop"] and "sockshoop" in answer.json()["detail"]
    answer = await shop.announce("", data=data(service="cart"))
    assert answer.status_code == 404
    assert answer.json()["known"] == ["carts", "carts-db"]
    assert await stored(shop) == []


async def test_labels_are_kept_with_the_delivery_and_its_event(shop: Any) -> None:
    answer = await shop.announce("", data=data(labels={"build": "b17"}))
    delivery = await shop.world.store.delivery(answer.json()["delivery"])
    assert delivery.labels == {"build": "b17"}
    (event,) = await shop.world.events(delivery.id)
    assert event.data["labels"] == {"build": "b17"}


async def test_the_tag_may_stand_in_the_image_and_is_latest_otherwise(shop: Any) -> None:
    inline = await shop.announce("", id="1", data=data(image=f"{IMAGE}:0.6.0", tag=None))
    latest = await shop.announce("", id="2", data=data(tag=None))
    tags = [(await shop.world.store.delivery(each.json()["delivery"])).artifact.tag for each in (inline, latest)]
    assert tags == ["0.6.0", "latest"]


def test_a_sender_cannot_call_itself_lockgate() -> None:
    body = b'{"specversion":"1.0","id":"1","source":"lockgate","type":"sh.keptn.events.new-artifact","data":{}}'
    with pytest.raises(InvalidError, match="Lockgate's own"):
        read_event({}, body, datetime(2026, 1, 1, tzinfo=UTC))
