"""Convolution: from a move of the pointer to the numbers under it.

In ms, inside the browser: from the time stamp of a real mouse move to the end of the frame that shows the new
numbers. 16 ms at the median and 33 ms at the 95th percentile, page idle. The peer, in turn with it, is an
empty handler on the same page, which waits for the frame as long. What the handler itself takes is told, too.

A hand knows nothing of frames: between two moves nothing asks the page for one, and the pauses are random.
Asked at each frame whether the last move was painted, the page would never be idle, and the next move would
always come just after a frame had begun, which is the longest wait for one.
"""

from __future__ import annotations

import io
import random
import time

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from bench.app import App, running
from bench.common import arguments, machine, summary, tell, verdict
from tests.browser.watch import open_page, wait_idle

BUDGET_MEDIAN_MS, BUDGET_P95_MS = 16.0, 33.0
SIDES = (28, 224)
KERNELS = (3, 11)
MOVES = 60
PAUSE = (0.1, 0.2)
"""Seconds between two moves."""

MEASURE = """() => {
    const stage = deep('.input .stage')[0];
    const root = stage.getRootNode();
    const place = root.querySelector('.place');
    const peer = document.body.appendChild(document.createElement('div'));
    peer.id = 'peer';
    peer.style.cssText = 'position:fixed;inset:auto 0 0 0;height:60px;z-index:9999999';
    const seen = window.seen = { own: [], empty: [], handler: [], moves: 0 };
    const after = (list, began) => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        // A message is delivered once the frame has been laid out and painted.
        channel.port1.onmessage = () => { list.push(performance.now() - began); seen.moves += 1; };
        channel.port2.postMessage(null);
    });
    let before, entered;
    stage.addEventListener('pointermove', () => {
        before = place.textContent;
        entered = performance.now();
    }, { capture: true });
    root.addEventListener('pointermove', (event) => {
        if (!event.composedPath().includes(stage)) return;
        seen.handler.push(performance.now() - entered);
        if (place.textContent !== before) after(seen.own, event.timeStamp);
        else seen.moves += 1;
    });
    peer.addEventListener('pointermove', (event) => after(seen.empty, event.timeStamp));
}"""


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


def hovered(page: Page, tries: int) -> dict[str, list[float]]:
    """Moves the mouse over the picture and over the peer, in turn; what each move took, in ms."""
    page.evaluate("Object.assign(seen, { own: [], empty: [], handler: [], moves: 0 })")
    box = page.locator(".input .stage").bounding_box()
    assert box is not None
    pauses = random.Random(0)
    for k in range(tries):
        across, down = 0.2 + 0.6 * (k * 0.381966 % 1), 0.2 + 0.6 * (k * 0.618034 % 1)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        time.sleep(pauses.uniform(*PAUSE))
        page.mouse.move(600 + k % 9, 700)
        time.sleep(pauses.uniform(*PAUSE))
    seen = dict(page.evaluate("seen"))
    assert seen.pop("moves") == 2 * tries
    return seen


def measure(app: App, side: int, tries: int) -> None:
    """Hover over one image under a small and a large kernel."""
    page = opened(app, side)
    page.locator("select[name=kernel]").select_option("box")
    page.evaluate(MEASURE)
    for kernel in KERNELS:
        for name in ("rows", "columns"):
            page.locator(f"input[name={name}]").fill(str(kernel))
        results = hovered(page, tries)
        facts = {"input": f"{side}×{side}", "kernel": f"{kernel}×{kernel}", "unit": "ms"}
        own = summary(results["own"], digits=2)
        kept = own["median"] <= BUDGET_MEDIAN_MS and own["p95"] <= BUDGET_P95_MS
        budget = verdict(own["p95"], BUDGET_P95_MS) | {"budget_median": BUDGET_MEDIAN_MS, "kept": kept}
        tell("pointer → numbers, painted", **facts, **own, **budget)
        tell("of it, the handler", **facts, **summary(results["handler"], digits=2))
        tell("pointer → an empty handler, painted", **facts, **summary(results["empty"], digits=2))
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
