"""Concept cards and the sweep of Inspect in Chromium: addresses, the slider by keys and by pointer."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from cnnlab.ui.concepts.panel import CARDS
from tests.browser.journey import BRIEF, Trained, keyed
from tests.browser.server import AppServer
from tests.browser.watch import PHONE, PageFactory, open_page, wait_idle

pytestmark = pytest.mark.onlooker


def test_a_tab_writes_its_address_and_the_address_opens_its_tab(server: AppServer, page: Page) -> None:
    open_page(page, f"{server.url}/convolution?card=stride")
    expect(page.get_by_role("tab", name="Stride and padding")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Dropout").click()
    expect(keyed(page, "w-card-units").locator(".main-svg").first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?card=dropout$"))
    page.get_by_role("tab", name="Sliding window").click()
    expect(page.locator(".value strong")).not_to_have_text("")
    expect(page).to_have_url(re.compile(r"/convolution$"))


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_no_wider_than_a_phone(name: str, server: AppServer, new_page: PageFactory) -> None:
    phone = new_page(viewport=PHONE)
    open_page(phone, f"{server.url}/convolution?card={name}")
    expect(phone.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    for part in phone.locator(".katex-display .katex-html .base").all():
        end = part.evaluate("each => each.getBoundingClientRect().right")
        assert end <= PHONE["width"], f"{name}: a formula ends at {end} of {PHONE['width']} pixels"


def test_the_sweep_follows_keys_and_the_pointer_without_the_server(
    server: AppServer, trained: Trained, page: Page
) -> None:
    open_page(page, f"{server.url}/inspect?run={trained(BRIEF)}&image=3")
    page.get_by_role("tab", name="Is it really invariant?").click()
    sweep = keyed(page, "w-invariance")
    slider = sweep.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", re.compile(r"^0 pixels: the network says '\d'"))
    expect(sweep.get_by_role("button", name="As it is")).to_be_disabled()
    wait_idle(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    page.on("websocket", lambda socket: sent.append(socket.url))
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(sweep.locator(".amount")).to_have_text("1 pixel")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("^1 pixel: the network says"))
    page.keyboard.press("Home")
    expect(sweep.locator(".amount")).to_have_text("−3 pixels")
    assert lit(sweep) == 0  # what was shifted out by three columns left black behind it
    click(page, sweep, 1.0)
    expect(sweep.locator(".amount")).to_have_text("3 pixels")
    sweep.get_by_role("button", name="As it is").click()
    expect(sweep.locator(".amount")).to_have_text("0 pixels")
    assert sent == []


_WRITTEN = """(strip, width) => {
    const stretch = document.createElement("span");
    Object.assign(stretch, { className: "wrong", textContent: "automobile" });
    Object.assign(stretch.style, { left: "0", width: `${width}px` });
    strip.append(stretch);
    const range = document.createRange();
    range.selectNodeContents(stretch);
    const [text, box] = [range.getBoundingClientRect(), stretch.getBoundingClientRect()];
    stretch.remove();
    if (text.top >= box.bottom - 1) return "out of sight";
    return text.left >= box.left && text.right <= box.right ? "whole" : "cut";
}"""


def test_a_name_of_the_strip_is_whole_or_left_out(server: AppServer, trained: Trained, page: Page) -> None:
    open_page(page, f"{server.url}/inspect?run={trained(BRIEF)}&image=3")
    page.get_by_role("tab", name="Is it really invariant?").click()
    strip = keyed(page, "w-invariance").locator(".strip")
    expect(strip.locator("span").first).to_be_visible()
    found = [strip.evaluate(_WRITTEN, width) for width in range(4, 160, 4)]
    assert set(found) == {"out of sight", "whole"}
    assert found == sorted(found)  # narrow ones have none, wide ones have it


def lit(sweep: Locator) -> int:
    """Pixels of the picture's last three columns that are not black."""
    return int(
        sweep.locator("canvas").evaluate(
            """canvas => canvas.getContext('2d').getImageData(canvas.width - 3, 0, 3, canvas.height).data
                .filter((value, at) => at % 4 < 3 && value > 0).length"""
        )
    )


def click(page: Page, sweep: Locator, across: float) -> None:
    """Click on the curve at a share of its width."""
    plot = sweep.locator(".plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + across * (box["width"] - 2) + 1, box["y"] + box["height"] / 2)
