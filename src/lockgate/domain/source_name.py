"""What a gate's file calls a metric source."""

import re
from dataclasses import dataclass

from lockgate.domain.errors import InvalidError, UnknownKindError

KINDS = ("dynatrace", "file", "http", "prometheus")
INSTANCE = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class SourceName:
    """What a gate's file calls a source: a kind, or `kind/instance` where there are several, such as
    `prometheus/eu`. The whole text names exactly one source, so an instance cannot take a kind's place."""

    kind: str
    instance: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.instance}" if self.instance else self.kind


def source_name(text: str) -> SourceName:
    """Without regard to case. Raises UnknownKindError, and InvalidError for an instance that is no DNS label."""
    kind, slash, instance = text.casefold().partition("/")
    if kind not in KINDS:
        raise UnknownKindError("metric source", text, KINDS)
    if slash and not re.fullmatch(INSTANCE, instance):
        raise InvalidError(
            f"{text!r} is no name of a metric source: write {kind}/NAME, of letters, digits and '-', such as {kind}/eu"
        )
    return SourceName(kind, instance)
