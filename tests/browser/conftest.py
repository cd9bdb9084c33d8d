"""A real sandbox in a process of its own, and headless Chromium in the two sizes people use."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.running import TOKEN, Sandbox

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars"
)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--home", str(tmp_path / "sandbox")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"SANDBOX_TOKEN": TOKEN}
    ) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            found = re.search(r"http://[^\s]+?:\d+", ready)
            assert found is not None, ready
            yield Sandbox(found[0])
        finally:
            process.terminate()


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(size: str, tmp_path: Path) -> Iterator[Chrome]:
    if not (CHROMIUM.exists() and DRIVER.exists()):
        if os.environ.get("ESIGN_TEST_ALL"):
            pytest.fail(f"{CHROMIUM} and {DRIVER} are needed.")
        pytest.skip(f"{CHROMIUM} and {DRIVER} are not installed")
    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}"]:
        options.add_argument(flag)
    if size == "phone":
        metrics = {"width": SIZES[size][0], "height": SIZES[size][1], "pixelRatio": 2.0, "touch": True}
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": metrics})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options, Service(str(DRIVER)))
    try:
        chrome.set_window_size(*SIZES[size])
        yield chrome
    finally:
        chrome.quit()


@pytest.fixture
def look(browser: Chrome, size: str) -> Callable[[str], None]:
    """Keeps a picture of the whole page when ESIGN_SCREENSHOTS names a folder."""
    folder = os.environ.get("ESIGN_SCREENSHOTS")

    def take(name: str) -> None:
        if folder:
            whole = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{name}-{size}.png").write_bytes(base64.b64decode(whole["data"]))

    return take
