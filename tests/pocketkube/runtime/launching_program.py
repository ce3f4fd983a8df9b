"""Launches one run and waits; the test kills it at any moment it likes."""

import asyncio
import json
import sys
from pathlib import Path

from pocketkube.runtime.runs import Launcher, Plan, Run


async def main(plan: Plan) -> None:
    sys.stdout.write("launching\n")
    sys.stdout.flush()
    await Launcher().launch(Run.numbered(Path(sys.argv[1]), 1), plan)
    sys.stdout.write("launched\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main(Plan(**json.loads(Path(sys.argv[2]).read_text()))))
