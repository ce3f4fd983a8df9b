"""A gate's sentence beside its verdict: the verdict is said once."""

_SPOKEN = ("passed with a warning: ", "passed: ", "failed: ", "not judged, no data: ", "not judged, error: ")
"""How the sentences of evaluations begin."""


def beside_verdict(sentence: str, *stages: str) -> str:
    """*sentence* without the verdict that it begins with, for a line that says it already. One of *stages* may stand
    before the verdict, as in `staging: failed: response time …`, and stays."""
    before = next((f"{stage}: " for stage in stages if sentence.startswith(f"{stage}: ")), "")
    told = sentence.removeprefix(before)
    spoken = next((each for each in _SPOKEN if told.startswith(each)), "")
    return before + told.removeprefix(spoken)
