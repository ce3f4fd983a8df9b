"""What may be asked: projects, deliveries, evaluations, events."""

import json
import math
from typing import Any

import httpx
import pytest

from lockgate.testing.world import DATABASE_VALUES, SHIPYARD, VALUES


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    assert told["type"] and told["title"] and told["detail"]
    return told


async def test_a_created_project_is_there_with_its_stages(bare: Any) -> None:
    answer = await bare.post("/v1/projects", {"name": "sockshop", "shipyard": SHIPYARD})
    assert answer.status_code == 201
    stages = [
        {"name": "dev", "deployment_strategy": "direct", "test_strategy": "functional"},
        {"name": "staging", "deployment_strategy": "blue_green_service", "test_strategy": "performance"},
        {"name": "production", "deployment_strategy": "blue_green_service", "test_strategy": None},
    ]
    assert answer.json() == {"name": "sockshop", "stages": stages}
    assert (await bare.get("/v1/projects/sockshop")).json() == answer.json()
    assert (await bare.get("/v1/projects")).json() == {"projects": [answer.json()]}


async def test_a_broken_shipyard_is_refused_with_file_line_and_field(bare: Any) -> None:
    broken = "stages:\n  - name: dev\n    deployment_strategy: blue-green\n"
    answer = await bare.post("/v1/projects", {"name": "sockshop", "shipyard": broken})
    assert answer.status_code == 422
    [fault] = problem(answer)["faults"]
    assert (fault["file"], fault["line"]) == ("shipyard.yaml", 3)
    assert "deployment_strategy" in fault["field"]
    assert "blue_green_service" in fault["message"]
    assert (await bare.get("/v1/projects")).json() == {"projects": []}


async def test_a_project_that_is_there_is_a_conflict(shop: Any) -> None:
    answer = await shop.post("/v1/projects", {"name": "sockshop", "shipyard": SHIPYARD})
    assert answer.status_code == 409
    assert "sockshop" in problem(answer)["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "Sock", "shipyard": SHIPYARD}, ["Sock", "well-formed"]),
        ({"name": "a" * 63, "shipyard": SHIPYARD}, ["63"]),
        ({"name": "sock"}, ["shipyard"]),
        ({"name": "sock", "shipyard": SHIPYARD, "registry": "x"}, ["registry"]),
        ({"name": "sock", "shipyard": 5}, ["shipyard"]),
        ({"name": "sock", "shipyard": "a: \ud800"}, ["shipyard", "UTF-8"]),
        ([], ["body"]),
    ],
)
async def test_a_malformed_project_is_refused(bare: Any, body: Any, words: list[str]) -> None:
    answer = await bare.client.post(
        "/v1/projects", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    for word in words:
        assert word in problem(answer)["detail"]


async def test_an_onboarded_service_gets_its_files_and_what_it_left_out(bare: Any) -> None:
    await bare.post("/v1/projects", {"name": "sockshop", "shipyard": SHIPYARD})
    own = {"values.yaml": VALUES, "tests/locustfile.py": "# mine\n"}
    answer = await bare.post("/v1/projects/sockshop/services", {"service": "carts", "files": own})
    assert answer.status_code == 201
    written = ["carts/perfspec/perfspec_prometheus.json", "carts/tests/locustfile.py", "carts/values.yaml"]
    assert answer.json() == {"service": "carts", "written": written}
    fixed = {"service": "carts-db", "files": {"values.yaml": DATABASE_VALUES}}
    answer = await bare.post("/v1/projects/sockshop/services", fixed)
    assert answer.json()["written"] == ["carts-db/values.yaml"]
    assert (await bare.get("/v1/projects/sockshop/services")).json() == {"services": ["carts", "carts-db"]}


async def test_a_service_that_is_there_is_a_conflict_that_says_how_to_change_it(shop: Any) -> None:
    answer = await shop.post("/v1/projects/sockshop/services", {"service": "carts", "files": {"values.yaml": VALUES}})
    assert answer.status_code == 409
    assert "lockgate clone sockshop" in problem(answer)["detail"]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"values.yaml": "image: ["},
        {"values.yaml": VALUES, "perfspec/perfspec.json": "{}"},
        {"values.yaml": VALUES, "tests/tests.yaml": "load: {users: -1}"},
        {"values.yaml": VALUES, "../carts/values.yaml": "x"},
        {"values.yaml": VALUES, "/etc/passwd": "x"},
        {"values.yaml": VALUES, "a//b": "x"},
        {"values.yaml": VALUES, "": "x"},
        {"values.yaml": VALUES, ".git/hooks/post-commit": "x"},
        {"values.yaml": VALUES, "x\u0000y": "x"},
        {"values.yaml": VALUES, "x": "\ud800"},
        {"values.yaml": VALUES, "\udfff": "x"},
        {"values.yaml": VALUES, "values.yaml/x": "x"},
    ],
)
async def test_files_that_no_service_can_have_are_refused_and_nothing_is_written(
    shop: Any, files: dict[str, str]
) -> None:
    body = json.dumps({"service": "orders", "files": files})
    answer = await shop.client.post(
        "/v1/projects/sockshop/services", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422, answer.text
    assert problem(answer)["detail"]
    assert (await shop.get("/v1/projects/sockshop/services")).json() == {"services": ["carts", "carts-db"]}


@pytest.mark.parametrize("path", ["/v1/projects/shop", "/v1/projects/shop/services"])
async def test_an_unknown_project_is_named_with_the_known_ones(shop: Any, path: str) -> None:
    answer = await shop.get(path)
    assert answer.status_code == 404
    assert problem(answer)["known"] == ["sockshop"]


async def test_a_delivery_tells_its_journey(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.1")
    journey = (await seeded.get(f"/v1/deliveries/{id_}")).json()
    assert journey["outcome"] == "rejected" and "upperSevere" in journey["reason"]
    assert journey["stages"] == ["dev", "staging", "production"]
    assert [(run["stage"], run["state"], run["outcome"], run["verdict"]) for run in journey["runs"]] == [
        ("dev", "finished", "promoted", "pass"),
        ("staging", "finished", "rejected", "fail"),
    ]
    [evaluation] = journey["evaluations"]
    assert evaluation["id"] == journey["runs"][1]["evaluation"]
    assert (evaluation["verdict"], evaluation["score"], evaluation["score_possible"]) == ("fail", 0, 100)
    assert evaluation["sentence"] == journey["runs"][1]["reason"]
    assert evaluation["would_pass"]


async def test_a_delivery_under_way_has_no_outcome(shop: Any) -> None:
    id_ = (await shop.announce("0.6.0")).json()["delivery"]
    journey = (await shop.get(f"/v1/deliveries/{id_}")).json()
    assert journey["outcome"] is None and journey["finished_at"] is None
    assert [(run["stage"], run["state"]) for run in journey["runs"]] == [("dev", "waiting")]


async def test_deliveries_are_listed_newest_first_and_by_project_and_service(seeded: Any) -> None:
    await seeded.deliver("0.6.2")
    tags = [one["tag"] for one in (await seeded.get("/v1/deliveries")).json()["deliveries"]]
    assert tags == ["0.6.2", "0.6.0"]
    own = await seeded.get("/v1/deliveries", project="sockshop", service="carts", limit=1)
    assert [one["tag"] for one in own.json()["deliveries"]] == ["0.6.2"]
    assert (await seeded.get("/v1/deliveries", service="carts-db")).json() == {"deliveries": []}


@pytest.mark.parametrize(
    ("path", "query", "known"),
    [
        ("/v1/deliveries", {"project": "shop"}, ["sockshop"]),
        ("/v1/deliveries", {"project": "sockshop", "service": "cart"}, ["carts", "carts-db"]),
        ("/v1/evaluations", {"project": "shop", "stage": "dev", "service": "carts"}, ["sockshop"]),
        (
            "/v1/evaluations",
            {"project": "sockshop", "stage": "stage", "service": "carts"},
            ["dev", "staging", "production"],
        ),
        ("/v1/evaluations", {"project": "sockshop", "stage": "dev", "service": "cart"}, ["carts", "carts-db"]),
    ],
)
async def test_a_wrong_name_in_a_listing_is_an_error_and_not_an_empty_list(
    shop: Any, path: str, query: dict[str, str], known: list[str]
) -> None:
    answer = await shop.get(path, **query)
    assert answer.status_code == 404, answer.text
    assert problem(answer)["known"] == known


@pytest.mark.parametrize(
    "path",
    [
        "/v1/deliveries/nobody",
        "/v1/evaluations/nobody",
        "/v1/events?delivery=nobody",
        "/v1/events/stream?delivery=nobody",
    ],
)
async def test_what_there_is_not_is_not_found(shop: Any, path: str) -> None:
    answer = await shop.get(path)
    assert answer.status_code == 404
    assert "nobody" in problem(answer)["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/deliveries?limit=0",
        "/v1/deliveries?limit=501",
        "/v1/deliveries?limit=ten",
        "/v1/deliveries?project=Sock%20Shop",
        "/v1/evaluations?project=sockshop",
        "/v1/events?since=-1",
        "/v1/events?since=9223372036854775808",
        "/v1/events?limit=1001",
    ],
)
async def test_a_malformed_question_is_refused(shop: Any, path: str) -> None:
    answer = await shop.get(path)
    assert answer.status_code == 422, answer.text
    problem(answer)


async def test_evaluations_are_listed_and_each_can_be_asked_for(seeded: Any) -> None:
    await seeded.deliver("0.6.1")
    await seeded.deliver("0.6.2")
    answer = await seeded.get("/v1/evaluations", project="sockshop", stage="staging", service="carts")
    found = answer.json()["evaluations"]
    assert [(one["tag"], one["verdict"]) for one in found] == [("0.6.2", "pass"), ("0.6.1", "fail")]
    assert (await seeded.get(f"/v1/evaluations/{found[1]['id']}")).json() == found[1]


async def test_an_evaluation_explains_itself_in_full(seeded: Any) -> None:
    await seeded.deliver("0.6.1")
    answer = await seeded.get("/v1/evaluations", project="sockshop", stage="staging", service="carts")
    [evaluation] = answer.json()["evaluations"]
    [indicator] = evaluation["indicators"]
    assert indicator["measurement"]["query"].endswith(f"release='{evaluation['release']}'}}")
    assert indicator["judged"][0]["value"] == 1.2
    assert indicator["set_aside"] == []
    assert indicator["targets"] == {"upperWarning": 0.8, "upperSevere": 1}
    assert indicator["violations"][0]["breach"] == "upperSevere"
    assert indicator["arithmetic"] and evaluation["arithmetic"]
    assert evaluation["spec"]["path"] == "carts/perfspec/perfspec.json" and len(evaluation["spec"]["revision"]) == 40


@pytest.mark.parametrize(("value", "text"), [(math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf")])
async def test_a_number_that_json_has_not_is_a_text(seeded: Any, value: float, text: str) -> None:
    seeded.world.monitoring.seconds["0.6.1"] = value
    id_ = await seeded.deliver("0.6.1")
    answer = await seeded.get(f"/v1/deliveries/{id_}")
    told = json.loads(answer.text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))
    [indicator] = told["evaluations"][0]["indicators"]
    samples = [*indicator["judged"], *(each["sample"] for each in indicator["set_aside"])]
    assert [sample["value"] for sample in samples] == [text]
    events = await seeded.get("/v1/events")
    json.loads(events.text, parse_constant=lambda constant: pytest.fail(f"{constant} is not JSON"))


async def test_events_are_read_from_a_cursor_on(seeded: Any) -> None:
    id_ = await seeded.deliver("0.6.2")
    first = (await seeded.get("/v1/events", limit=3)).json()
    assert [event["lockgatecursor"] for event in first["events"]] == [1, 2, 3] and first["cursor"] == 3
    rest = (await seeded.get("/v1/events", since=first["cursor"], limit=1000)).json()
    assert rest["events"][0]["lockgatecursor"] == 4
    none = (await seeded.get("/v1/events", since=rest["cursor"])).json()
    assert none == {"events": [], "cursor": rest["cursor"]}
    own = (await seeded.get("/v1/events", delivery=id_)).json()["events"]
    assert {event["shkeptncontext"] for event in own} == {id_}
    assert own[0]["type"] == "sh.keptn.events.new-artifact"
    assert own[-1]["type"] == "sh.lockgate.events.delivery-finished"


async def test_an_event_is_a_cloud_event(seeded: Any) -> None:
    event = (await seeded.get("/v1/events", limit=1)).json()["events"][0]
    assert event["specversion"] == "1.0" and event["datacontenttype"] == "application/json"
    assert {"id", "source", "type", "time", "shkeptncontext", "data"} <= event.keys()
    assert event["data"] == {
        "project": "sockshop",
        "service": "carts",
        "image": "docker.io/keptnexamples/carts",
        "tag": "0.6.0",
    }


async def test_a_kept_source_is_told_with_its_url(bare: Any) -> None:
    own = await bare.client.put("/v1/monitoring/prometheus", json={})
    assert own.json() == {"source": "prometheus", "url": "http://own:9090"}
    other = await bare.client.put("/v1/monitoring/prometheus", json={"url": "http://127.0.0.1:9"})
    assert other.json()["url"] == "http://127.0.0.1:9"


async def test_a_source_is_of_a_project_that_is_there_and_no_secret_comes_out(seeded: Any) -> None:
    url = "/v1/monitoring/dynatrace"
    body = {"url": "http://127.0.0.1:9", "token": "s3cret", "headers": {"X-A": "s3cret"}, "name": "eu"}
    kept = await seeded.client.put(url, json={**body, "project": "sockshop"})
    assert kept.json() == {"source": "dynatrace/eu", "url": "http://127.0.0.1:9"}
    strange = await seeded.client.put(url, json={**body, "project": "sockship"})
    assert (strange.status_code, problem(strange)["known"]) == (404, ["sockshop"])
    for broken in ({**body, "token": ["s3cret"]}, {**body, "headers": ["s3cret"]}, {**body, "name": "e u"}):
        answer = await seeded.client.put(url, json=broken)
        assert (answer.status_code, "s3cret" in answer.text) == (422, False)
    assert list(seeded.monitoring) == ["dynatrace/eu"]


async def test_an_unknown_source_and_a_misspelled_field_are_refused(bare: Any) -> None:
    answer = await bare.client.put("/v1/monitoring/promethius", json={})
    assert answer.status_code == 422 and "promethius" in problem(answer)["detail"]
    answer = await bare.client.put("/v1/monitoring/prometheus", json={"uri": "http://x"})
    assert answer.status_code == 422 and "uri" in problem(answer)["detail"]
    assert bare.monitoring == {}


async def test_the_description_of_the_api_is_openapi_3_1_and_names_every_shape(bare: Any) -> None:
    described = (await bare.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            codes = [code for code in operation["responses"] if code.startswith("2")]
            assert len(codes) == 1, f"{method} {path}"
            [content] = operation["responses"][codes[0]]["content"].values()
            assert content["schema"] not in ({}, None), f"{method} {path} does not say what it answers"
            if method in ("post", "put") and not path.endswith("/page"):
                assert operation["requestBody"]["content"], f"{method} {path} does not say what it takes"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_no_page_loads_code_from_elsewhere(bare: Any, path: str) -> None:
    assert (await bare.get(path)).status_code == 404


async def test_a_window_beyond_all_calendars_is_refused(bare: Any) -> None:
    place = {"project": "sockshop", "stage": "staging", "service": "carts"}
    window = {"start": "0001-01-01T00:00:00+14:00", "end": "0001-01-02T00:00:00+14:00"}
    answer = await bare.post("/v1/evaluations/now", {**place, **window})
    assert answer.status_code == 422
    assert "no moment that anything was measured at" in answer.text
