"""From the click on Train to the first point on the chart, with a warm worker; the budget is 1.5 s.

Measured inside the browser, idle and while another training runs (the app then may train two at once). The
peer is the same first step without browser and server: the engine in this process starts the same training,
until its first step is in the record.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable

from playwright.sync_api import Page

from bench.app import App, Clock, arguments, conditions, running, start
from bench.common import alternate, machine, summary, tell, verdict
from cnnlab import api
from cnnlab.engine import close_engine, get_engine
from cnnlab.runs.store import get_store
from tests.browser.journey import BRIEF, keyed, link, run_of
from tests.browser.watch import open_page, wait_idle

BUDGET_SECONDS = 1.5
READY_SECONDS = 120.0

POINT_DRAWN = "() => deep('.plot').some(plot => plot.data?.[0]?.x.length > 0)"
ENDED = "() => deep('.chip').some(chip => ['finished', 'failed'].some(word => chip.matches('.' + word)))"


def click_on_train(app: App, page: Page, rest: Callable[[], None]) -> Callable[[], float]:
    """Opens a design that trains for one epoch, and clicks when all rest."""

    def act() -> float:
        open_page(page, link(app.server, BRIEF))
        rest()
        clock = Clock(page, "click", POINT_DRAWN)
        keyed(page, "train").get_by_role("button").click()
        seconds = clock.seconds()
        run_of(page)
        page.wait_for_function(ENDED)
        wait_idle(page)
        return seconds

    return act


def first_step(rest: Callable[[], None]) -> Callable[[], float]:
    """Starts the same training through an engine of this process, until its first step is recorded."""
    store = get_store()

    def act() -> float:
        rest()
        began = time.perf_counter()
        run = api.start(BRIEF)
        while not any(event.kind == "steps" for event in store.events(run.id)):
            time.sleep(0.002)
        seconds = time.perf_counter() - began
        run.wait()
        return seconds

    return act


def resting(app: App) -> Callable[[], None]:
    """Waits until the server and this process both have a warm worker: neither imports beside the other."""
    engine = get_engine()
    engine.warm()

    def rest() -> None:
        end = time.monotonic() + READY_SECONDS
        while not engine.status().ready:
            if time.monotonic() > end:
                raise TimeoutError(f"No worker was warm within {READY_SECONDS:g} s")
            time.sleep(0.05)
        app.settle()

    return rest


def main() -> None:
    """Print the machine, the time to the first point and the peer's, idle and while a training runs."""
    options = arguments(__doc__)
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as home, running(CNNLAB_TRAININGS="2") as app:
        os.environ["CNNLAB_HOME"] = home
        rest = resting(app)
        for when in conditions(options):
            page = app.page()
            with app.condition(when):
                start("From a click on Train to the first point", when, options.tries)
                ours, peer = alternate(
                    [click_on_train(app, page, rest), first_step(rest)], tries=options.tries
                )
            numbers = summary(ours)
            kept = verdict(numbers["p95"], BUDGET_SECONDS)
            tell("click on Train → first point on the chart", when=when, unit="s", **numbers, **kept)
            tell("the engine's first step, without browser", when=when, unit="s", **summary(peer))
            page.context.close()
        close_engine()


if __name__ == "__main__":
    main()
