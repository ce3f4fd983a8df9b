"""Installations that system tests share: one for all modules that do not break it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # so that the modules beside this one are found by their full names

from tests.system.user import User, installed


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    with installed(tmp_path_factory.mktemp("system"), test_seconds=5) as made:
        yield made
