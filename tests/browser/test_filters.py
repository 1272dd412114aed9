"""Inspect's tab Filters: a filter chosen by keyboard and by click, and one of its images opened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import BRIEF, LIMIT, Trained, keyed
from tests.browser.server import AppServer
from tests.browser.watch import open_page, wait_idle

pytestmark = pytest.mark.onlooker

FILTER = re.compile(r"Filter (\d+) is above 0|Filter (\d+) is dead")


@pytest.mark.parametrize("way", ["keyboard", "click"])
def test_a_filter_is_chosen_and_one_of_its_images_opened(
    server: AppServer, trained: Trained, page: Page, way: str
) -> None:
    open_page(page, f"{server.url}/inspect?run={trained(BRIEF)}")
    page.get_by_role("tab", name="Filters").click()
    grid = keyed(page, "w-filters-conv2d").get_by_role("application")
    expect(grid).to_have_attribute("aria-label", re.compile("What excites the filters of conv2d: 32 tiles"))
    expect(page.get_by_text(FILTER)).to_be_visible(timeout=LIMIT)
    wait_idle(page)
    if way == "keyboard":
        grid.press("Home")
        grid.press("ArrowRight")
    else:
        first = grid.bounding_box()
        assert first is not None
        grid.click(position={"x": first["width"] / 6 * 1.5, "y": 20})
    expect(page.get_by_text(re.compile("Filter 1 is (above 0|dead)"))).to_be_visible(timeout=LIMIT)
    expect(page.get_by_alt_text(re.compile("made to excite filter 1 of conv2d"))).to_be_visible(timeout=LIMIT)
    wait_idle(page)
    nine = keyed(page, "w-nine-conv2d").get_by_role("button")
    expect(nine).to_have_count(9)
    chosen = nine.nth(4).get_attribute("data-id")
    if way == "keyboard":
        nine.first.focus()
        nine.first.press("ArrowDown")
        nine.nth(3).press("ArrowRight")
        nine.nth(4).press("Enter")
    else:
        nine.nth(4).click()
    expect(page).to_have_url(re.compile(rf"image={chosen}\b"), timeout=LIMIT)
    expect(page.get_by_text(re.compile(rf"^Test image {int(chosen or 0):,}:"))).to_be_visible(timeout=LIMIT)
