"""From a slider in Design to the redrawn page, and from Inspect's image, layer or epoch to its feature maps.

In ms, inside the browser: from the key or click to the first frame that shows all of it. Design has 250 ms
at the 95th percentile, Inspect 300 ms with a warm worker. The peer is an empty Streamlit page with one slider
and one text in the same browser. Each is measured idle and while a training runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from bench.app import App, Clock, arguments, conditions, running, start
from bench.common import alternate, machine, summary, tell, verdict
from cnnlab.spec import presets
from tests.browser.journey import BRIEF, expect_status, keyed, train
from tests.browser.server import AppServer
from tests.browser.watch import open_page, wait_idle

BUDGET_DESIGN_MS = 250.0
BUDGET_INSPECT_MS = 300.0
LOOK_MS = 500.0
"""A person looks at what came before moving on; meanwhile a training beside gets its share of the time."""

EMPTY = """\
import streamlit as st

st.write("Filters:", st.slider("Filters", 1, 128, 32, key="filters"))
"""

DESIGN_DRAWN = """([shape, parameters]) =>
    [...document.querySelectorAll('table td:nth-child(2)')].some(cell => cell.innerText === shape)
    && deep('[role=option]').some(layer => layer.getAttribute('aria-label').endsWith(`output ${shape}`))
    && [...document.querySelectorAll('strong')].some(total => total.innerText === parameters)"""

EMPTY_DRAWN = """text => [...document.querySelectorAll('[data-testid=stMarkdown]')]
    .some(each => each.innerText.includes(text))"""

FINGERPRINT = """window.fingerprint = (label) => {
    const grid = deep('[aria-label]').find(each => each.getAttribute('aria-label').startsWith(label));
    const sheet = grid?.querySelector('canvas');
    if (!sheet || !sheet.width) return null;
    const small = new OffscreenCanvas(48, 48).getContext('2d', { willReadFrequently: true });
    small.drawImage(sheet, 0, 0, 48, 48);
    return small.getImageData(0, 0, 48, 48).data.join();
}"""

MAPS_DRAWN = """([label, before]) => {
    const now = fingerprint(label);
    return now !== null && now !== before && now.split(',').some(value => value !== '0');
}"""


def looked_at(page: Page, clock: Clock) -> float:
    """What the clock took in ms, once the page rests and a person has looked at it."""
    seconds = clock.seconds()
    wait_idle(page)
    page.wait_for_timeout(LOOK_MS)
    return 1000 * seconds


def slider_in_design(page: Page) -> Callable[[], float]:
    """Moves the first layer's filters by one, up and down; until table, diagram and totals show it."""
    architecture = presets.preset("digits").design.architecture
    slider = keyed(page, "w-L1-filters").get_by_role("slider")
    filters = 32

    def act() -> float:
        nonlocal filters
        arrow, filters = ("ArrowRight", 33) if filters == 32 else ("ArrowLeft", 32)
        first, *others = architecture.layers
        trace = architecture.replace(layers=(first.replace(filters=filters), *others)).trace()
        expected = [f"8×8×{filters}", f"{trace.total_parameters:,}"]
        clock = Clock(page, "keydown", DESIGN_DRAWN, expected)
        slider.press(arrow)
        return looked_at(page, clock)

    return act


def slider_in_an_empty_page(page: Page) -> Callable[[], float]:
    """Moves the slider of an empty page by one, up and down; until the text shows it."""
    slider = keyed(page, "filters").get_by_role("slider")
    filters = 32

    def act() -> float:
        nonlocal filters
        arrow, filters = ("ArrowRight", 33) if filters == 32 else ("ArrowLeft", 32)
        clock = Clock(page, "keydown", EMPTY_DRAWN, f"Filters: {filters}")
        slider.press(arrow)
        return looked_at(page, clock)

    return act


def image_in_inspect(page: Page) -> Callable[[], float]:
    """Asks for another image; until the feature maps are others."""

    def act() -> float:
        before = page.evaluate("fingerprint('Feature maps of ')")
        clock = Clock(page, "click", MAPS_DRAWN, ["Feature maps of ", before])
        keyed(page, "w-random").get_by_role("button").click()
        return looked_at(page, clock)

    return act


def layer_in_inspect(page: Page) -> Callable[[], float]:
    """Chooses the other convolution; until its feature maps are drawn."""
    layer = "conv2d"

    def act() -> float:
        nonlocal layer
        layer = "conv2d_1" if layer == "conv2d" else "conv2d"
        clock = Clock(page, "click", MAPS_DRAWN, [f"Feature maps of {layer}:", None])
        keyed(page, "w-layer").get_by_text(f"{layer} ").first.click()
        return looked_at(page, clock)

    return act


def epoch_in_inspect(page: Page) -> Callable[[], float]:
    """Goes back to the weights before the training, and forth again; until the feature maps are others."""
    slider = page.locator("[class*='st-key-w-step-']").get_by_role("slider")
    arrow = "ArrowRight"

    def act() -> float:
        nonlocal arrow
        arrow = "ArrowLeft" if arrow == "ArrowRight" else "ArrowRight"
        before = page.evaluate("fingerprint('Feature maps of ')")
        clock = Clock(page, "keydown", MAPS_DRAWN, ["Feature maps of ", before])
        slider.press(arrow)
        return looked_at(page, clock)

    return act


def inspect_page(app: App) -> Page:
    """Inspect with a run of the first network, whose feature maps stand."""
    page = app.page()
    page.add_init_script(FINGERPRINT)
    run_id = train(page, app.server, BRIEF)
    expect_status(page, "Finished")
    open_page(page, f"{app.server.url}/inspect?run={run_id}")
    expect(page.get_by_label("Feature maps of conv2d:").first).to_be_visible()
    return page


def measure(app: App, peer: AppServer, when: str, tries: int) -> None:
    """Measure the one slider of Design in turn with the peer, then what Inspect has."""
    design, empty = app.page(), app.page()
    open_page(design, f"{app.server.url}/design")
    open_page(empty, peer.url)
    inspect = inspect_page(app)
    with app.condition(when):
        start("Redrawing Design, an empty page, and Inspect", when, tries)
        peer_slider = slider_in_an_empty_page(empty)
        pages = alternate([slider_in_design(design), peer_slider], tries=tries, warm_up=3)
        of_inspect = [image_in_inspect(inspect), layer_in_inspect(inspect), epoch_in_inspect(inspect)]
        maps = alternate([*of_inspect, peer_slider], tries=tries, warm_up=3)
    for what, values, budget in (
        ("slider in Design → table, diagram and totals", pages[0], BUDGET_DESIGN_MS),
        ("slider in an empty Streamlit page → its text", pages[1], None),
        ("another image in Inspect → feature maps", maps[0], BUDGET_INSPECT_MS),
        ("another layer in Inspect → feature maps", maps[1], BUDGET_INSPECT_MS),
        ("another epoch in Inspect → feature maps", maps[2], BUDGET_INSPECT_MS),
        ("slider in an empty Streamlit page, beside Inspect", maps[3], None),
    ):
        numbers = summary(values, digits=0)
        tell(what, when=when, unit="ms", **numbers, **(verdict(numbers["p95"], budget) if budget else {}))
    for page in (design, empty, inspect):
        page.context.close()


def main() -> None:
    """Print the machine and each redraw, idle and while a training runs."""
    options = arguments(__doc__)
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name, running() as app:
        script = Path(name) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        with AppServer(Path(name) / "home", Path(name) / "log", script=script) as peer:
            for when in conditions(options):
                measure(app, peer, when, options.tries)


if __name__ == "__main__":
    main()
