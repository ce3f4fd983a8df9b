"""Samples of a file: their name."""

from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot
from lockgate.specs.queries.reading import given
from lockgate.specs.tables import Fields

OBJECT = Fields(("samples",))


def read_samples(reader: Reader, spot: Spot) -> str | None:
    if isinstance(spot.value, str):
        return reader.text(spot)
    return reader.text(given(reader, spot, OBJECT).get("samples"))
