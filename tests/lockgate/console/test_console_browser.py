"""A real browser follows a delivery: what its page shows without a reload, and what the browser complains of."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 60.0


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    program, driver = shutil.which("chromium") or "", shutil.which("chromedriver") or ""
    if not program or not driver:
        missing = "chromium and chromedriver are not on PATH: sh tools/fetch-browser says how to get them"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    options = Options()
    options.binary_location = program
    for argument in (
        "--headless=new",
        "--no-sandbox",  # which is not to be had as root
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    started = webdriver.Chrome(options, Service(driver))
    try:
        yield started
    finally:
        started.quit()


def text_of(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def until_shown(browser: webdriver.Chrome, text: str) -> None:
    WebDriverWait(browser, PATIENCE, 0.05).until(lambda _: text in text_of(browser), f"{text!r} is not shown")


def complaints(browser: webdriver.Chrome) -> list[str]:
    log = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]


async def test_the_page_shows_a_refusal_and_its_reason_without_a_reload(
    console: Any, serve: Any, browser: webdriver.Chrome
) -> None:
    delivery = await console.world.send("0.6.1")

    def open_page(endpoint: str) -> None:
        cookie = {"name": "session", "value": "right", "url": endpoint}
        browser.execute_cdp_cmd("Network.setCookie", cookie)  # WebDriver's own sets one for an open page only
        browser.get(f"{endpoint}/deliveries/{delivery.id}")
        until_shown(browser, "under way")
        browser.execute_script("window.loadedOnce = true")

    async with serve(console.app) as endpoint:
        await asyncio.to_thread(open_page, endpoint)
        await console.world.settle()
        sentence = (await console.world.evaluation("staging")).sentence
        await asyncio.to_thread(until_shown, browser, sentence)
        await asyncio.to_thread(until_shown, browser, "rejected")
        assert "under way" not in await asyncio.to_thread(text_of, browser)
        assert browser.execute_script("return window.loadedOnce") is True
        assert complaints(browser) == []
        await asyncio.to_thread(browser.get, "about:blank")  # before the server, which the page would miss
