"""Where Chromium is, and how tests and benchmarks start it.

`python -m tests.browser.chromium --install` names the browser that will be used; it installs Playwright's own
where the machine has none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

SETTING = "CNNLAB_CHROMIUM"
"""Environment variable that names the browser to use."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = f"{Path(sys.executable).name} -m playwright install chromium"

FLAGS = (
    "--no-sandbox",  # containers and CI run as root, where the sandbox cannot start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Without these a start asks the network for updates and lists; a closed network is slow to refuse them.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a Chromium: the one that CNNLAB_CHROMIUM names, the system's, or Playwright's own."""
    named = os.environ.get(SETTING)
    if named:
        return shutil.which(named)
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def missing() -> str:
    """What to do where `find` found nothing."""
    named = os.environ.get(SETTING)
    if named:
        return f"{SETTING} names {named!r}, and there is no such program. Correct it, or remove it."
    return f"There is no Chromium on this machine. Install it with: {INSTALL}"


def launch(playwright: Playwright, path: str) -> Browser:
    """Start Chromium without a window."""
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


def main() -> int:
    """Name the browser, installing it first where asked to. That none is there, the tests say."""
    path = find()
    if path is None and "--install" in sys.argv and not os.environ.get(SETTING):
        sys.stdout.write("No Chromium found; installing Playwright's.\n")
        sys.stdout.flush()
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        path = find()
    sys.stdout.write(f"Browser tests use {path}\n" if path else f"{missing()}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
