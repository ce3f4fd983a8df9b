"""The tests of carts: health, functional and performance, one tag each.

Number of users and length of a run come from the stage's test settings. Users wait so that at most one request a
second comes from each: the machine then measures carts, not Locust.
"""

import itertools
import time

from locust import FastHttpUser, constant_pacing, tag, task

ITEM = {"itemId": "03fef6ac-1896-4ce8-bd69-b798f85c6e0b", "unitPrice": "99.99"}
CARTS_IN_USE = 100
USERS_STARTED = itertools.count()


class Health(FastHttpUser):
    @tag("health")
    @task
    def health(self) -> None:
        self.client.get("/health")


class Functional(FastHttpUser):
    @tag("functional")
    @task
    def an_item_that_was_put_into_a_cart_is_in_it(self) -> None:
        self.client.post("/carts/1/items", json=ITEM)
        with self.client.get("/carts/1/items", catch_response=True) as answer:
            if answer.status_code == 200 and ITEM["itemId"] not in str(answer.text):
                answer.failure(f"item {ITEM['itemId']} was posted and is not in the cart")


class Performance(FastHttpUser):
    wait_time = constant_pacing(1)

    def on_start(self) -> None:
        self.next_cart = next(USERS_STARTED)
        time.sleep(self.next_cart % 10 / 10)  # spreads the users over the second

    @tag("performance")
    @task
    def add_to_cart(self) -> None:
        self.next_cart = (self.next_cart + 1) % CARTS_IN_USE
        self.client.post(f"/carts/{self.next_cart}/items", json=ITEM, name="/carts/{id}/items")
