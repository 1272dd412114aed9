"""The map of the test set: dots read, chosen by tap and by keyboard, a class picked out, an image opened."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.journey import BRIEF, LIMIT, Trained, keyed
from tests.browser.server import AppServer
from tests.browser.watch import PHONE, PageFactory, open_page, wait_idle

pytestmark = pytest.mark.onlooker

SAID = re.compile(r"^Test image (\d+):")


def open_map(page: Page, server: AppServer, run_id: str) -> Locator:
    """The map of a run's test set."""
    open_page(page, f"{server.url}/evaluate?run={run_id}")
    # By its key: on a phone the tool bar of the table below comes over the tabs where a mouse is near.
    page.get_by_role("tab", name="Map").press("Enter")
    plane = keyed(page, "w-map").get_by_role("application")
    expect(plane).to_have_attribute("aria-label", re.compile("Map of 359 test images of 10 classes by PCA"))
    wait_idle(page)
    return plane


def framed(plane: Locator) -> dict[str, Any]:
    """Where the frame of the dot under the pointer is, relative to the plane."""
    mark, box = plane.locator(".mark.under").bounding_box(), plane.bounding_box()
    assert mark is not None
    assert box is not None
    return {
        "x": mark["x"] + mark["width"] / 2 - box["x"],
        "y": mark["y"] + mark["height"] / 2 - box["y"],
    }


def number_of(words: str) -> str:
    found = SAID.match(words)
    assert found, words
    return found[1]


@pytest.mark.parametrize("way", ["keyboard", "tap"])
def test_a_dot_is_chosen_and_its_image_opened(
    server: AppServer, trained: Trained, new_page: PageFactory, way: str
) -> None:
    page = new_page(viewport=PHONE, has_touch=True) if way == "tap" else new_page()
    plane = open_map(page, server, trained(BRIEF))
    number = keyed(page, "w-map-image").get_by_role("spinbutton")
    plane.focus()
    plane.press("Home")
    tip = plane.locator(".tip")
    expect(tip).to_have_text(re.compile(r"^Test image 0: "))
    plane.press("ArrowRight")
    plane.press("ArrowRight")
    image = number_of(tip.inner_text())
    assert image != "0"
    if way == "tap":
        place = framed(plane)
        plane.blur()
        expect(tip).to_be_hidden()
        plane.tap(position=place)
        expect(tip).to_have_text(re.compile(rf"^Test image {image}: "))
    else:
        plane.press("Enter")
    expect(page.get_by_text(re.compile(rf"^Test image {image}: "), exact=False).last).to_be_visible(
        timeout=LIMIT
    )
    expect(number).to_have_value(image, timeout=LIMIT)
    wait_idle(page)
    page.get_by_role("link", name="Open in Inspect").click()
    page.wait_for_url(re.compile(rf"/inspect\?.*image={image}$"), timeout=LIMIT)


def test_a_class_is_picked_out_and_t_sne_chosen(server: AppServer, trained: Trained, page: Page) -> None:
    plane = open_map(page, server, trained(BRIEF))
    legend = keyed(page, "w-map").get_by_role("group", name="Pick out")
    seven = legend.get_by_role("button", name=re.compile("^7"))
    seven.click()
    expect(seven).to_have_attribute("aria-pressed", "true")
    expect(seven).to_be_focused()
    plane.focus()
    for key in ("Home", "ArrowRight", "End"):
        plane.press(key)
        expect(plane.locator(".tip")).to_have_text(re.compile(r"^Test image \d+: '7', "))
    seven.click()
    expect(seven).to_have_attribute("aria-pressed", "false")
    keyed(page, "w-map-method").get_by_role("radio", name="t-SNE").click()
    expect(plane).to_have_attribute("aria-label", re.compile("by t-SNE"), timeout=LIMIT)
