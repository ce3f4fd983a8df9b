"""What a format knows, as data: the fields of its objects and the ranges of its numbers, for readers and schemas."""

from typing import NamedTuple


class Fields(NamedTuple):
    """Of one object, in the order in which messages list them."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


class Range(NamedTuple):
    """Both ends are allowed."""

    least: float
    most: float


class Whole(NamedTuple):
    """As `Range`, for whole numbers."""

    least: int
    most: int
