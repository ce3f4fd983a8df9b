"""A service that nobody here knows: a small program with a metric of its own, its gate, its tests and its images."""

import json
import textwrap
from pathlib import Path

from tests.system.user import User

SERVICE = "foo-bar"
IMAGE = "registry.example/team/foo-bar"
FAST, FAST_TOO, SLOW = f"{IMAGE}:1.0", f"{IMAGE}:1.1", f"{IMAGE}:2.0"
SLOWEST = 0.2  # seconds of work that its gate allows on average

PROGRAM = """\
import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

worked = {"sum": 0.0, "count": 0}

class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/work":
            time.sleep(float(os.environ["WORK_SECONDS"]))
            worked.update(sum=worked["sum"] + float(os.environ["WORK_SECONDS"]), count=worked["count"] + 1)
        text = "".join(f"foo_work_{name} {value}\\n" for name, value in worked.items())
        body = (text if self.path == "/numbers" else os.environ["RELEASE_NAME"]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer.request_queue_size = 128
ThreadingHTTPServer((os.environ["POD_IP"], 9000), Page).serve_forever()
"""

CATALOGUE = """\
[[image]]
repository = "{image}"
tag = "1*"
command = ["{{python}}", "{program}"]
env = {{ WORK_SECONDS = "0", RELEASE_NAME = "quick" }}

[[image]]
repository = "{image}"
tag = "2*"
command = ["{{python}}", "{program}"]
env = {{ WORK_SECONDS = "0.4", RELEASE_NAME = "sluggish" }}
"""

VALUES = f"""\
service:
  name: {SERVICE}
  externalPort: 8088
  internalPort: 9000
health:
  path: /alive
metrics:
  path: /numbers
"""

LOCUSTFILE = """\
from locust import FastHttpUser, constant_pacing, tag, task


class Visitor(FastHttpUser):
    wait_time = constant_pacing(0.5)

    @tag("health", "functional")
    @task
    def look(self) -> None:
        self.client.get("/anything")

    @tag("functional", "performance")
    @task
    def work(self) -> None:
        self.client.get("/work")
"""


def bring_in(user: User, project: str, shipyard: str) -> None:
    """The project with the service in it, its gate in force, and its images in the installation's catalogue."""
    (user.home / f"{project}.yaml").write_text(textwrap.dedent(shipyard))
    (user.home / "foo_bar.py").write_text(PROGRAM)
    (user.home / "values_foo-bar.yaml").write_text(VALUES)
    (user.home / "locust_foo_bar.py").write_text(LOCUSTFILE)
    _add_images(user)
    user.lockgate("create", "project", project, f"{project}.yaml")
    user.lockgate(
        *("onboard", "service", f"--project={project}", "--values=values_foo-bar.yaml"),
        "--tests=locust_foo_bar.py",
    )
    _push_gate(user, project)


def _add_images(user: User) -> None:
    """Where the message about an unknown image says."""
    place = user.installation.pocketkube / "images.toml"
    place.write_text(CATALOGUE.format(image=IMAGE, program=user.home / "foo_bar.py"))


def _push_gate(user: User, project: str) -> None:
    clone = user.clone(project, f"clone-of-{project}")
    path: Path = clone / SERVICE / "perfspec" / "perfspec.json"
    selector = "{job='$SERVICE-$ENVIRONMENT',release='$RELEASE'}[$DURATION_SECONDSs]"
    indicator = {
        "id": "work",
        "source": "Prometheus",
        "query": f"rate(foo_work_sum{selector})/rate(foo_work_count{selector})",
        "grading": {"type": "Threshold", "thresholds": {"upperSevere": SLOWEST}, "metricScore": 50},
    }
    gate = {"spec_version": "1.0", "indicators": [indicator], "objectives": {"pass": 50, "warning": 25}}
    path.write_text(json.dumps(gate, indent=2))
    user.git("add", ".", at=clone)
    user.git("commit", "--quiet", "--message=a gate of our own", at=clone)
    user.git("push", "--quiet", at=clone)
