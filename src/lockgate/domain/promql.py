"""What a PromQL text lets one see without running it: whether it can mix releases, and how far it looks back.

An approximation for warnings and explanations; no verdict depends on it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lockgate.domain.source_name import source_name

_AGGREGATION = re.compile(
    r"(?<![\w:.])(?:sum|avg|min|max|count|group|stddev|stdvar|quantile|count_values)\s*"
    r"(?P<grouping>(?:by|without)\s*\([^)]*\)\s*)?\(",
    re.IGNORECASE,
)
_GROUPING = re.compile(r"\s*(?P<grouping>(?:by|without)\s*\([^)]*\))", re.IGNORECASE)
_QUOTED = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)""", re.DOTALL)
_SELECTOR = re.compile(r"\{[^{}]*\}")
_LOOKBACK = re.compile(r"\[\s*([^\]:]*?)\s*(?::[^\]]*)?\]")
_DURATION = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


def promql_in(source: str, query: str | Mapping[str, Any]) -> str | None:
    """The PromQL of an indicator: the text, or what stands under `query` in an object. None: it is no Prometheus that
    is asked, or no text is there."""
    if source_name(source).kind != "prometheus":
        return None
    text = query if isinstance(query, str) else query.get("query")
    return text if isinstance(text, str) else None


def mixes_releases(query: str, release: str = "$RELEASE") -> bool:
    """Whether *query* joins series into one without keeping the label `release` and without selecting *release*."""
    return any(
        not _keeps_release(grouping) and not selects_release(argument, release)
        for grouping, argument in _aggregations(query)
    )


def selects_release(query: str, release: str = "$RELEASE") -> bool:
    """Whether every selector with braces in *query*, and there is one, asks for `release="<release>"`."""
    wanted = re.compile(rf"""[{{,]\s*release\s*=~?\s*(["'`]){re.escape(release)}\1""")
    selectors = _SELECTOR.findall(query)
    return bool(selectors) and all(wanted.search(selector) for selector in selectors)


def lookbacks(query: str) -> tuple[str, ...]:
    """The ranges as they are written, such as `5m`; placeholders may stand in them."""
    return tuple(_LOOKBACK.findall(_QUOTED.sub('""', query)))


def lookback_seconds(query: str) -> float:
    """The longest range of a query without placeholders; 0 when it has none, infinite for one beyond all numbers."""
    return max((_seconds(text) for text in lookbacks(query)), default=0.0)


def _seconds(text: str) -> float:
    return sum(float(amount) * _SECONDS[unit] for amount, unit in _DURATION.findall(text))


def _aggregations(query: str) -> Iterator[tuple[str, str]]:
    """(grouping clause or nothing, argument) of each aggregation."""
    bare = _QUOTED.sub(lambda match: match[0].translate(_HARMLESS), query)
    for match in _AGGREGATION.finditer(bare):
        end = _closing(bare, match.end())
        after = _GROUPING.match(bare, end + 1)
        yield match["grouping"] or (after["grouping"] if after else ""), bare[match.end() : end]


_HARMLESS = str.maketrans("(){}[]", "......")  # brackets inside a text close nothing


def _closing(query: str, start: int) -> int:
    depth = 1
    for index in range(start, len(query)):
        depth += {"(": 1, ")": -1}.get(query[index], 0)
        if depth == 0:
            return index
    return len(query)


def _keeps_release(grouping: str) -> bool:
    names: list[str] = re.findall(r"\w+", grouping.lower())
    if not names:
        return False
    return ("release" in names) == (names[0] == "by")
