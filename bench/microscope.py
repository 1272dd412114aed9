"""Microscope: from a move of the pointer to the numbers under it.

Over a 3×3 convolution of 32 channels of 28×28 and of 224×224 values, and of 256 channels. How it is measured,
with budgets and peer: `bench.pointer`.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from bench.app import App, running
from bench.common import arguments, machine, tell
from bench.pointer import MOVES, Pointer
from tests.browser.server import ROOT
from tests.browser.watch import open_page

SIDES = (28, 224)
CHANNELS = (32, 256)
SCRIPT = Path(__file__).with_name("microscope_app.py")


def measure(app: App, side: int, channels: int, tries: int) -> None:
    """Hover over the output of one size."""
    page = app.page()
    open_page(page, f"{app.server.url}/?side={side}&channels={channels}")
    expect(page.locator(".steps h4")).to_contain_text("Row")
    pointer = Pointer(page, ".view.output .stage", ".steps h4")
    pointer.measure(tries, "retraced numbers", input=f"{side}×{side}×{channels}")
    page.context.close()


def main() -> None:
    """Print the machine and each hover."""
    options = arguments(__doc__, tries=MOVES)
    tell("machine", **machine())
    with running(script=SCRIPT, PYTHONPATH=str(ROOT)) as app:
        for side in SIDES:
            measure(app, side, CHANNELS[0], options.tries)
        measure(app, SIDES[0], CHANNELS[1], options.tries)


if __name__ == "__main__":
    main()
