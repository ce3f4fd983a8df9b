"""Numbers as people read them in sentences."""


def readable(value: float) -> str:
    """Three significant digits, whole numbers in full."""
    if value == round(value) and abs(value) < 1e15:
        return f"{value:.0f}" if value else "0"
    return f"{value:.3g}"


def told_apart(value: float, limit: float) -> tuple[str, str]:
    """Both in words that differ where the numbers differ: 1.0004 and 1, not 1 and 1. Of finite numbers: 17 digits
    tell any two of them apart."""
    if value == limit:
        return readable(value), readable(limit)
    pairs = ((_rounded(value, digits), _rounded(limit, digits)) for digits in range(3, 18))
    return next(pair for pair in pairs if pair[0] != pair[1])


def with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}" if unit else number


def _rounded(value: float, digits: int) -> str:
    if value == round(value) and abs(value) < 1e15:
        return readable(value)
    return f"{value:.{digits}g}"
