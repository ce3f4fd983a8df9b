"""Which source an indicator is measured with, and what that source is asked."""

from collections.abc import Mapping

from lockgate.domain.errors import InvalidError, UnknownKindError
from lockgate.domain.gate import Query
from lockgate.domain.source_name import KINDS, source_name
from lockgate.specs.fields import Reader, meant
from lockgate.specs.placeholders import is_in, unknown_in
from lockgate.specs.positions import Spot, plain
from lockgate.specs.queries.dynatrace import read_dynatrace
from lockgate.specs.queries.http_json import read_http
from lockgate.specs.queries.prometheus import read_prometheus
from lockgate.specs.queries.reading import Read
from lockgate.specs.queries.samples import read_samples

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


def read_query(reader: Reader, spot: Spot | None, source: str | None) -> Query | None:
    """A text, or an object for a source that is asked by one, as the kind of *source* takes it (None: no source could
    be read); its placeholders must be known. What a placeholder stands in is read when it is asked."""
    if spot is None:
        return None
    query: Query | None
    if isinstance(spot.value, dict):
        found = plain(spot)
        if not spot.value:
            reader.fault(spot, "must not be empty")
        query = found if isinstance(found, dict) and found else None
    else:
        query = reader.text(spot)
    if query is None:
        return None
    for sentence in unknown_in(query):
        reader.fault(spot, sentence)
    if source is not None:
        _READERS[source_name(source).kind](_BeforeItIsAsked(reader), spot)
    return query


_READERS: Mapping[str, Read[object]] = {
    "dynatrace": read_dynatrace,
    "file": read_samples,
    "http": read_http,
    "prometheus": read_prometheus,
}


class _BeforeItIsAsked(Reader):
    """Notes the faults in another one, but for those of texts that will be others by then."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.file)
        self._into = reader

    def lasting_fault(self, spot: Spot, message: str) -> None:
        self._into.fault(spot, message)

    def fault(self, spot: Spot, message: str) -> None:
        if not (isinstance(spot.value, str) and is_in(spot.value)):
            self._into.fault(spot, message)
