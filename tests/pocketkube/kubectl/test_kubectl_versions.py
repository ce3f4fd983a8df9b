"""What people type, on a whole pocketkube, for every kubectl at hand: the old ones read, the new ones do it all."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pocketkube.api.schemas import KUBERNETES_VERSION

from .conftest import until

OLDEST_THAT_WRITES = 36
