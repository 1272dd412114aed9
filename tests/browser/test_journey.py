"""The way through the app: from one click to the confusion cell, and what must not break on the way."""

from __future__ import annotations

import os
import re
import signal
import sys

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import (
    BRIEF,
    ENDLESS,
    LIMIT,
    RESUMED,
    Record,
    begins_with,
    cell_of,
    choose,
    click_cell,
    drawn,
    expect_epochs,
    expect_points,
    expect_status,
    keyed,
    owner_of,
    press,
    results,
    run_of,
    train,
    training_worker,
    wait_for,
)
from tests.browser.server import AppServer, ServerFactory
from tests.browser.watch import PHONE, PageFactory, Watch, open_page, wait_idle

LOST_SERVER = (
    r"ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket"
    r"|Client Error in reaching server endpoint|Streamlit server is not responding"
)
"""What the browser says when the server is killed under its pages."""


def confusion(record: Record, run_id: str) -> np.ndarray:
    """The run's confusion matrix, counted from its kept answers."""
    files, step = record.store.files(run_id), record.history(run_id).last_step
    kept = files.read_evaluation(step)
    assert kept is not None
    matrix = np.zeros((10, 10), int)
    np.add.at(matrix, (kept.labels, kept.probabilities.argmax(axis=1)), 1)
    return matrix


def sentence(matrix: np.ndarray, actual: int, predicted: int) -> str:
    """What the page says of a cell."""
    count, total = matrix[actual, predicted], matrix[actual].sum()
    verb = ("was" if count == 1 else "were") + (" rightly" if actual == predicted else "")
    return f"{count} of {total} images of '{actual}' {verb} called '{predicted}'."


def confusion_of_finished(page: Page, record: Record, run_id: str) -> np.ndarray:
    """Wait for the run's matrix on the page, and return the record's."""
    expect(keyed(page, "w-train-matrix").locator(".plane")).to_be_visible(timeout=LIMIT)
    wait_idle(page)
    return confusion(record, run_id)


def test_from_one_click_to_the_confusion_cell_and_its_image(
    server: AppServer, record: Record, page: Page
) -> None:
    open_page(page, server.url)
    press(page, "first")
    run_id = run_of(page)
    expect_epochs(page, 1)
    expect_status(page, "Finished")

    matrix = confusion_of_finished(page, record, run_id)
    click_cell(page, "w-train-matrix", 3, 3)
    expect(page.get_by_text(sentence(matrix, 3, 3))).to_be_visible()

    mistakes = matrix * ~np.eye(10, dtype=bool)
    actual, predicted = map(int, np.argwhere(mistakes)[-1])
    choose(page, "w-train-side-0", str(actual))
    expect(page.get_by_text(sentence(matrix, actual, 3))).to_be_visible()
    choose(page, "w-train-side-1", str(predicted))
    expect(page.get_by_text(sentence(matrix, actual, predicted))).to_be_visible()
    pictures = keyed(page, f"w-train-images-{actual}-{predicted}").locator("button[data-id]")
    expect(pictures).to_have_count(int(matrix[actual, predicted]))

    index = pictures.first.get_attribute("data-id")
    pictures.first.click()
    page.wait_for_url(re.compile(rf"/inspect\?run={run_id}"))
    wait_idle(page)
    expect(keyed(page, "w-image").get_by_role("spinbutton")).to_have_value(str(index))
    shown = page.get_by_role("img", name=re.compile(rf"^Test image {index}\b.*{actual}$"))
    expect(shown.first).to_be_visible()
    expect(page.get_by_label(re.compile("^Feature maps of conv2d: 32 tiles"))).to_be_visible()
    page.get_by_role("tab", name="Kernels").click()
    expect(page.get_by_text("32 kernels")).to_be_visible()
    expect(page.get_by_label(re.compile("^Kernels of conv2d: 32 tiles"))).to_be_visible()


def test_a_cell_is_chosen_by_the_first_tap_and_by_arrow_keys(
    server: AppServer, record: Record, new_page: PageFactory
) -> None:
    page = new_page(viewport=PHONE, has_touch=True)
    run_id = train(page, server, BRIEF)
    matrix = confusion_of_finished(page, record, run_id)
    plane, middle = cell_of(page, "w-train-matrix", 3, 3)
    plane.tap(position=middle)
    expect(page.get_by_text(sentence(matrix, 3, 3))).to_be_visible()

    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        plane.press(key)
    expect(plane.locator(".tip")).to_have_text(sentence(matrix, 5, 4).rstrip("."))
    plane.press("Enter")
    expect(page.get_by_text(sentence(matrix, 5, 4))).to_be_visible()


def test_a_reload_and_a_second_browser_see_the_same_run(
    server: AppServer, record: Record, page: Page, new_page: PageFactory
) -> None:
    run_id = train(page, server, ENDLESS)
    expect_epochs(page, 2)
    before = drawn(page)
    page.reload()
    assert run_of(page) == run_id
    expect_epochs(page, len(before[0]) + 1)
    assert begins_with(drawn(page), before)

    other = new_page()
    other.goto(f"{server.url}/train?run={run_id}")
    expect_status(other, "Training")
    expect_epochs(other, len(before[0]) + 1)
    assert begins_with(drawn(other), before)
    assert owner_of(other) != owner_of(page)
    wait_idle(other)
    expect(keyed(other, "stop")).to_have_count(0)
    expect(keyed(other, "pause")).to_have_count(0)

    press(page, "stop")
    for each in (page, other):
        expect_status(each, "Stopped")
        expect_points(each, record.history(run_id))
    wait_idle(other)
    expect(keyed(other, "resume")).to_have_count(0)


def expect_to_be_held(page: Page) -> None:
    """The page has taken note that the run trains: its buttons are those of a run that can be held."""
    expect(keyed(page, "pause").get_by_role("button")).to_be_enabled()
    wait_idle(page)


def test_buttons_pause_resume_and_stop_a_training(server: AppServer, record: Record, page: Page) -> None:
    run_id = train(page, server, ENDLESS)
    expect_epochs(page, 1)
    press(page, "pause")
    expect_status(page, "Paused")
    paused_at = record.history(run_id).last_step
    press(page, "go-on")
    expect_status(page, "Training")
    expect_to_be_held(page)
    record.wait_for_epochs(run_id, len(record.history(run_id).epochs) + 1)
    kinds = [event.kind for event in record.store.events(run_id)]
    assert record.history(run_id).last_step > paused_at
    assert kinds.count("started") == 1, "a pause is no end"

    press(page, "stop")
    expect_status(page, "Stopped")
    stopped_at = record.history(run_id).last_step
    press(page, "resume")
    expect_status(page, "Training")
    expect_to_be_held(page)

    def beginnings() -> list[int]:
        events = record.store.events(run_id)
        return [event.payload["step"] for event in events if event.kind == "started"]

    wait_for(lambda: len(beginnings()) > 1, "the training to go on")
    assert beginnings() == [0, stopped_at]
    press(page, "stop")
    expect_status(page, "Stopped")


def test_a_killed_worker_leaves_the_app_up_and_the_run_resumable(
    server: AppServer, record: Record, page: Page, new_page: PageFactory
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("The test finds the worker through /proc.")
    other = new_page()
    open_page(other, f"{server.url}/design")
    run_id = train(page, server, RESUMED)
    record.wait_for_epochs(run_id, 2)
    os.kill(training_worker(server), signal.SIGKILL)
    expect_status(page, "Interrupted")
    assert record.status(run_id) == "interrupted"
    expect(page.get_by_text("Resume goes on from the last state on the disk").first).to_be_visible()
    lost = record.history(run_id)

    other.get_by_text("Flatten", exact=False).first.click()
    wait_idle(other)
    expect(other.get_by_test_id("stException")).to_have_count(0)

    press(page, "resume")
    expect_status(page, "Finished")
    history = record.history(run_id)
    assert [row["epoch"] for row in history.epochs] == list(range(1, RESUMED.training.epochs + 1))
    assert results(history)[: len(lost.epochs)] == results(lost)
    assert list(history.step) == list(range(1, history.total_steps + 1))
    expect_points(page, history)


def test_a_killed_server_loses_no_point_and_its_run_is_resumed_by_the_next(
    new_server: ServerFactory, page: Page, watch: Watch
) -> None:
    watch.allow(LOST_SERVER)
    first = new_server()
    record = Record(first.home)
    run_id = train(page, first, RESUMED)
    expect_epochs(page, 2)
    seen = drawn(page)
    first.kill()
    second = new_server(home=first.home)
    page.goto(f"{second.url}/train?run={run_id}")
    record.wait_for_status(run_id, "interrupted")
    history = record.history(run_id)
    expect_status(page, "Interrupted")
    expect_points(page, history)
    assert begins_with(drawn(page), seen)
    press(page, "resume")
    expect_status(page, "Finished")
    assert begins_with(drawn(page), seen)
    whole = record.history(run_id)
    assert results(whole)[: len(history.epochs)] == results(history)
    assert list(whole.step) == list(range(1, whole.total_steps + 1))
    record.stop_all()


@pytest.mark.parametrize("key", ["first", "train", "start"])
def test_a_double_click_on_train_starts_one_run(
    key: str, server: AppServer, record: Record, page: Page
) -> None:
    address = {"first": "", "train": "/design", "start": "/train"}[key]
    open_page(page, server.url + address)
    keyed(page, key).get_by_role("button").dblclick()
    run_id = run_of(page)
    expect_status(page, "Finished")
    wait_idle(page)
    assert [row.id for row in record.store.runs(owner_of(page))] == [run_id]


def test_two_users_start_one_run_each_and_the_second_waits_its_turn(
    server: AppServer, record: Record, page: Page, new_page: PageFactory
) -> None:
    other = new_page()
    first = train(page, server, ENDLESS)
    expect_status(page, "Training")
    second = train(other, server, BRIEF)
    expect_status(other, "Waiting")
    expect(other.get_by_text("1 run before this one.")).to_be_visible()
    assert record.status(second) == "queued"
    press(page, "stop")
    expect_status(page, "Stopped")
    expect_status(other, "Finished")
    assert [row.id for row in record.store.runs(owner_of(page))] == [first]
    assert [row.id for row in record.store.runs(owner_of(other))] == [second]
