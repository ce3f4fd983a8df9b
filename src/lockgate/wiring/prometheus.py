"""Prometheus of an installation: where the binary is, and the configuration that finds pocketkube's pods.

The relabelling rules are those of a cluster: pods ask to be scraped by the annotations prometheus.io/scrape|port|path,
and the job is `<service>-<namespace>`, so that one perfspec fits both.
"""

import shutil
import sys
from pathlib import Path

import yaml

from lockgate.domain.errors import PermanentError
from lockgate.wiring.installation import Installation

SCRAPE_SECONDS = 1


def find_prometheus() -> str:
    """On PATH, else where `make` unpacks one, beside the virtual environment. Raises PermanentError, in one sentence,
    when there is none."""
    unpacked = Path(sys.prefix).parent / ".tools" / "prometheus" / "usr" / "bin"
    found = shutil.which("prometheus") or shutil.which("prometheus", path=str(unpacked))
    if found is None:
        raise PermanentError(
            "there is no `prometheus` on PATH: run `make demo`, which unpacks one, or install your distribution's "
            "package (Debian: apt install prometheus)"
        )
    return found


def prometheus_command(installation: Installation) -> list[str]:
    folder = installation.prometheus
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "prometheus.yml"
    config.write_text(yaml.safe_dump(_configuration(installation.pocketkube), sort_keys=False))
    return [
        find_prometheus(),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=15d",
        f"--web.listen-address=127.0.0.1:{installation.ports.prometheus}",
        "--log.level=warn",
    ]


def _configuration(pocketkube: Path) -> dict[str, object]:
    port = (pocketkube / "port").read_text().strip()
    discovery = {
        "url": f"https://127.0.0.1:{port}/sd/pods",
        "refresh_interval": "1s",
        # Prometheus 2.42 sends the token bare unless the type is said.
        "authorization": {"type": "Bearer", "credentials_file": str(pocketkube / "token")},
        "tls_config": {"ca_file": str(pocketkube / "ca.crt")},
    }
    job = {"job_name": "pods", "http_sd_configs": [discovery], "relabel_configs": _relabelling()}
    interval = f"{SCRAPE_SECONDS}s"
    return {"global": {"scrape_interval": interval, "scrape_timeout": interval}, "scrape_configs": [job]}


def _relabelling() -> list[dict[str, object]]:
    pod = "__meta_kubernetes_pod_"
    asked = f"{pod}annotation_prometheus_io_"
    return [
        {"source_labels": [f"{asked}scrape"], "regex": "true", "action": "keep"},
        {"source_labels": [f"{pod}phase"], "regex": "Running", "action": "keep"},
        {"source_labels": [f"{asked}path"], "regex": "(.+)", "target_label": "__metrics_path__"},
        {
            "source_labels": [f"{pod}ip", f"{asked}port"],
            "separator": ";",
            "regex": "(.+);([0-9]+)",
            "replacement": "$1:$2",
            "target_label": "__address__",
        },
        # The service's name is what follows `<project>-selector-` in label app, else its label app itself.
        {"source_labels": [f"{pod}label_app"], "regex": "(?:.*-selector-)?(.+)", "target_label": "service"},
        {
            "source_labels": ["service", "__meta_kubernetes_namespace"],
            "separator": "-",
            "regex": "(.+)",
            "target_label": "job",
        },
        {"source_labels": [f"{pod}label_deployment"], "target_label": "deployment"},
        {"source_labels": [f"{pod}name"], "target_label": "pod"},
        {"source_labels": [f"{pod}label_lockgate_dev_release"], "target_label": "release"},
    ]
