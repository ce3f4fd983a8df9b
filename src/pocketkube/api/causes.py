"""One reason why an object is refused: the field, why, and the words kube-apiserver has for it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pocketkube.objects.errors import InvalidError
from pocketkube.objects.kinds import Kind


@dataclass(frozen=True, slots=True)
class Cause:
    """A field's fault; becomes an entry of Status.details.causes."""

    field: str
    reason: str
    message: str

    @classmethod
    def required(cls, field: str, why: str = "") -> Self:
        return cls(field, "FieldValueRequired", "Required value" + (f": {why}" if why else ""))

    @classmethod
    def invalid(cls, field: str, value: Any, why: str) -> Self:
        return cls(field, "FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {why}")

    @classmethod
    def unsupported(cls, field: str, value: Any, known: Sequence[str]) -> Self:
        supported = ", ".join(json.dumps(name) for name in sorted(known))
        message = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        return cls(field, "FieldValueNotSupported", message)

    @classmethod
    def duplicate(cls, field: str, value: Any) -> Self:
        return cls(field, "FieldValueDuplicate", f"Duplicate value: {json.dumps(value)}")

    @classmethod
    def unknown_name(cls, field: str, value: Any) -> Self:
        return cls(field, "FieldValueNotFound", f"Not found: {json.dumps(value)}")


def refuse(kind: Kind, name: str, causes: Sequence[Cause]) -> None:
    """InvalidError with all causes, if there are any."""
    if not causes:
        return
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    called = kind.kind if not kind.group else f"{kind.kind}.{kind.group}"
    details = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    raise InvalidError(f'{called} "{name}" is invalid: {text}', {"causes": details})
