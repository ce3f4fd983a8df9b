"""The SLI file: which query gives each indicator's value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lockgate.domain.gate import Query
from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot, read_yaml
from lockgate.specs.sources import DEFAULT_SOURCE, read_query, read_source
from lockgate.specs.tables import Fields
from lockgate.specs.versions import read_version

FILE = Fields(("indicators",), ("spec_version",))
INDICATOR = Fields(("query",), ("source",))


@dataclass(frozen=True, slots=True)
class Sli:
    """*query* has its placeholders still in it."""

    source: str
    query: Query


def parse_sli(file: str, text: str) -> Mapping[str, Sli]:
    """Name → what to ask. `indicators: {NAME: query}` asks Prometheus; `{NAME: {source, query}}` any source. Raises
    SpecError."""
    reader = Reader(file)
    fields = reader.mapping(read_yaml(file, text), *FILE) or {}
    read_version(reader, fields.get("spec_version"))
    spot = fields.get("indicators")
    named = spot.value if spot is not None and isinstance(spot.value, dict) else {}
    if spot is not None and not named:
        reader.fault(spot, "must be an object of indicators, name: query, with at least one")
    found = {name: _sli(reader, each) for name, each in named.items()}
    return reader.done({name: sli for name, sli in found.items() if sli is not None})


def _sli(reader: Reader, spot: Spot) -> Sli | None:
    if not isinstance(spot.value, dict):
        query = read_query(reader, spot, DEFAULT_SOURCE)
        return None if query is None else Sli(DEFAULT_SOURCE, query)
    fields = reader.mapping(spot, *INDICATOR) or {}
    source = read_source(reader, fields.get("source")) if "source" in fields else DEFAULT_SOURCE
    query = read_query(reader, fields.get("query"), source)
    return None if source is None or query is None else Sli(source, query)


class AnyName(Mapping[str, Sli]):
    """Has every indicator, where there is nothing to look a name up in: the samples of a gate's test are given by name
    and nothing is asked for them, and an SLI file that cannot be read hides no fault of the SLO file."""

    def __getitem__(self, name: str) -> Sli:
        return Sli("File", name)

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
