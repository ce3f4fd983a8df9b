"""What a cart accepts, and what it adds up to."""

import json

import pytest

from sockshop.cart import BadItemError, Item, added_up, parse_item
from sockshop.limits import SettingsError
from sockshop.settings import carts_settings
from sockshop.switches import Switches


def test_an_item_may_carry_its_price_as_text() -> None:
    assert parse_item(b'{"itemId": "a", "unitPrice": "99.99"}') == Item("a", 99.99, 1)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "JSON object"),
        (b'{"unitPrice": 1}', "itemId"),
        (b'{"itemId": "", "unitPrice": 1}', "itemId"),
        (json.dumps({"itemId": "x" * 201, "unitPrice": 1}).encode(), "itemId"),
        (b'{"itemId": "a"}', "unitPrice"),
        (b'{"itemId": "a", "unitPrice": "cheap"}', "unitPrice"),
        (b'{"itemId": "a", "unitPrice": -1}', "unitPrice"),
        (b'{"itemId": "a", "unitPrice": NaN}', "unitPrice"),
        (b'{"itemId": "a", "unitPrice": true}', "unitPrice"),
        (b'{"itemId": "a", "unitPrice": 1' + b"0" * 400 + b"}", "unitPrice"),
        (b'{"itemId": "a", "unitPrice": 1, "quantity": 0}', "quantity"),
        (b'{"itemId": "a", "unitPrice": 1, "quantity": 1.5}', "quantity"),
    ],
)
def test_a_body_that_describes_no_item_is_refused_by_field(body: bytes, named: str) -> None:
    with pytest.raises(BadItemError, match=named):
        parse_item(body)


def test_the_same_item_twice_adds_up_at_the_latest_price() -> None:
    lines = [Item("a", 1.0, 1), Item("b", 5.0, 1), Item("a", 2.0, 3)]
    assert added_up(lines) == [Item("a", 2.0, 4), Item("b", 5.0, 1)]


@pytest.mark.parametrize("rate", [0, 1, 30, 50, 99, 100])
def test_a_promotion_rate_fails_exactly_its_share_of_requests(rate: int) -> None:
    switches = Switches(delay_ms=0)
    switches.set_promotion_rate(str(rate))
    assert sum(switches.next_is_promoted() for _ in range(200)) == 2 * rate


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "http"), ("PORT", "65536"), ("CARTS_DELAY_MS", "-1"), ("CARTS_DELAY_MS", "9" * 5000)]
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        carts_settings({name: value})
