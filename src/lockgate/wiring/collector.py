"""The garbage collector of a program that serves."""

import gc

_YOUNG, _OLDER = 50_000, 20  # objects; collections of the generation before


def calm_collector() -> None:
    """Once everything is loaded: what is there by now stays, and is not looked through again; the rest is looked at
    after 50 000 new objects instead of some hundreds. A gate with many indicators makes that many within its second,
    and stood still for each look (`docs/explanation/gate-speed.md`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
