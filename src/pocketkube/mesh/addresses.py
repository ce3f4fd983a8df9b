"""Addresses of 127.0.0.0/8: each installation has a /16 of its own, each Service keeps one, no pod gets a used one."""

import fcntl
import hashlib
import json
import os
import socket
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from pocketkube.kit.claims import claim
from pocketkube.kit.files import write_atomically

_NETWORKS = [IPv4Network(f"127.{second}.0.0/16") for second in range(64, 255)]
# The first sixteenth of a network is for Services, the rest for pods.
_FIRST_SERVICE, _FIRST_POD, _END = 1, 4096, 65_535


class AddressError(Exception):
    """No address can be had; the message says what to do about it."""


class Addresses:
    """The addresses of one installation; held by one program at a time, by a lock that ends with it.

    Every answer is on disk before it is given.
    """

    def __init__(self, data: Path, shared: Path) -> None:
        """Claims a network: the one of DATA/network.json, else one that no installation of this user has, and that no
        running one of anybody has."""
        self._path = data.resolve() / "network.json"
        self._shared = shared
        self._lock = -1
        self._machine_lock: socket.socket | None = None
        kept = _read(self._path)
        if kept is None:
            kept = {"network": str(self._claim_any()), "next_pod": _FIRST_POD, "services": {}}
            write_atomically(self._path, json.dumps(kept, indent=1))
        elif not self._claim(IPv4Network(kept["network"])):
            raise AddressError(
                f"{kept['network']} of {self._path} is in use: another pocketkube runs on this data, or another user's "
                "has that network; stop it first"
            )
        self._kept: dict[str, Any] = kept
        self.network = IPv4Network(kept["network"])

    def pod(self) -> str:
        """An address that no pod had before; after some 61 000 pods it starts over."""
        number = self._kept["next_pod"]
        while not _is_plain(number) or number >= _END:
            number = number + 1 if number < _END else _FIRST_POD
        self._kept["next_pod"] = number + 1
        self._save()
        return self._address(number)

    def service(self, namespace: str, name: str) -> str:
        """Always the same for the same Service. AddressError when there are none left."""
        services: dict[str, str] = self._kept["services"]
        key = f"{namespace}/{name}"
        if key not in services:
            used = set(services.values())
            free = (number for number in range(_FIRST_SERVICE, _FIRST_POD) if _is_plain(number))
            found = next((address for number in free if (address := self._address(number)) not in used), None)
            if found is None:
                raise AddressError(f"all addresses for Services of {self.network} are used; see {self._path}")
            services[key] = found
            self._save()
        return services[key]

    def close(self) -> None:
        """Lets another program use them."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self._machine_lock is not None:
            self._machine_lock.close()
            self._machine_lock = None

    def _address(self, number: int) -> str:
        return str(IPv4Address(int(self.network.network_address) + number))

    def _save(self) -> None:
        write_atomically(self._path, json.dumps(self._kept, indent=1))

    def _claim_any(self) -> IPv4Network:
        # Users do not see each other's claims while nothing runs: they begin at different places.
        first = int.from_bytes(hashlib.sha256(os.fsencode(self._path)).digest()[:8]) % len(_NETWORKS)
        for network in (*_NETWORKS[first:], *_NETWORKS[:first]):
            if self._claim(network):
                return network
        raise AddressError(f"all networks of 127.0.0.0/8 are claimed; remove old installations, see {self._shared}")

    def _claim(self, network: IPv4Network) -> bool:
        """Locks it, unless another installation has it, be it running or not: its pods may still be listening."""
        machine_lock = claim(str(network.network_address))
        if machine_lock is None:
            return False
        self._shared.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(self._shared / f"{network.network_address}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._is_ours(lock, network):
            os.close(lock)
            machine_lock.close()
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(self._path).encode(), 0)
        self._lock, self._machine_lock = lock, machine_lock
        return True

    def _is_ours(self, lock: int, network: IPv4Network) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        owner = os.read(lock, 4096).decode()
        return not owner or owner == str(self._path) or not _owns(Path(owner), network)


def shared_folder() -> Path:
    """Where the installations of this user see each other's claims."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "pocketkube"


def _read(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def _owns(path: Path, network: IPv4Network) -> bool:
    kept = _read(path)
    return kept is not None and kept.get("network") == str(network)


def _is_plain(number: int) -> bool:
    """Not ending in .0 or .255, which some programs take for a network or for everybody."""
    return number % 256 not in (0, 255)
