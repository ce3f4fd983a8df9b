"""The pre-receive hook: ask the control plane about a push and print its answer. Any trouble refuses the push.

git runs this file as a program of its own, so it imports the standard library only. It inherits one end of a socket
pair from the git endpoint, whose number is in LOCKGATE_PUSH: there is no address to find, to bind or to fake.
"""

import json
import os
import socket
import sys

_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")


def main() -> int:
    """Exit code 0 accepts, anything else refuses."""
    question = {
        "updates": sys.stdin.buffer.read().decode(errors="replace").splitlines(),
        "quarantine": {name: os.environ[name] for name in _QUARANTINE if name in os.environ},
    }
    with socket.socket(fileno=int(os.environ["LOCKGATE_PUSH"])) as channel, channel.makefile("rwb") as stream:
        stream.write(json.dumps(question).encode() + b"\n")
        stream.flush()
        line = stream.readline()
    if not line.endswith(b"\n"):
        sys.stderr.write("Lockgate went away before it had checked this push: nothing was accepted; push again.\n")
        return 1
    answer = json.loads(line)
    sys.stderr.write("".join(f"{text}\n" for text in answer["lines"]))
    return 0 if answer["accepted"] is True else 1


if __name__ == "__main__":
    sys.exit(main())
