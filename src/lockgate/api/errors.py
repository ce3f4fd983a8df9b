"""From errors to answers: one table, looked up along the error's ancestors (RFC 9457 problem details)."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lockgate.api.shapes import Problem
from lockgate.domain.errors import (
    ConflictError,
    InvalidError,
    LockgateError,
    NotFoundError,
    PermanentError,
    SpecError,
    TransientError,
)

log = logging.getLogger(__name__)

STATUS_OF: Mapping[type[Exception], int] = {
    InvalidError: 422,
    NotFoundError: 404,
    ConflictError: 409,
    TransientError: 503,
    PermanentError: 422,  # a metric source that is no such source, for one: asking again as it is mends nothing
    LockgateError: 500,
}


DESCRIBED: dict[int | str, dict[str, Any]] = {
    code: {"description": what, "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
    for code, what in (("4XX", "refused, and why"), ("5XX", "not possible now, and why"))
}
"""For the description of the API."""


def install(app: FastAPI) -> None:
    app.add_exception_handler(LockgateError, _ours)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, media_type="application/problem+json", headers=dict(headers or {}))


async def _ours(_: Request, error: Exception) -> JSONResponse:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    more: dict[str, Any] = {}
    if isinstance(error, SpecError):
        more["faults"] = [
            {"file": fault.file, "line": fault.line, "field": fault.field, "message": fault.message}
            for fault in error.faults
        ]
    if isinstance(error, NotFoundError):
        more["known"] = list(error.known)
    return problem(status, str(error), **more)


async def _malformed(_: Request, error: Exception) -> JSONResponse:
    """The request's shape is wrong. The value itself is not repeated: it might be a secret."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this type alone
    places = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    return problem(422, "; ".join(places))


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this type alone
    return problem(error.status_code, str(error.detail), error.headers)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return problem(500, "internal error: the log of lockgate has its story")
