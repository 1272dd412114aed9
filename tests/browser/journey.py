"""What a user does in the app, and what the record says of it: the words in which the journeys are told."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Position, expect

from cnnlab.runs.events import ACTIVE
from cnnlab.runs.history import History
from cnnlab.runs.store import Store
from cnnlab.spec import links, presets
from cnnlab.spec.design import Design
from tests.browser.server import AppServer
from tests.browser.watch import wait_idle

LIMIT_SECONDS = 60.0
"""A training is waited for so long: a busy machine takes ten times what an idle one does."""

LIMIT = LIMIT_SECONDS * 1000

_OWNER_COOKIE = "cnnlab_owner"

_CURVES = """plot => (plot.data ?? [])
    .filter(trace => ['training', 'validation'].includes(trace.name))
    .map(trace => [...trace.x].map((x, at) => [x, trace.y[at]]))"""

Point = tuple[float, float]


def digits(epochs: int, *, batch_size: int = 64) -> Design:
    """The first network with another length; small batches make an epoch longer."""
    design = presets.preset("digits").design
    training = design.training.replace(epochs=epochs, batch_size=batch_size, schedule="constant")
    return design.model_copy(update={"training": training})


ENDLESS = digits(500, batch_size=8)
"""Trains for longer than any test lasts: whoever starts it stops it."""

RESUMED = digits(24, batch_size=16)
"""Long enough to be killed in its middle, short enough to be waited for afterwards."""

BRIEF = digits(1)


def keyed(page: Page, key: str) -> Locator:
    """The widget with this key."""
    return page.locator(f".st-key-{re.sub('[^a-zA-Z0-9_-]', '-', key)}")


def press(page: Page, key: str) -> None:
    """Click the button with this key, once the page has come to rest: a rerun may put another there."""
    wait_idle(page)
    keyed(page, key).get_by_role("button").first.click()


def choose(page: Page, key: str, option: str) -> None:
    """Choose from the list with this key, as a keyboard does."""
    box = keyed(page, key).get_by_role("combobox")
    box.click()
    box.press_sequentially(option)  # a long list holds only the options in view: typing brings this one there
    expect(page.get_by_role("option", name=option, exact=True)).to_be_visible()
    box.press("Enter")


def pick(page: Page, key: str, item: str) -> None:
    """Choose from the menu that the button with this key opens."""
    press(page, key)
    # An item may have an icon, whose name is read before it.
    name = re.compile(rf"^(\w+ )?{re.escape(item)}$")
    page.get_by_role("menuitem", name=name).or_(page.get_by_role("option", name=name)).click()


def link(server: AppServer, design: Design) -> str:
    """The address that opens a design."""
    return f"{server.url}/design?lab={links.encode(design)}"


def train(page: Page, server: AppServer, design: Design) -> str:
    """Open a design by its link and press Train; the id of its run."""
    page.goto(link(server, design))
    wait_idle(page)
    press(page, "train")
    return run_of(page)


def run_of(page: Page) -> str:
    """The run that the Train page shows, once it is there."""
    page.wait_for_url(re.compile(r"/train\?run=[0-9a-f]{10}$"), timeout=LIMIT)
    return page.url[-10:]


def expect_status(page: Page, word: str) -> None:
    """The live chart says this of its run."""
    expect(page.locator(".chip")).to_have_text(word, timeout=LIMIT)


def expect_epochs(page: Page, epochs: int) -> None:
    """The live chart draws a marker of at least so many epochs."""
    # Four curves have a marker an epoch: loss and accuracy, of training and of validation.
    marker = page.locator(".plot path.point").nth(4 * epochs - 1)
    expect(marker).to_be_attached(timeout=LIMIT)


def drawn(page: Page) -> list[list[Point]]:
    """The points of the live chart's four curves by epoch: loss and accuracy, training before validation."""
    return page.locator(".plot").evaluate(_CURVES)


def recorded(history: History) -> list[list[Point]]:
    """The same points, from the record."""
    return [
        [(row["step"] / history.steps_per_epoch, row[prefix + field]) for row in history.epochs]
        for field in ("loss", "accuracy")
        for prefix in ("", "val_")
    ]


def results(history: History) -> list[dict[str, Any]]:
    """What the training gave by epoch, without what depends on how busy the machine was."""
    paces = {"seconds", "images_per_second"}
    return [{name: value for name, value in row.items() if name not in paces} for row in history.epochs]


def expect_points(page: Page, history: History) -> None:
    """The live chart shows the points of the record, and no others."""
    expect_epochs(page, len(history.epochs))
    for curve, points in zip(drawn(page), recorded(history), strict=True):
        assert [tuple(point) for point in curve] == [pytest.approx(point) for point in points]


def begins_with(curves: list[list[Point]], earlier: list[list[Point]]) -> bool:
    """Whether each curve goes on from what it was earlier."""
    return all(curve[: len(start)] == start for curve, start in zip(curves, earlier, strict=True))


def cell_of(page: Page, key: str, row: int, column: int, classes: int = 10) -> tuple[Locator, Position]:
    """The plane of the confusion matrix with this key, and the middle of a cell on it."""
    plane = keyed(page, key).locator(".plane")
    plane.scroll_into_view_if_needed()
    box = plane.bounding_box()
    assert box is not None
    x, y = (column + 0.5) * box["width"] / classes, (row + 0.5) * box["height"] / classes
    return plane, {"x": x, "y": y}


def click_cell(page: Page, key: str, row: int, column: int) -> None:
    """Click a cell of the confusion matrix with this key, as a mouse does."""
    plane, middle = cell_of(page, key, row, column)
    plane.hover(position=middle)
    expect(plane.locator(".tip")).to_be_visible()
    plane.click(position=middle)


def owner_of(page: Page) -> str:
    """Who this browser is to the server."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    return str(cookies[_OWNER_COOKIE])


def wait_for(condition: Callable[[], Any], what: str, seconds: float = LIMIT_SECONDS) -> Any:
    """The condition's first true value. Fails when there is none within the limit."""
    end = time.monotonic() + seconds
    tick = threading.Event()
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        tick.wait(0.05)
    return value


Trained = Callable[[Design], str]
"""What the fixture `trained` gives."""


class Record:
    """The record of a server, read and, after a test, put in order from outside."""

    def __init__(self, home: Path) -> None:
        self.store = Store(home / "runs.sqlite")

    def status(self, run_id: str) -> str:
        """The run's status."""
        return self.store.run(run_id).status

    def history(self, run_id: str) -> History:
        """What the run's events say so far."""
        return History.fold(self.store.events(run_id))

    def wait_for_status(self, run_id: str, *statuses: str) -> str:
        """The first of these statuses that the run has."""
        wait_for(lambda: self.status(run_id) in statuses, f"run {run_id} to be {' or '.join(statuses)}")
        return self.status(run_id)

    def wait_for_epochs(self, run_id: str, epochs: int) -> History:
        """The run's history once it has so many epochs."""
        return wait_for(
            lambda: history if len((history := self.history(run_id)).epochs) >= epochs else None,
            f"{epochs} epochs of run {run_id}",
        )

    def stop_all(self) -> None:
        """End every training and close the record, so that the next test finds an idle server."""
        for row in self.store.runs(statuses=ACTIVE):
            self.store.send_command(row.id, "stop")
            self.store.set_status(row.id, "stopped", expect=("queued",))
        wait_for(lambda: not self.store.runs(statuses=ACTIVE), "all trainings to stop")
        self.store.close()


def training_worker(server: AppServer) -> int:
    """The process that trains: of the server's workers the one that gives way to the others."""
    return int(wait_for(lambda: _niced(server.pid), "a training worker"))


def _niced(server: int) -> int | None:
    for children in Path(f"/proc/{server}/task").glob("*/children"):
        for pid in map(int, children.read_text().split()):
            if os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, server):
                return pid
    return None
