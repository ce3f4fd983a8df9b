"""Which process listens on a port, as far as /proc lets this user see."""

from collections.abc import Iterator
from pathlib import Path

_LISTENS = "0A"  # TCP_LISTEN in the column `st` of /proc/net/tcp, see proc_pid_net(5)


def listener(port: int, proc: Path = Path("/proc")) -> str:
    """`program (process 123)`; empty when nobody listens or it is another user's. An IPv6 listener counts as well."""
    inodes = {f"socket:[{inode}]" for table in ("tcp", "tcp6") for inode in _inodes(proc / "net" / table, port)}
    for process in proc.glob("[0-9]*") if inodes else ():
        try:
            if any(str(each.readlink()) in inodes for each in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
        except OSError:  # it is gone, or another user's
            continue
    return ""


def _inodes(table: Path, port: int) -> Iterator[str]:
    try:
        rows = table.read_text().splitlines()[1:]
    except OSError:
        return
    for row in rows:
        fields = row.split()
        if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields[9]
