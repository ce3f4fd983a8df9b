"""What the readers of queries share: their fields, and one that is asked now instead of read from a file."""

from collections.abc import Callable
from typing import TypeVar

from lockgate.domain.errors import InvalidError, SpecError
from lockgate.domain.gate import Query
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot, unplaced
from lockgate.specs.tables import Fields

T = TypeVar("T")
Read = Callable[[Reader, Spot], T | None]

AGGREGATES = ("avg", "min", "max", "sum", "last", "p50", "p90", "p95", "p99")
"""What makes one value of a series with many."""


def given(reader: Reader, spot: Spot, known: Fields) -> dict[str, Spot]:
    """The fields of an object. An optional one that is null or an empty text counts as not given, as tools write it."""
    fields = reader.mapping(spot, *known) or {}
    return {name: field for name, field in fields.items() if name in known.required or field.value not in (None, "")}


def texts(reader: Reader, spot: Spot | None) -> tuple[str, ...]:
    """A list of texts, none of them empty; it may be empty itself."""
    if spot is None:
        return ()
    if not isinstance(spot.value, list):
        reader.lasting_fault(spot, "must be a list of texts")
        return ()
    return tuple(text for text in map(reader.text, spot.value) if text is not None)


def parsed(read: Read[T], query: Query, source: str) -> T:
    """What *query*, its placeholders resolved, asks of the source of that name. Raises InvalidError with all that is
    wrong with it."""
    reader = Reader(source)
    asked = read(reader, unplaced(query))
    try:
        return reader.done(asked)
    except SpecError as error:
        wrong = "; ".join(f"{each.field}: {each.message}" if each.field else each.message for each in error.faults)
        raise InvalidError(f"{source} cannot be asked this: {wrong}") from error
