"""Convolution: from a move of the pointer to the numbers under it, over two images and two kernels.

How it is measured, with budgets and peer: `bench.pointer`.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from bench.app import App, running
from bench.common import arguments, machine, tell
from bench.pointer import MOVES, Pointer
from tests.browser.watch import open_page, wait_idle

SIDES = (28, 224)
KERNELS = (3, 11)


def image(side: int) -> bytes:
    """A square PNG of random greys."""
    pixels = np.random.default_rng(side).integers(0, 256, (side, side), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def opened(app: App, side: int) -> Page:
    """The page with an image of this size."""
    page = app.page()
    open_page(page, f"{app.server.url}/convolution")
    page.get_by_text("Upload", exact=True).first.click()
    wait_idle(page)
    if side > 128:  # the list's largest
        page.locator(".st-key-w-cv-side").get_by_role("combobox").click()
        page.get_by_role("option", name=f"{side} pixels").click()
        wait_idle(page)
    file = {"name": "noise.png", "mimeType": "image/png", "buffer": image(side)}
    page.locator("input[type=file]").set_input_files(file)
    wait_idle(page)
    expect(page.locator(".input h4 span").first).to_contain_text(f"{side}×{side}")
    return page


def measure(app: App, side: int, tries: int) -> None:
    """Hover over one image under a small and a large kernel."""
    page = opened(app, side)
    page.locator("select[name=kernel]").select_option("box")
    pointer = Pointer(page, ".input .stage", ".place")
    for kernel in KERNELS:
        for name in ("rows", "columns"):
            page.locator(f"input[name={name}]").fill(str(kernel))
        pointer.measure(tries, "numbers", input=f"{side}×{side}", kernel=f"{kernel}×{kernel}")
    page.context.close()


def main() -> None:
    """Print the machine and each hover."""
    options = arguments(__doc__, tries=MOVES)
    tell("machine", **machine())
    with running() as app:
        for side in SIDES:
            measure(app, side, options.tries)


if __name__ == "__main__":
    main()
