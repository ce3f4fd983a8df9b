"""State files: what is written is read back, and anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockgate.domain.artifact import Artifact
from lockgate.domain.errors import SpecError
from lockgate.domain.release import BlueGreenState, DirectState, Release, ServiceState, StateFile, Weights
from lockgate.specs.state_file import parse_state, render_state

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip())
ODD = st.sampled_from(["1e5", "0x1f", "010", "on", "null", "~", "1:30", "2026-01-01", "1_000", "- a", "a: b", "#", "'"])
RELEASES = st.builds(Release, TEXTS | ODD, st.builds(Artifact, TEXTS | ODD, TEXTS | ODD), TEXTS | ODD)
WEIGHTS = st.integers(0, 100).map(lambda blue: Weights(blue=blue, green=100 - blue))
STATES: st.SearchStrategy[ServiceState | None] = (
    st.none() | st.builds(DirectState, RELEASES) | st.builds(BlueGreenState, RELEASES, RELEASES, WEIGHTS)
)
CARTS = BlueGreenState(
    blue=Release("r-2", Artifact("docker.io/keptnexamples/carts", "0.6.2_prometheus"), "9" * 40),
    green=Release("r-1", Artifact("docker.io/keptnexamples/carts", "0.6.0"), "0123456"),
    weights=Weights(blue=100, green=0),
)


@given(STATES, STATES, st.integers(0, 2**62))
def test_a_state_is_read_back_as_it_was_written(
    verified: ServiceState | None, candidate: ServiceState | None, fence: int
) -> None:
    state = StateFile(verified=verified, candidate=candidate, fence=fence)
    assert parse_state("state.yaml", render_state(state)) == state


def test_the_text_reads_from_what_is_verified_to_the_candidate() -> None:
    assert render_state(StateFile(verified=CARTS, candidate=None, fence=7)) == (
        "# Written by Lockgate: what was last verified here, and the candidate that is being tried.\n"
        "fence: 7\n"
        "verified:\n"
        "  deployment_strategy: blue_green_service\n"
        "  weights:\n"
        "    blue: 100\n"
        "    green: 0\n"
        "  blue:\n"
        "    image: docker.io/keptnexamples/carts\n"
        "    tag: 0.6.2_prometheus\n"
        "    release: r-2\n"
        f"    revision: '{'9' * 40}'\n"
        "  green:\n"
        "    image: docker.io/keptnexamples/carts\n"
        "    tag: 0.6.0\n"
        "    release: r-1\n"
        "    revision: '0123456'\n"
        "candidate: null\n"
    )


def test_a_service_without_a_second_colour_has_one_release_in_the_text() -> None:
    state = StateFile(verified=None, candidate=DirectState(CARTS.blue), fence=0)
    text = render_state(state)
    assert "verified: null\ncandidate:\n  deployment_strategy: direct\n  direct:\n    image: docker.io" in text
    assert "weights" not in text
    assert parse_state("state.yaml", text) == state


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("fence: 7\n", "", "field 'fence' is missing"),
        ("fence: 7", "fence: -1", "must be between 0"),
        ("green: 0", "green: 1", "blue 100 and green 1 must add up to 100"),
        ("    tag: 0.6.0\n", "", "field 'tag' is missing"),
        ("weights:", "weight:", "did you mean 'weights'?"),
        ("blue_green_service", "direct", "unknown value 'direct'"),
        ("verified:\n", "verified: 5\nother:\n", "must be an object"),
        ("  blue:\n    image", "  direct:\n    image", "unknown field"),
    ],
)
def test_a_damaged_state_is_refused_and_never_guessed_at(old: str, new: str, words: str) -> None:
    text = render_state(StateFile(verified=CARTS, candidate=None, fence=7))
    assert old in text
    with pytest.raises(SpecError, match=words):
        parse_state("state.yaml", text.replace(old, new, 1))
