import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pocketkube.runtime.procfs import alive, belonging, identify
from pocketkube.runtime.runs import Launcher
from pocketkube.runtime.stopping import stop_all, stop_container

PROGRAM = Path(__file__).with_name("launching_program.py")
FOREVER = "import time\nprint('up', flush=True)\ntime.sleep(1000)"
COUNTED = "import time\nopen('../starts', 'a').write('x')\ntime.sleep(1000)"


async def test_a_run_ends_with_the_exit_code_of_its_program(box: Any) -> None:
    await box.launcher.launch(box.run(), box.plan("raise SystemExit(7)"))
    ending = await box.run().over()
    assert (ending.code, ending.failure) == (7, "")


async def test_a_killed_program_ends_with_128_and_the_signal(box: Any) -> None:
    child = await box.launcher.launch(box.run(), box.plan(FOREVER))
    os.kill(child.pid, signal.SIGKILL)
    assert (await box.run().over()).code == 128 + signal.SIGKILL


async def test_a_program_that_does_not_exist_says_so_and_is_no_crash(box: Any) -> None:
    await box.launcher.launch(box.run(), box.plan("", argv=["no-such-program", "-x"]))
    ending = await box.run().over()
    assert (ending.code, ending.failure) == (128, 'exec "no-such-program": No such file or directory')


async def test_the_program_gets_its_environment_and_nothing_else(box: Any) -> None:
    plan = box.plan("import os\nprint(sorted(os.environ))", env={"odd.name": "1", "PYTHONUTF8": "1"})
    await box.launcher.launch(box.run(), plan)
    await box.run().over()
    named = set(json.loads(box.log().replace("'", '"')))
    assert named - {"LC_CTYPE"} == {"PATH", "POD_ROOT", "PYTHONUTF8", "odd.name"}  # Python may set LC_CTYPE itself.


async def test_the_program_ignores_no_signal_although_its_shim_does(box: Any) -> None:
    # cat, since Python ignores SIGPIPE on its own account.
    await box.launcher.launch(box.run(), box.plan("", argv=["/bin/cat", "/proc/self/status"]))
    await box.run().over()
    ignored = next(line for line in box.log().splitlines() if line.startswith("SigIgn"))
    # Without 32 and up, which belong to the C library and are as they were in whoever started the tests.
    assert int(ignored.split()[1], 16) & 0x7FFFFFFF == 0


async def test_the_log_of_the_run_before_is_kept_as_log_1(box: Any) -> None:
    for number in (1, 2):
        await box.launcher.launch(box.run(number), box.plan(f"print('run {number}')"))
        await box.run(number).over()
    assert (box.log(), box.log("log.1")) == ("run 2\n", "run 1\n")


async def test_however_often_a_run_is_launched_its_program_starts_once(box: Any) -> None:
    plan = box.plan(COUNTED)
    children = await asyncio.gather(*(Launcher().launch(box.run(), plan) for _ in range(5)))
    await box.until(lambda: box.log("starts"), "the program")
    assert len(set(children)) == 1
    assert box.log("starts") == "x"
    assert belonging(box.root, None) == [children[0]]


@pytest.mark.parametrize("after", [0.0, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.4])
async def test_a_launcher_killed_at_any_moment_neither_loses_nor_doubles_a_program(
    box: Any, tmp_path: Path, after: float
) -> None:
    plan = box.plan(COUNTED)
    (tmp_path / "plan.json").write_text(json.dumps(asdict(plan)))
    words = [sys.executable, str(PROGRAM), str(box.folder), str(tmp_path / "plan.json")]
    victim = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"launching\n"
    await asyncio.sleep(after)
    victim.kill()
    await victim.wait()

    child = await box.launcher.launch(box.run(), plan)
    await box.until(lambda: box.log("starts"), "the program")
    # A stub of the killed launcher may still be on its way, so it gets the time to do its worst.
    await box.until(lambda: not _stubs_of(box.folder), "the end of all stubs")
    assert box.log("starts") == "x"
    assert belonging(box.root, None) == [child]
    assert alive(child)


async def test_a_program_outlives_its_shim_and_its_end_is_still_noticed(box: Any) -> None:
    child = await box.launcher.launch(box.run(), box.plan(FOREVER))
    await box.log_has("up")
    box.kill_shim()
    over = asyncio.create_task(box.run().over())
    await asyncio.wait([over], timeout=0.2)
    assert alive(child)
    assert not over.done()
    os.kill(child.pid, signal.SIGKILL)
    assert (await over).code is None


async def test_an_exit_code_is_known_to_one_who_comes_later(box: Any, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(asdict(box.plan("input()\nraise SystemExit(5)"))))
    words = [sys.executable, str(PROGRAM), str(box.folder), str(tmp_path / "plan.json")]
    victim = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    assert victim.stdout is not None
    await victim.stdout.readline()
    assert await victim.stdout.readline() == b"launched\n"
    victim.kill()
    await victim.wait()
    await box.gone()
    assert (await box.run().over()).code == 1  # input() finds no terminal: EOFError.


async def test_a_revoked_run_never_starts(box: Any) -> None:
    assert box.run().revoke() is None
    with pytest.raises(Exception, match="did not start"):
        await box.launcher.launch(box.run(), box.plan(COUNTED))
    assert not (box.folder / "starts").exists()


async def test_a_pid_given_to_somebody_else_is_not_taken_for_the_program(box: Any) -> None:
    child = await box.launcher.launch(box.run(), box.plan("pass"))
    await box.run().over()
    record = json.loads((box.run().folder / "child").read_text())
    record["child"]["pid"] = os.getpid()  # As if the number had been given out again, to us.
    (box.run().folder / "child").write_text(json.dumps(record))
    me = identify(os.getpid())
    assert me is not None
    assert not alive(box.run().child())
    await stop_container(box.folder, 0)
    assert alive(me)
    assert child != me


async def test_stopping_asks_first_and_the_program_may_tidy_up(box: Any) -> None:
    source = (
        "import signal, sys, time\n"
        "def tidy(*_):\n    print('tidied', flush=True)\n    sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, tidy)\nprint('up', flush=True)\ntime.sleep(1000)"
    )
    await box.launcher.launch(box.run(), box.plan(source))
    await box.log_has("up")
    await stop_container(box.folder, 30)
    assert "tidied" in box.log()
    assert (await box.run().over()).code == 0


async def test_stopping_kills_what_does_not_listen_when_the_grace_is_over(box: Any) -> None:
    source = (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(1000)"
    )
    child = await box.launcher.launch(box.run(), box.plan(source))
    await box.log_has("up")
    await stop_container(box.folder, 0.2)
    assert not alive(child)
    assert (await box.run().over()).code == 128 + signal.SIGKILL


async def test_stopping_takes_children_along_even_in_a_session_of_their_own(box: Any) -> None:
    source = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    os.fork()\nprint('up', flush=True)\ntime.sleep(1000)"
    )
    child = await box.launcher.launch(box.run(), box.plan(source))
    await box.until(lambda: box.log().count("up") == 3, "three processes")
    assert len(belonging(box.root, child)) == 3
    await stop_container(box.folder, 30)
    assert belonging(box.root, child) == []


async def test_stop_all_ends_every_recorded_container_and_counts_them(box: Any) -> None:
    child = await box.launcher.launch(box.run(), box.plan(FOREVER))
    await box.log_has("up")
    data = box.folder.parents[3]
    assert await asyncio.to_thread(stop_all, data) == 1
    assert not alive(child)
    assert await asyncio.to_thread(stop_all, data) == 0


def _stubs_of(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.endswith(b"stub.py") for word in words) and os.fsencode(folder / "runs" / "1") in words:
            # The shim names the stub in its own words; only one without a child of its own is on its way.
            found += [] if words[0] == b"/bin/sh" else [int(entry.name)]
    return found
