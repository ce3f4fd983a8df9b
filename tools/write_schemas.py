"""Writes the JSON Schemas of the files that users write into docs/reference (`make schemas`)."""

import json
from pathlib import Path

from lockgate.charts.schema import values_schema
from lockgate.specs.schemas import SCHEMAS

REFERENCE = Path(__file__).resolve().parents[1] / "docs/reference"


def main() -> None:
    for name, schema in {**SCHEMAS, "values": values_schema}.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
        (REFERENCE / f"{name}.schema.json").write_text(text)


if __name__ == "__main__":
    main()
