"""Signs beside words, and what stands in for them where the terminal's encoding lacks them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Marks:
    good: str
    bad: str
    running: str
    waiting: str
    back: str
    arrow: str

    def of(self, good: bool) -> str:
        return self.good if good else self.bad


UNICODE = Marks(good="✔", bad="✖", running="…", waiting="·", back="↺", arrow="→")
ASCII = Marks(good="+", bad="x", running="...", waiting=".", back="<-", arrow="->")


def marks_for(encoding: str | None) -> Marks:
    """*encoding* of the stream that is written to; None is taken for one that has no sign but ASCII's."""
    every = "".join((UNICODE.good, UNICODE.bad, UNICODE.running, UNICODE.waiting, UNICODE.back, UNICODE.arrow))
    try:
        every.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
