"""Surgery in Chromium: a kernel painted by pointer and by keyboard, what changes, and the way back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.journey import BRIEF, Record, Trained, keyed, press
from tests.browser.server import AppServer
from tests.browser.watch import open_page, wait_idle

pytestmark = pytest.mark.onlooker


def cells(stage: Locator) -> list[str]:
    """The numbers on a kernel, row by row."""
    return stage.locator(".numbers span").all_text_contents()


def weights(record: Record, run: str) -> dict[str, bytes]:
    """The run's last weights, as the record has them."""
    files = record.store.files(run)
    return {name: array.tobytes() for name, array in files.read_weights(files.kept_step(None)).items()}


def test_a_kernel_is_painted_by_pointer_and_keyboard_and_undone(
    server: AppServer, record: Record, trained: Trained, page: Page
) -> None:
    run = trained(BRIEF)
    before = weights(record, run)
    open_page(page, f"{server.url}/inspect?run={run}")
    page.get_by_role("tab", name="Surgery").click()
    editor = keyed(page, "w-surgery-kernel")
    trained, now = editor.locator(".before .stage"), editor.locator(".now .stage")
    expect(now).to_be_visible()
    original = cells(trained)
    assert cells(now) == original
    wait_idle(page)

    # A stroke across the diagonal with the strongest weight is one edit.
    box = now.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 8, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    page.mouse.up()
    brush = editor.locator("output").inner_text()
    painted = [brush if k in (0, 4, 8) else text for k, text in enumerate(original)]
    assert cells(now) == painted
    expect(page.get_by_text(re.compile(r"repainted on input channel 0"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"^The answer (stays|changes)"))).to_be_visible()
    expect(keyed(page, "w-surgery-probabilities")).to_be_visible()
    wait_idle(page)
    assert cells(now) == painted
    assert cells(trained) == original

    # What is enlarged on one side is enlarged on the other, also what was before.
    sides = [keyed(page, f"w-surgery-{side}-conv2d") for side in ("as", "edited")]
    for side, key, index in ((0, "Home", 0), (1, "End", "last"), (0, "Home", 0)):
        sides[side].locator(".grid").focus()
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        wait_idle(page)
        told = sides[side].locator("h4").inner_text()
        assert (told == "Map 0") == (index == 0)
        expect(sides[1 - side].locator("h4")).to_have_text(told)

    # By keyboard: up to the last cell but one, cleared.
    now.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("0")
    expect(editor.locator(".unseen")).to_have_text(re.compile(r"^Row 3, column 2: .* → 0$"))
    cleared = [*painted[:7], "0", painted[8]]
    assert cells(now) == cleared
    now.blur()  # hands over what was painted
    wait_idle(page)
    assert cells(now) == cleared

    press(page, "w-surgery-undo")
    wait_idle(page)
    expect(now.locator(".numbers span").nth(7)).to_have_text(painted[7])
    assert cells(now) == painted
    press(page, "w-surgery-undo")
    wait_idle(page)
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    assert cells(now) == original
    assert weights(record, run) == before
