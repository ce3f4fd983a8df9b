"""Numbers as people read them in sentences."""

from functools import lru_cache


@lru_cache(maxsize=4096)  # points and limits are told over and over
def readable(value: float) -> str:
    """Three significant digits, whole numbers in full, and the whole part of others in full as well."""
    return _rounded(value, 3)


def told_apart(*values: float) -> tuple[str, ...]:
    """Each in words that differ where the numbers differ: 1.0004 and 1, not 1 and 1. Of finite numbers: 17 digits
    tell any two of them apart."""
    different = len(set(values))
    shown = (tuple([_rounded(value, digits) for value in values]) for digits in range(3, 18))
    return next(texts for texts in shown if len(set(texts)) == different)


def with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number


def _rounded(value: float, digits: int) -> str:
    text = f"{value:.{digits}g}"
    if abs(value) < 1e15 and (value == round(value) or "e+" in text):
        return f"{value:.0f}" if value else "0"
    return text
