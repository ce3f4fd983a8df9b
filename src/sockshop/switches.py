"""The two switches of a running carts: how slow POST items is, and how many of its requests fail on purpose."""

from sockshop.limits import MAX_DELAY_MS, whole_number

HIGHEST_RATE = 100


class Switches:
    def __init__(self, delay_ms: int) -> None:
        self.delay_ms = delay_ms
        self.promotion_rate = 0
        self._owed = 0

    def set_delay(self, text: str) -> None:
        """Milliseconds, 0 to 60000. Raises SettingsError."""
        self.delay_ms = whole_number("the delay in milliseconds", text, highest=MAX_DELAY_MS)

    def set_promotion_rate(self, text: str) -> None:
        """Percent of requests, 0 to 100. Raises SettingsError."""
        self.promotion_rate = whole_number("the promotion rate in percent", text, highest=HIGHEST_RATE)
        self._owed = 0

    def next_is_promoted(self) -> bool:
        """True for exactly promotion_rate of 100 calls, evenly spread: a test of few requests sees its share."""
        self._owed += self.promotion_rate
        if self._owed < HIGHEST_RATE:
            return False
        self._owed -= HIGHEST_RATE
        return True
