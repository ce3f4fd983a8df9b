"""Samples from a file, in the form of gate tests: for tests, demonstrations and replays."""

import json
from collections.abc import Mapping
from typing import Any

from lockgate.domain.errors import InvalidError, PermanentError, TransientError
from lockgate.domain.evaluation import Answer, Sample, Window
from lockgate.ports.metric_source import Query
from lockgate.sources.answers import MalformedError, clip, is_number, json_value, read_json
from lockgate.specs.queries.reading import parsed
from lockgate.specs.queries.samples import read_samples

_FORM = 'a list of {"key" or "labels", "value", "timestamp"}, {"error": TEXT} or {"timeout": true}'


class FileSource:
    """*text* is JSON: name → a list of samples, `{"error": TEXT}` or `{"timeout": true}`. A query is a name, or
    `{"samples": NAME}`. Raises InvalidError for a file that is not of this form."""

    def __init__(self, text: str, name: str = "File") -> None:
        self._name = name
        try:
            held = read_json(text)
        except MalformedError as error:
            raise InvalidError(f"{name}: the file of samples is no JSON, or has a name twice") from error
        if not isinstance(held, dict):
            raise InvalidError(f"{name}: the file of samples must be an object: name → {_FORM}")
        self._entries: Mapping[str, Any] = held
        for entry in held:
            self._entry(entry)

    async def query(self, query: Query, window: Window) -> Answer:
        """A sample without a timestamp is of the window's end. PermanentError for a name that is not there and for
        an entry that is an error; TransientError for one that is a time-out."""
        name = parsed(read_samples, query, self._name)
        shown = query if isinstance(query, str) else json.dumps(query, ensure_ascii=False)
        if name not in self._entries:
            raise PermanentError(
                f"{self._name} holds no samples for the query {clip(shown)}: there is {clip(', '.join(self._entries))}"
            )
        match self._entry(name):
            case str(error):
                raise PermanentError(f"{self._name} says: {clip(error)} (query {clip(shown)})")
            case None:
                raise TransientError(f"{self._name} gave no answer in time (query {clip(shown)})")
            case rows:
                end = window.end.timestamp()
                samples = tuple(Sample(labels, value, end if at is None else at) for labels, value, at in rows)
                return Answer(samples, f"samples {shown}")

    def _entry(self, name: str) -> list[tuple[dict[str, str], float, float | None]] | str | None:
        """Samples, an error, or None for a time-out."""
        match self._entries[name]:
            case {"error": str(error), **rest} if not rest:
                return error
            case {"timeout": True, **rest} if not rest:
                return None
            case list(rows):
                return [self._row(name, row) for row in rows]
            case other:
                raise InvalidError(f"{self._name}: {name} must be {_FORM}, not {clip(json.dumps(other))}")

    def _row(self, name: str, row: Any) -> tuple[dict[str, str], float, float | None]:
        match row:
            case {"value": value, **rest} if not rest.keys() - {"key", "labels", "timestamp"}:
                at, labels = rest.get("timestamp"), rest.get("labels", {})
                key = {"key": rest["key"]} if "key" in rest else {}
                if isinstance(labels, dict) and (at is None or is_number(at)):
                    named = {**labels, **key}
                    if all(isinstance(text, str) for text in named.values()):
                        return named, self._value(name, value), None if at is None else float(at)
        raise InvalidError(f"{self._name}: a sample of {name} must be of the form {_FORM}, not {clip(json.dumps(row))}")

    def _value(self, name: str, value: Any) -> float:
        try:
            return json_value(value)
        except MalformedError as error:
            raise InvalidError(f"{self._name}: a value of {name} is no number: {clip(json.dumps(value))}") from error
