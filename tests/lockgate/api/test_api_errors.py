"""One table from errors to answers."""

import logging
from typing import Any

import pytest

from lockgate.domain.errors import (
    ConflictError,
    Fault,
    FencedError,
    InvalidError,
    LockgateError,
    NotFoundError,
    PermanentError,
    SpecError,
    TransientError,
    UnknownKindError,
)

STATUSES = [
    (InvalidError("wrong"), 422),
    (UnknownKindError("source", "x", ["y"]), 422),
    (SpecError([Fault("f.yaml", 3, "a.b", "wrong")]), 422),
    (PermanentError("no such thing there"), 422),
    (NotFoundError("thing", "x", ["y"]), 404),
    (ConflictError("taken"), 409),
    (FencedError("late"), 422),
    (TransientError("http://127.0.0.1:9 refused"), 503),
    (LockgateError("plain"), 500),
]


@pytest.mark.parametrize(("error", "status"), STATUSES, ids=lambda value: type(value).__name__)
async def test_each_error_of_ours_has_its_status_and_keeps_its_words(bare: Any, error: Exception, status: int) -> None:
    bare.breaks = error
    answer = await bare.client.put("/v1/monitoring/prometheus", json={})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["detail"] == str(error)
    assert (told["type"], told["status"]) == ("about:blank", status) and told["title"]


async def test_every_fault_of_a_file_is_told_with_its_place(bare: Any) -> None:
    bare.breaks = SpecError([Fault("f.yaml", 3, "a.b", "wrong"), Fault("g.json", 0, "", "is missing")])
    told = (await bare.client.put("/v1/monitoring/prometheus", json={})).json()
    assert told["faults"] == [
        {"file": "f.yaml", "line": 3, "field": "a.b", "message": "wrong"},
        {"file": "g.json", "line": 0, "field": "", "message": "is missing"},
    ]


async def test_a_bug_says_nothing_outside_and_everything_in_the_log(
    bare: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bare.breaks = RuntimeError("secret-of-the-bug")
    with caplog.at_level(logging.ERROR, "lockgate"):
        answer = await bare.client.put("/v1/monitoring/prometheus", json={})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret-of-the-bug" not in answer.text
    assert "PUT /v1/monitoring/prometheus" in caplog.text
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    "body", [b'{"url": "s3cret', b'{"url": ["s3cret"]}', b'"s3cret"', b"\xffs3cret", b"[" * 100_000]
)
async def test_a_malformed_body_is_refused_without_being_repeated(bare: Any, body: bytes) -> None:
    answer = await bare.client.put(
        "/v1/monitoring/prometheus", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "s3cret" not in answer.text


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(bare: Any) -> None:
    for answer, status in ((await bare.get("/v1/nothing"), 404), (await bare.client.delete("/v1/projects"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
