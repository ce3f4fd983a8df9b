"""Labels of an artifact: what its sender says of it, for queries to select by (`$LABEL.build`)."""

import re
from collections.abc import Mapping
from typing import Any

from lockgate.domain.errors import InvalidError

Labels = Mapping[str, str]

LABEL_NAME = r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*"
_NAME = re.compile(rf"(?=.{{1,63}}\Z){LABEL_NAME}")
_MOST, _LONGEST = 20, 200  # labels; characters of a value


def read_labels(value: Any) -> Labels:
    """Raises InvalidError that names the label."""
    if not isinstance(value, Mapping):
        raise InvalidError(f'labels must be an object of texts, such as {{"build": "b17"}}, not {value!r}')
    if len(value) > _MOST:
        raise InvalidError(f"labels has {len(value)} entries and may have {_MOST}")
    for name, text in value.items():
        if not _NAME.fullmatch(str(name)):
            raise InvalidError(
                f"label {name!r} is no name: letters, digits and '_', with '.' or '-' in between, up to 63 characters"
            )
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= _LONGEST:
            raise InvalidError(f"label {name} must be a text of 1 to {_LONGEST} characters in one line, not {text!r}")
    return dict(value)
