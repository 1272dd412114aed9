"""The head of the Train page in Chromium: buttons in reach, the chart in its place, the status said once."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.journey import ENDLESS, Record, expect_epochs, expect_status, keyed, press, train
from tests.browser.server import AppServer
from tests.browser.watch import PHONE, PageFactory, open_page, wait_idle

KEYS = ("pause", "stop", "step", "epoch")


def top(page: Page, selector: str) -> float:
    """Where this part of the page begins, in pixels from the window's upper edge."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


def test_the_chart_keeps_its_place_when_the_buttons_change(
    server: AppServer, record: Record, page: Page
) -> None:
    train(page, server, ENDLESS)
    expect_status(page, "Training")
    expect_epochs(page, 1)
    wait_idle(page)
    place = top(page, ".plot")
    press(page, "pause")
    expect_status(page, "Paused")
    expect(keyed(page, "rewind")).to_be_visible()
    assert top(page, ".plot") == place
    press(page, "stop")
    expect_status(page, "Stopped")
    expect(keyed(page, "resume")).to_be_visible()
    assert top(page, ".plot") == place
    expect(page.get_by_text("Stopped", exact=True).and_(page.locator(":visible"))).to_have_count(1)


def test_on_a_phone_the_first_screen_holds_the_button_that_trains(
    server: AppServer, new_page: PageFactory
) -> None:
    page = new_page(viewport=PHONE)
    open_page(page, f"{server.url}/train")
    button = keyed(page, "start").get_by_role("button")
    expect(button).to_be_in_viewport(ratio=1)
    expect(keyed(page, "w-training-epochs")).not_to_be_in_viewport()


def test_on_a_phone_a_runs_buttons_stand_in_a_row_above_its_chart(
    server: AppServer, record: Record, page: Page
) -> None:
    page.set_viewport_size(PHONE)
    train(page, server, ENDLESS)
    expect_status(page, "Training")
    expect_epochs(page, 1)
    wait_idle(page)
    places = [top(page, f".st-key-{key}") for key in KEYS]
    assert len(set(places)) == 1
    assert places[0] < top(page, ".strip") < top(page, ".plot")
    press(page, "pause")
    expect(keyed(page, "go-on")).to_be_visible()
    wait_idle(page)
    assert len({top(page, f".st-key-{key}") for key in ("go-on", *KEYS[1:])}) == 1
