"""The Runs page in Chromium: renamed, deleted only when meant, run again."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.journey import (
    BRIEF,
    ENDLESS,
    Record,
    expect_status,
    owner_of,
    pick,
    press,
    run_of,
    train,
)
from tests.browser.server import AppServer
from tests.browser.watch import PageFactory, open_page, wait_idle


def test_a_run_is_renamed_run_again_and_deleted_only_when_meant(
    server: AppServer, record: Record, page: Page, new_page: PageFactory
) -> None:
    first = train(page, server, BRIEF)
    expect_status(page, "Finished")

    open_page(page, f"{server.url}/runs")
    pick(page, f"menu-{first}", "Rename")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("My first network")
    dialog.get_by_role("button", name="Rename").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name="My first network")).to_be_visible()
    assert record.store.run(first).name == "My first network"

    wait_idle(page)
    pick(page, f"menu-{first}", "Run again")
    second = run_of(page)
    assert second != first
    expect_status(page, "Finished")
    assert record.store.run(second).design == record.store.run(first).design

    open_page(page, f"{server.url}/runs")
    pick(page, f"menu-{second}", "Delete")
    expect(dialog).to_contain_text("will be gone for good")
    press(page, "keep")
    expect(dialog).to_have_count(0)
    assert {row.id for row in record.store.runs(owner_of(page))} == {first, second}

    wait_idle(page)
    pick(page, f"menu-{second}", "Delete")
    press(page, "delete-now")
    expect(dialog).to_have_count(0)
    expect(page.locator("[class*='st-key-menu-']")).to_have_count(1)
    assert [row.id for row in record.store.runs(owner_of(page))] == [first]

    page.get_by_role("link", name="My first network").click()
    page.wait_for_url(re.compile(rf"/train\?run={first}"))
    other = new_page()
    open_page(other, f"{server.url}/runs")
    expect(other.get_by_text("My first network")).to_have_count(0)


def test_a_row_follows_its_training_by_itself_and_closes_no_dialog(
    server: AppServer, record: Record, page: Page
) -> None:
    run = train(page, server, ENDLESS)
    record.wait_for_epochs(run, 1)
    open_page(page, f"{server.url}/runs")
    epochs = page.get_by_text(re.compile(r"^\d+ of 500 epochs$"))
    shown = epochs.inner_text()
    record.wait_for_epochs(run, len(record.history(run).epochs) + 1)
    expect(epochs).not_to_have_text(shown)

    pick(page, f"menu-{run}", "Rename")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Half written")
    record.store.send_command(run, "stop")
    record.wait_for_status(run, "stopped")
    # The row says what came of it, and the dialog above is still open.
    expect(page.get_by_text("test accuracy")).to_be_visible()
    expect(dialog.get_by_label("Name")).to_have_value("Half written")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("test accuracy")).to_be_visible()
    assert record.store.run(run).name != "Half written"
