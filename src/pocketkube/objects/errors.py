"""What the store refuses, each with the HTTP status and the reason that Kubernetes gives it."""

from typing import Any


class StoreError(Exception):
    """A refusal; `code` and `reason` are those of a Kubernetes Status object."""

    code = 500
    reason = "InternalError"

    def __init__(self, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}


class NotFoundError(StoreError):
    code = 404
    reason = "NotFound"


class AlreadyExistsError(StoreError):
    code = 409
    reason = "AlreadyExists"


class ConflictError(StoreError):
    code = 409
    reason = "Conflict"


class ForbiddenError(StoreError):
    code = 403
    reason = "Forbidden"


class InvalidError(StoreError):
    code = 422
    reason = "Invalid"


class ExpiredError(StoreError):
    """The asked version is older than the history that is kept; list again."""

    code = 410
    reason = "Expired"
