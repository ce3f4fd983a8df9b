"""Write the JSON Schemas of a gate's files into docs/reference: `.venv/bin/python tools/write_schemas.py`."""

import json
from pathlib import Path

from lockgate.specs.schemas import schemas

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"

for name, schema in schemas().items():
    (FOLDER / name).write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")
