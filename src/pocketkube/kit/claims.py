"""Claims that every user of this machine sees, on what all of them share: loopback ports and networks."""

import socket


def claim(name: str) -> socket.socket | None:
    """Until it is closed, or this program ends, nobody else's claim on *name* succeeds. None when somebody has it. It
    binds those only who ask here, whoever they are.

    An abstract address of Unix sockets: like the loopback interface it belongs to all users alike, needs no folder that
    all may write to, and is free again when its program ends.
    """
    held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        held.bind(f"\0pocketkube/{name}")
    except OSError:
        held.close()
        return None
    return held
