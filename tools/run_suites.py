"""Runs every test suite and holds its time against a budget, so that a suite that grows is seen before it hurts.

A suite is a folder below tests/. Budgets are for two idle cores. Over its budget a suite is reported, not failed: the
same tests take three times as long on a busy machine. At four times its budget it is ended, since then it hangs.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
BUDGETS_SECONDS = {
    "house": 60,
    "lockgate": 210,
    "pocketkube": 150,
    "sockshop": 60,
    "loadrunner": 60,
    "dynatracestandin": 60,
    "system": 270,
}
# Most tests wait for processes: more workers than cores, but whole files each, since files share what they start.
WORKERS = {"lockgate": 4, "pocketkube": 4, "sockshop": 2, "loadrunner": 2, "system": 2}
_NO_TESTS_COLLECTED = 5
_HANGING = 4  # times its budget


def main() -> int:
    known = set(BUDGETS_SECONDS)
    found = {folder.name for folder in TESTS.iterdir() if folder.is_dir() and any(folder.rglob("test_*.py"))}
    if found - known:
        sys.stderr.write(f"no time budget for {', '.join(sorted(found - known))}: add it to {Path(__file__).name}\n")
        return 1
    failed = [suite for suite in BUDGETS_SECONDS if suite in found and not _passes(suite)]
    if failed:
        sys.stderr.write(f"failed suites: {', '.join(failed)}\n")
    return 1 if failed else 0


def _passes(suite: str) -> bool:
    sys.stdout.write(f"== {suite} (budget {BUDGETS_SECONDS[suite]} s)\n")
    sys.stdout.flush()
    started = time.monotonic()
    workers = ["-n", str(WORKERS[suite]), "--dist", "loadfile"] if suite in WORKERS else []
    command = [sys.executable, "-m", "pytest", "-q", "--durations=5", *workers, str(TESTS / suite), *sys.argv[1:]]
    try:
        patience = BUDGETS_SECONDS[suite] * _HANGING
        code = subprocess.run(command, check=False, cwd=TESTS.parent, env=dict(os.environ), timeout=patience).returncode
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{suite} was ended after {patience} s\n")
        return False
    took = time.monotonic() - started
    over = ": OVER ITS BUDGET" if took > BUDGETS_SECONDS[suite] else ""
    sys.stdout.write(f"== {suite}: {took:.0f} s of {BUDGETS_SECONDS[suite]} s{over}\n")
    return code in (0, _NO_TESTS_COLLECTED) if sys.argv[1:] else code == 0


if __name__ == "__main__":
    sys.exit(main())
