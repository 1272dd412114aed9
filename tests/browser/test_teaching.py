"""Teaching with a live training: single steps, a rate changed in mid-run and its mark, a run repeated."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import (
    BRIEF,
    ENDLESS,
    LIMIT,
    Record,
    expect_status,
    keyed,
    press,
    run_of,
    train,
    wait_for,
)
from tests.browser.server import AppServer
from tests.browser.watch import wait_idle

NOTES = "plot => plot.layout.annotations.map(note => note.text)"


def test_a_step_at_a_time_and_a_learning_rate_changed_in_mid_run(
    server: AppServer, record: Record, page: Page
) -> None:
    run_id = train(page, server, ENDLESS)
    expect_status(page, "Training")
    press(page, "pause")
    expect_status(page, "Paused")
    expect(keyed(page, "go-on")).to_be_visible()
    stood = record.history(run_id).last_step
    press(page, "step")
    wait_for(lambda: record.history(run_id).last_step == stood + 1, "one more step")
    wait_idle(page)

    page.locator(".plot .main-svg").first.evaluate("element => { element.kept = true; }")
    slider = keyed(page, f"w-now-learning_rate-{run_id}").get_by_role("slider")
    slider.focus()
    slider.press("ArrowLeft")
    (change,) = wait_for(lambda: record.history(run_id).changes, "the change in the record")
    assert (change["name"], change["step"]) == ("learning_rate", stood + 2)
    mark = f"learning rate {change['value']:g} · step {stood + 2}"
    expect(page.locator(".plot .annotation-text", has_text=mark)).to_be_attached(timeout=LIMIT)
    assert mark in page.locator(".plot").evaluate(NOTES)
    press(page, "step")
    wait_for(lambda: record.history(run_id).last_step == stood + 2, "a step with the new rate")
    assert record.history(run_id).learning_rate == pytest.approx(change["value"])
    assert page.locator(".plot .main-svg").first.evaluate("element => element.kept === true"), (
        "the chart was not drawn anew"
    )
    expect(page.locator(".pictures img.kernels")).to_be_visible()
    press(page, "stop")
    expect_status(page, "Stopped")


def test_a_run_is_repeated_with_one_thing_changed_over_its_ghost(
    server: AppServer, record: Record, page: Page
) -> None:
    run_id = train(page, server, BRIEF)
    expect_status(page, "Finished")
    press(page, "again")
    slider = keyed(page, f"w-again-{run_id}-learning_rate").get_by_role("slider")
    slider.focus()
    slider.press("ArrowRight")
    wait_idle(page)
    press(page, "again-start")
    page.wait_for_url(re.compile(rf"/train\?run=(?!{run_id})"), timeout=LIMIT)
    again = run_of(page)
    expect_status(page, "Finished")
    assert record.store.run(again).parent == run_id
    expect(page.locator(".legend")).to_contain_text("before: ")
    ghosts = (
        "plot => (plot.data ?? []).filter(trace => trace.name === 'earlier run, validation').length === 2"
    )
    wait_for(lambda: page.locator(".plot").evaluate(ghosts), "the earlier run's curves")
