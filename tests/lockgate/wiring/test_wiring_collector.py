"""The collector of a program that serves looks seldom, and not at what was there from the start."""

import subprocess
import sys

ASK = """
import gc
from lockgate.wiring.collector import calm_collector
before = gc.get_threshold()[0]
calm_collector()
print(gc.get_freeze_count() > 1000, gc.get_threshold()[0] > 10 * before, gc.isenabled())
"""


def test_what_is_there_at_the_start_is_frozen_and_the_rest_is_still_collected() -> None:
    told = subprocess.run([sys.executable, "-c", ASK], check=True, capture_output=True, text=True)
    assert told.stdout.split() == ["True", "True", "True"]
