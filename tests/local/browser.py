"""A real Chromium for the tests that look at the page."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_S = 120.0
WAIT_MS = 120_000  # a shared machine can be slow


@contextmanager
def chromium() -> Iterator[dict[str, Any]]:
    """Run a browser; yield the address of its DevTools.

    Skip the test if no browser is installed, but fail it in CI, which installs one.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = f"the page is tested in a browser, and none of {', '.join(NAMES)} is installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="corrigible-chromium-", ignore_cleanup_errors=True) as profile:
        command = [path, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
        try:
            yield {"url": f"http://127.0.0.1:{_port(Path(profile), process)}"}
        finally:
            process.terminate()
            process.wait()


@contextmanager
def connected(url: str) -> Iterator[Browser]:
    """Connect to a running browser by its DevTools."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.connect_over_cdp(url)
        yield browser
        browser.close()


def _port(profile: Path, process: subprocess.Popen[bytes]) -> int:
    """Wait for the file in which Chromium writes where it listens."""
    about = profile / "DevToolsActivePort"
    until = time.monotonic() + START_S
    while not (about.exists() and about.read_text().count("\n")):
        assert process.poll() is None, "the browser ended at its start"
        assert time.monotonic() < until, "the browser did not say where it listens"
        time.sleep(0.02)
    return int(about.read_text().split("\n")[0])
