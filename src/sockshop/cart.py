"""What a cart holds: lines as they were posted, and the items they add up to."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MAX_ITEM_ID = 200
MAX_QUANTITY = 1_000_000


class BadItemError(ValueError):
    """The body of a request does not describe an item."""


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    unit_price: float
    quantity: int

    def as_json(self) -> dict[str, object]:
        return {"itemId": self.item_id, "quantity": self.quantity, "unitPrice": self.unit_price}


def parse_item(body: bytes) -> Item:
    """*body* is a JSON object with itemId, unitPrice (a number, or a number in text) and perhaps quantity.

    Raises BadItemError, which names the field.
    """
    try:
        posted = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadItemError(f"the body is not JSON: {error}") from error
    if not isinstance(posted, dict):
        raise BadItemError("the body must be a JSON object with itemId and unitPrice")
    return item_of(posted)


def item_of(fields: Mapping[str, object]) -> Item:
    """Raises BadItemError, which names the field."""
    return Item(
        item_id=_item_id(fields.get("itemId")),
        unit_price=_price(fields.get("unitPrice")),
        quantity=_quantity(fields.get("quantity", 1)),
    )


def added_up(lines: Iterable[Item]) -> list[Item]:
    """One item an id, in order of first appearance: quantities add up, and the latest price holds."""
    items: dict[str, Item] = {}
    for line in lines:
        before = items.get(line.item_id)
        quantity = line.quantity + (before.quantity if before else 0)
        items[line.item_id] = Item(item_id=line.item_id, unit_price=line.unit_price, quantity=quantity)
    return list(items.values())


def _item_id(posted: object) -> str:
    if not isinstance(posted, str) or not 0 < len(posted) <= MAX_ITEM_ID:
        raise BadItemError(f"itemId: expected a text of 1 to {MAX_ITEM_ID} characters, got {_shown(posted)}")
    return posted


def _price(posted: object) -> float:
    price = math.nan
    if isinstance(posted, int | float | str) and not isinstance(posted, bool):
        try:
            price = float(posted)
        except (ValueError, OverflowError):
            price = math.nan
    if not math.isfinite(price) or price < 0:
        raise BadItemError(f"unitPrice: expected a number of at least 0, got {_shown(posted)}")
    return price


def _quantity(posted: object) -> int:
    if isinstance(posted, bool) or not isinstance(posted, int) or not 0 < posted <= MAX_QUANTITY:
        raise BadItemError(f"quantity: expected a whole number from 1 to {MAX_QUANTITY}, got {_shown(posted)}")
    return posted


def _shown(posted: object) -> str:
    return "nothing" if posted is None else repr(posted)[:80]
