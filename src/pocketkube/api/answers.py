"""JSON answers."""

import json
from typing import Any

from starlette.responses import Response

from pocketkube.kit.trees import compact


def as_json(body: Any, code: int = 200, warnings: tuple[str, ...] = ()) -> Response:
    """Each warning becomes a header, which kubectl prints."""
    response = Response(compact(body), code, media_type="application/json")
    for warning in warnings:
        response.headers.append("Warning", f"299 - {json.dumps(warning)}")
    return response
