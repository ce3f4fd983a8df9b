"""Versions of the SLO and SLI formats."""

import re

from lockgate.specs.fields import Reader
from lockgate.specs.positions import Spot

KNOWN = r"0\.[12]\.[0-9]+|1\.0(\.0)?"


def read_version(reader: Reader, spot: Spot | None) -> None:
    """`spec_version` from 0.1.0 to 1.0; YAML reads a bare 1.0 as a number."""
    if spot is None:
        return
    if not isinstance(spot.value, str | float) or not re.fullmatch(KNOWN, str(spot.value)):
        reader.fault(spot, f"unknown version {spot.value!r}: known are 0.1.0 to 1.0")
