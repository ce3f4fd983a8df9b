"""Records what stage runs of the version at work write down, for the tests of upgrades (`make journals`)."""

import asyncio
import sys
import tomllib
from pathlib import Path

from lockgate.testing.journals import SCENARIOS, record, to_text

ROOT = Path(__file__).resolve().parents[1]
JOURNALS = Path("tests/lockgate/delivery/journals")


def main(root: Path = ROOT) -> None:
    """Raises SystemExit for a version that is released: deliveries of it are under way somewhere."""
    version = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    if f"## [{version}]" in (root / "CHANGELOG.md").read_text():
        sys.exit(f"{version} is released, see CHANGELOG.md: raise the version in pyproject.toml, then record that one")
    folder = root / JOURNALS / version
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCENARIOS:
        (folder / f"{name}.json").write_text(to_text(asyncio.run(record(name))))


if __name__ == "__main__":
    main()
