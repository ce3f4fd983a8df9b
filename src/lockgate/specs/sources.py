"""Which source an indicator is measured with, and what that source is asked."""

from lockgate.domain.errors import InvalidError, UnknownKindError
from lockgate.domain.gate import Query
from lockgate.domain.source_name import KINDS, source_name
from lockgate.specs.fields import Reader, meant
from lockgate.specs.placeholders import unknown_in
from lockgate.specs.positions import Spot, plain

DEFAULT_SOURCE = "Prometheus"


def read_source(reader: Reader, spot: Spot | None) -> str | None:
    """A kind, or `kind/instance`, without regard to case; the kind comes back with a capital."""
    text = reader.text(spot)
    if spot is None or text is None:
        return None
    try:
        name = source_name(text)
    except UnknownKindError:
        reader.fault(spot, f"unknown metric source {text!r}{meant(text, list(KINDS))}, or one of them with /NAME")
        return None
    except InvalidError as error:
        reader.fault(spot, str(error))
        return None
    kind = name.kind.capitalize()
    return f"{kind}/{name.instance}" if name.instance else kind


def read_query(reader: Reader, spot: Spot | None) -> Query | None:
    """A text, or an object for a source that is asked by one; its placeholders must be known."""
    if spot is None:
        return None
    query: Query | None
    if isinstance(spot.value, dict):
        found = plain(spot)
        if not spot.value:
            reader.fault(spot, "must not be empty")
        query = found if isinstance(found, dict) else None
    else:
        query = reader.text(spot)
    for sentence in unknown_in(query) if query else ():
        reader.fault(spot, sentence)
    return query
