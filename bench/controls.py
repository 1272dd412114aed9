"""How a user moves the controls of a page: each way as an action that goes there and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from tests.browser.journey import click_cell, keyed

Act = Callable[[Page, int], None]
"""Moves a control; the number tells which of its two directions is due."""


@dataclass(frozen=True)
class Control:
    """What a user moves.

    Attributes:
        address: The page's, with `{run}` for the run and `{runs}` for both.
        name: The control in words.
        act: Moves it.
        inside: Titles of the tabs, and in Inspect names of layers, that lead to it.
    """

    address: str
    name: str
    act: Act
    inside: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The name of its page; Home's address is empty."""
        return self.address.partition("?")[0] or "home"


def _widget(page: Page, key: str) -> Locator:
    """The widget with this key, or the first whose key begins so where it ends with a dash: an id follows."""
    return page.locator(f"[class*='st-key-{key}']").first if key.endswith("-") else keyed(page, key)


def slider(key: str) -> Act:
    """Moves a slider by one, there and back."""

    def act(page: Page, turn: int) -> None:
        _widget(page, key).get_by_role("slider").press("ArrowLeft" if turn % 2 else "ArrowRight")

    return act


def backwards(key: str) -> Act:
    """Moves a slider that stands at its end by one, there and back."""
    forwards = slider(key)
    return lambda page, turn: forwards(page, turn + 1)


def options(key: str, *labels: str) -> Act:
    """Chooses one button of a row after the other."""

    def act(page: Page, turn: int) -> None:
        label = re.compile(rf"^{re.escape(labels[turn % len(labels)])}")
        _option(_widget(page, key), label).click()

    return act


def _option(row: Locator, label: re.Pattern[str]) -> Locator:
    return row.locator("button, label, [data-testid=stRadioOption]").filter(has_text=label).first


def listed(key: str, *strokes: str) -> Act:
    """Chooses the next of a list, then the one before; or what these keys lead to."""
    arrows = strokes or ("ArrowDown", "ArrowUp")

    def act(page: Page, turn: int) -> None:
        box = _widget(page, key).get_by_role("combobox")
        box.click()
        box.press(arrows[turn % len(arrows)])
        box.press("Enter")

    return act


def stepped(key: str) -> Act:
    """Adds one to a number, then takes it away."""

    def act(page: Page, turn: int) -> None:
        name = "stNumberInputStepDown" if turn % 2 else "stNumberInputStepUp"
        _widget(page, key).get_by_test_id(name).click()

    return act


def pressed(*keys: str) -> Act:
    """Presses one button after the other."""

    def act(page: Page, turn: int) -> None:
        _widget(page, keys[turn % len(keys)]).get_by_role("button").first.click()

    return act


def toggled(key: str) -> Act:
    """Switches on and off."""
    return lambda page, turn: _widget(page, key).locator("label").first.click()


def tabs(*titles: str) -> Act:
    """Opens one tab after the other."""
    return lambda page, turn: tab(page, titles[turn % len(titles)]).click()


def tab(page: Page, title: str) -> Locator:
    """The tab of this title."""
    return page.get_by_role("tab", name=title, exact=True)


def links(*titles: str) -> Act:
    """Goes from page to page by the bar at the top."""

    def act(page: Page, turn: int) -> None:
        page.get_by_test_id("stPageLink").filter(has_text=titles[turn % len(titles)]).first.click()

    return act


def from_menu(key: str, item: str) -> Act:
    """Chooses from the menu behind a button, once the dialog that it led to before is closed again."""
    # An item may have an icon, whose name is read before it.
    name = re.compile(rf"^(\w+ )?{re.escape(item)}$")

    def act(page: Page, turn: int) -> None:
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        _widget(page, key).get_by_role("button").first.click()
        page.get_by_role("menuitem", name=name).or_(page.get_by_role("option", name=name)).first.click()

    return act


def taken_out(key: str) -> Act:
    """Takes the last one out of a list of several, then puts it back."""

    def act(page: Page, turn: int) -> None:
        box = _widget(page, key).get_by_role("combobox")
        box.click()
        for stroke in ("ArrowDown", "Enter") if turn % 2 else ("Backspace", "Escape"):
            box.press(stroke)

    return act


def in_turn(*acts: Act) -> Act:
    """Does one after the other."""
    return lambda page, turn: acts[turn % len(acts)](page, turn)


def cells(key: str, *places: tuple[int, int]) -> Act:
    """Clicks one cell of a confusion matrix after the other."""
    return lambda page, turn: click_cell(page, key, *places[turn % len(places)])


def keys(key: str, part: str, *strokes: str) -> Act:
    """Presses keys on a part of a component, one a turn, and leaves it."""

    def act(page: Page, turn: int) -> None:
        target = _widget(page, key).locator(part)
        target.press(strokes[turn % len(strokes)])
        target.blur()

    return act
