"""From a move of the pointer to the numbers under it, in ms, inside the browser.

Measured from the time stamp of a real mouse move to the end of the frame that shows the new numbers: 16 ms at
the median and 33 ms at the 95th percentile, page idle. The peer, in turn with it, is an empty handler on the
same page, which waits for the frame as long. What the handler itself takes is told, too.

A hand knows nothing of frames: between two moves nothing asks the page for one, and the pauses are random.
Asked at each frame whether the last move was painted, the page would never be idle, and the next move would
always come just after a frame had begun, which is the longest wait for one.
"""

from __future__ import annotations

import random
import time

from playwright.sync_api import Page

from bench.common import summary, tell, verdict

BUDGET_MEDIAN_MS, BUDGET_P95_MS = 16.0, 33.0
MOVES = 60
PAUSE = (0.1, 0.2)
"""Seconds between two moves."""

_MEASURE = """([stageSelector, placeSelector]) => {
    const [stage] = deep(stageSelector);
    const root = stage.getRootNode();
    const place = root.querySelector(placeSelector);
    const peer = document.body.appendChild(document.createElement('div'));
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


class Pointer:
    """The mouse over a part of a page whose numbers follow it.

    Args:
        page: A page that stands.
        stage: Selector of the part that the mouse moves over.
        place: Selector, within the same component, of the words that say where the mouse is.
    """

    def __init__(self, page: Page, stage: str, place: str) -> None:
        self._page, self._stage = page, stage
        page.evaluate(_MEASURE, [stage, place])

    def measure(self, tries: int, what: str, **facts: str) -> None:
        """Move the mouse so often over the stage and over the peer, in turn, and tell what the moves took."""
        seen = self._moved(tries)
        own = summary(seen["own"], digits=2)
        kept = own["median"] <= BUDGET_MEDIAN_MS and own["p95"] <= BUDGET_P95_MS
        budget = verdict(own["p95"], BUDGET_P95_MS) | {"budget_median": BUDGET_MEDIAN_MS, "kept": kept}
        tell(f"pointer → {what}, painted", **facts, unit="ms", **own, **budget)
        tell("of it, the handler", **facts, unit="ms", **summary(seen["handler"], digits=2))
        tell("pointer → an empty handler, painted", **facts, unit="ms", **summary(seen["empty"], digits=2))

    def _moved(self, tries: int) -> dict[str, list[float]]:
        page, pauses = self._page, random.Random(0)
        page.evaluate("Object.assign(seen, { own: [], empty: [], handler: [], moves: 0 })")
        box = page.locator(self._stage).bounding_box()
        assert box is not None
        for k in range(tries):
            across, down = 0.15 + 0.7 * (k * 0.381966 % 1), 0.15 + 0.7 * (k * 0.618034 % 1)
            page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
            time.sleep(pauses.uniform(*PAUSE))
            page.mouse.move(600 + k % 9, 700)
            time.sleep(pauses.uniform(*PAUSE))
        seen = dict(page.evaluate("seen"))
        if seen.pop("moves") != 2 * tries:
            raise RuntimeError("A move was not painted before the next one came: the machine is too busy.")
        return seen
