"""The tests of a service, to be made its own: health, functional and performance, one tag each.

As it stands, every check asks for the service's health path. Number of users and length of a run come from the
stage's test settings. Users wait so that at most one request a second comes from each: the machine then measures the
service, not Locust.
"""

import itertools
import os
import time

from locust import FastHttpUser, constant_pacing, tag, task

PATH = os.environ.get("HEALTH_PATH") or "/"
USERS_STARTED = itertools.count()


class Health(FastHttpUser):
    @tag("health")
    @task
    def health(self) -> None:
        self.client.get(PATH)


class Functional(FastHttpUser):
    @tag("functional")
    @task
    def answers(self) -> None:
        self.client.get(PATH)


class Performance(FastHttpUser):
    wait_time = constant_pacing(1)

    def on_start(self) -> None:
        time.sleep(next(USERS_STARTED) % 10 / 10)  # spreads the users over the second

    @tag("performance")
    @task
    def ask(self) -> None:
        self.client.get(PATH)
