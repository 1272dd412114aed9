"""The frame around every page: its links, addresses opened on a fresh server, phones and dark rooms."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cnnlab.ui.frame import PAGES
from tests.browser.server import AppServer, ServerFactory
from tests.browser.watch import PHONE, PageFactory, open_page, wait_idle

pytestmark = pytest.mark.onlooker

KEYS = tuple(PAGES)


def address(key: str) -> str:
    """The path of a page."""
    return "/" if key == "home" else f"/{key}"


def expect_framed(page: Page, key: str) -> None:
    """The page stands inside its frame: a link to every page, its own name in the tab, and no exception."""
    wait_idle(page)
    expect(page).to_have_title("CNN Lab" if key == "home" else f"{PAGES[key].title} · CNN Lab")
    for entry in PAGES.values():
        expect(page.get_by_role("link", name=entry.title, exact=True).first).to_be_attached()
    expect(page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("key", KEYS)
def test_an_address_opened_on_a_fresh_server_comes_framed(
    key: str, new_server: ServerFactory, page: Page
) -> None:
    server = new_server()
    page.goto(server.url + address(key))
    expect_framed(page, key)
    assert "Traceback" not in server.output()


def test_the_bar_leads_to_every_page_and_back_returns(server: AppServer, page: Page) -> None:
    open_page(page, server.url)
    for key in KEYS[1:]:
        page.get_by_role("link", name=PAGES[key].title, exact=True).first.click()
        page.wait_for_url(re.compile(rf"/{key}(\?.*)?$"))
        expect_framed(page, key)
    page.go_back()
    page.wait_for_url(re.compile(rf"/{KEYS[-2]}(\?.*)?$"))
    expect_framed(page, KEYS[-2])


@pytest.mark.parametrize("key", KEYS)
def test_a_page_does_not_scroll_sideways_on_a_phone(
    key: str, server: AppServer, new_page: PageFactory
) -> None:
    page = new_page(viewport=PHONE)
    page.goto(server.url + address(key))
    expect_framed(page, key)
    widths = page.get_by_test_id("stMain").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert widths[0] <= widths[1]
    for entry in PAGES.values():
        expect(page.get_by_role("link", name=entry.title, exact=True).first).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_room(scheme: str, server: AppServer, new_page: PageFactory) -> None:
    page = new_page(color_scheme=scheme)
    open_page(page, server.url)
    background = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 22, 29)"}[scheme]
    expect(page.get_by_test_id("stApp")).to_have_css("background-color", background)


def test_nothing_invites_to_deploy(server: AppServer, page: Page) -> None:
    open_page(page, server.url)
    expect(page.get_by_text("Deploy", exact=True)).to_have_count(0)
