"""What a control costs the server: processor time of its process from the event until the page rests again.

In ms, user and system together, of the server's process alone: its workers and the browser do not count.
Each control has 60 ms at the median. The peer is one slider in an empty Streamlit page, moved in turn with
every control. The runs that are looked at are finished, and the worker that answers is warm.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from bench.app import App, running
from bench.common import TRIES, alternate, machine, say, summary, tell, verdict
from bench.controls import (
    Act,
    Control,
    backwards,
    cells,
    from_menu,
    in_turn,
    keys,
    links,
    listed,
    options,
    pressed,
    slider,
    stepped,
    tab,
    tabs,
    taken_out,
    toggled,
)
from bench.redraw import EMPTY
from cnnlab.runs.events import ACTIVE
from cnnlab.runs.store import Store
from tests.browser.journey import digits, keyed, train, wait_for
from tests.browser.server import AppServer
from tests.browser.watch import open_page, wait_idle

BUDGET_MS = 60.0
WARM_UP = 3
QUIET_SECONDS = 0.1
QUIET_SHARE = 0.03
"""A server that uses less of a core than this over `QUIET_SECONDS` has nothing more to do for the page."""
LEAST_MS = 3.0
"""No rerun takes less: a control that costs less was not moved."""
LIMIT_SECONDS = 20.0
TRAINING_SECONDS = 300.0

HOME, DESIGN, DATA, CARDS, RUNS = "", "design", "data", "convolution", "runs"
TRAIN, INSPECT, EVALUATE, COMPARE = (
    "train?run={run}",
    "inspect?run={run}",
    "evaluate?run={run}",
    "compare?runs={runs}",
)

_ANY_TAB = (
    "Feature maps", "Kernels", "Microscope", "Where it looked", "Filters", "Surgery", "Over time",
    "Is it really invariant?",
)  # fmt: skip


def _in_inspect() -> Iterator[Control]:
    """What is beside every tab of Inspect, with each tab open; then what is in the tab.

    Over time has no control of its own that asks the server: its slider and its play move in the browser, and
    so do those of the microscope but the choice of a map or class.
    """
    for title in _ANY_TAB:
        inside = (title,)
        yield Control(INSPECT, f"{title}: another image", stepped("w-image"), inside)
        yield Control(INSPECT, f"{title}: another layer", options("w-layer", "conv2d_1", "conv2d"), inside)
    within = {
        "Kernels": {"input channel": slider("w-channel-conv2d_1")},
        "Microscope": {"another map": stepped("w-microscope-conv2d-32")},
        "Where it looked": {
            "method": options("w-where-method", "Gradient × input", "Grad-CAM"),
            "class": listed("w-where-class-"),
            "rather than": listed("w-where-against-"),
        },
        "Filters": {
            "another filter": keys("w-filters-conv2d", ".grid", "ArrowRight", "ArrowLeft"),
            "cut out": options("w-filter-crop", "Cut out", "In the image"),
        },
        "Surgery": {
            "another filter": stepped("w-surgery-0-conv2d"),
            "scale": slider("w-surgery-factor-conv2d-"),
            "switch off": pressed("w-surgery-switch"),
            "a weight": keys("w-surgery-kernel", ".now .stage", "+", "-"),
            "undo": pressed("w-surgery-zero", "w-surgery-undo"),
        },
        "Is it really invariant?": {
            "change": options("w-invariance-kind", "Rotate", "Shift sideways"),
            "what comes in": listed("w-invariance-edge"),
        },
    }
    yield Control(
        INSPECT, "Microscope: another class", listed("w-microscope-dense_1-"), ("dense_1", "Microscope")
    )
    for title, controls in within.items():
        for name, act in controls.items():
            layers = ("conv2d_1",) if title == "Kernels" else ()
            yield Control(INSPECT, f"{title}: {name}", act, (*layers, title))


def _in(address: str, inside: tuple[str, ...], **controls: Act) -> Iterator[Control]:
    """Controls of one place by their names, with spaces for underscores."""
    for name, act in controls.items():
        yield Control(address, name.replace("_", " "), act, inside)


CONTROLS: tuple[Control, ...] = (
    *_in(
        DESIGN,
        (),
        filters=slider("w-L1-filters"),
        kernel_size=slider("w-L1-kernel_size"),
        padding=options("w-L1-padding", "valid", "same"),
        activation=listed("w-L1-activation"),
        another_layer=options("w-stack", "2 ·", "1 ·"),
        undo_and_redo=pressed("w-undo", "w-redo"),
        duplicate_and_undo=pressed("w-Duplicate", "w-undo"),
        data_set=listed("w-dataset"),
    ),
    *_in_inspect(),
    *_in(
        DATA,
        (),
        part=options("w-part", "Test", "Training"),
        class_=listed("w-class"),
        images=options("w-shown", "12", "30"),
        other_samples=pressed("w-shuffle"),
        tab=tabs("Augmentation", "Images"),
    ),
    *_in(DATA, ("As the network sees them",), image_of_class=listed("w-tensor-class-")),
    *_in(
        CARDS,
        (),
        image=options("w-cv-source", "Flower", "China"),
        size=listed("w-cv-side"),
        card=tabs("Stride and padding", "Sliding window"),
    ),
    *(
        Control(f"convolution?card={card}", f"{card}: {key}", slider(f"w-card-{key}"))
        for card, key in (
            ("weights", "kernel"),
            ("weights", "filters"),
            ("stride", "stride"),
            ("shifts", "shift"),
            ("flatten", "value"),
            ("dropout", "rate"),
            ("normalisation", "steps"),
        )
    ),
    Control("convolution?card=softmax", "softmax: actual class", options("w-card-actual", "dog", "cat")),
    *_in(
        TRAIN,
        (),
        epochs=slider("w-training-epochs"),
        batch_size=slider("w-training-batch_size"),
        learning_rate=slider("w-training-learning_rate"),
        optimizer=listed("w-training-optimizer"),
        schedule=options("w-training-schedule", "constant", "cosine"),
        actual=listed("w-train-side-0"),
        cell=cells("w-train-matrix", (1, 1), (2, 2)),
    ),
    *_in(
        EVALUATE,
        (),
        epoch=backwards("w-step-"),
        run=listed("w-run", "ArrowDown"),
        cell=cells("w-evaluate-matrix", (1, 1), (2, 2)),
        actual=listed("w-evaluate-side-0"),
        scale=options("w-evaluate-scale", "By row", "Counts"),
        sort_by_confusion=toggled("w-evaluate-sorted"),
        tab=tabs("Calibration", "Each class"),
        tab_of_mistakes=tabs("Confident mistakes", "Each class"),
    ),
    *_in(EVALUATE, ("Precision–recall and ROC",), class_in_colour=options("w-curve-classes", "0")),
    *_in(EVALUATE, ("Map",), image_on_the_map=stepped("w-map-image")),
    *_in(
        COMPARE,
        (),
        measure=listed("w-compare-measure"),
        along=options("w-compare-axis", "Steps", "Epochs"),
        runs=taken_out("w-compare-runs"),
        tab=tabs("Two matrices", "Accuracy and cost"),
    ),
    *_in(COMPARE, ("Two matrices",), scale=options("w-compare-scale", "By row", "Counts")),
    *_in(COMPARE, ("One image",), image=stepped("w-compare-image"), any_image=pressed("w-compare-any")),
    *_in(INSPECT, (), epoch=backwards("w-step-"), run=listed("w-run", "ArrowDown")),
    *_in(
        RUNS,
        (),
        open_and_back=in_turn(from_menu("menu-", "Open"), links("Runs")),
        rename=from_menu("menu-", "Rename"),
    ),
    *_in(
        HOME,
        (),
        to_Runs_and_back=links("Runs", "Home"),
        to_Design_and_back=links("Design", "Home"),
        preset_and_back=in_turn(pressed("open-digits"), links("Home")),
    ),
)
"""In the order in which they are measured; one more is one more line."""


class Gauge:
    """Processor time of a server, from a user's event until its page rests.

    Args:
        server: The server.
    """

    def __init__(self, server: AppServer) -> None:
        # The kernel's clock of another process (Linux, `man 2 clock_getres`): in ns, ended threads too.
        self._clock = (~server.pid << 3) | 2

    def ms(self) -> float:
        """Processor time that the process has used so far."""
        return time.clock_gettime(self._clock) * 1000

    def rest(self, page: Page) -> None:
        """Wait until the page stands and the server has nothing more to do."""
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            wait_idle(page)
            before = self.ms()
            page.wait_for_timeout(1000 * QUIET_SECONDS)
            if self.ms() - before < 1000 * QUIET_SECONDS * QUIET_SHARE:
                return
            if time.monotonic() > end:
                raise TimeoutError(f"The server was still busy after {LIMIT_SECONDS:g} s at {page.url}")

    def cost(self, page: Page, event: Callable[[], None]) -> float:
        """What the server spends on an event, in ms."""
        before = self.ms()
        event()
        end = time.monotonic() + LIMIT_SECONDS
        while self.ms() - before < LEAST_MS:
            page.wait_for_timeout(5)
            if time.monotonic() > end:
                raise TimeoutError(f"The server did nothing within {LIMIT_SECONDS:g} s at {page.url}")
        self.rest(page)
        return self.ms() - before


def measured(page: Page, gauge: Gauge, act: Act) -> Callable[[], float]:
    """A control as an action that returns its cost."""
    turn = 0

    def once() -> float:
        nonlocal turn
        cost = gauge.cost(page, lambda: act(page, turn))
        turn += 1
        return cost

    return once


def opened(app: App, page: Page, address: str, inside: Sequence[str], gauge: Gauge) -> None:
    """Open a page and the tabs that a control is in."""
    open_page(page, f"{app.server.url}/{address}")
    for title in inside:
        tab(page, title).or_(keyed(page, "w-layer").get_by_text(title, exact=True)).first.click()
        gauge.rest(page)
    gauge.rest(page)


def trained(app: App, page: Page) -> dict[str, str]:
    """Two finished runs of the first network, by the names that addresses have for them."""
    store, runs = Store(app.server.home / "runs.sqlite"), []
    for epochs in (3, 2):
        run = train(page, app.server, digits(epochs))
        wait_for(lambda run=run: store.run(run).status not in ACTIVE, f"run {run} to end", TRAINING_SECONDS)
        if store.run(run).status != "finished":
            raise RuntimeError(f"Run {run} was {store.run(run).status}: {store.run(run).message}")
        runs.append(run)
    store.close()
    return {"run": runs[0], "runs": ",".join(runs)}


def measure(app: App, peer: AppServer, controls: Sequence[Control], tries: int) -> int:
    """Measure the controls, each in turn with the peer; returns how many could not be."""
    page, empty = app.page(), app.page()
    gauge, peers = Gauge(app.server), Gauge(peer)
    names = trained(app, page)
    open_page(empty, peer.url)
    peers.rest(empty)
    simple = measured(empty, peers, slider("filters"))
    failed = 0
    for control in controls:
        say(f"{control.page}, {control.name}: {tries} tries.")
        try:
            opened(app, page, control.address.format(**names), control.inside, gauge)
            app.settle()
            action = measured(page, gauge, control.act)
            ours, theirs = alternate([action, simple], tries=tries, warm_up=WARM_UP)
        except (TimeoutError, PlaywrightError, AssertionError) as exc:  # the others are worth their time
            tell(control.name, page=control.page, failed=str(exc))
            failed += 1
            continue
        numbers = summary(ours, digits=1)
        tell(
            control.name,
            page=control.page,
            unit="ms of the server's processor",
            **numbers,
            **verdict(numbers["median"], BUDGET_MS),
            peer=summary(theirs, digits=1)["median"],
        )
    return failed


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tries", type=int, default=TRIES, help="of each control (default: %(default)s)")
    parser.add_argument("--only", default="", help="only controls whose address or name contains this")
    return parser.parse_args()


def main() -> None:
    """Print the machine and each control's cost beside that of a slider in an empty page."""
    asked = arguments()
    chosen = [each for each in CONTROLS if asked.only in f"{each.page} {each.address} {each.name}"]
    if not chosen:
        raise SystemExit(f"No control's address or name contains {asked.only!r}.")
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name, running() as app:
        script = Path(name) / "empty.py"
        script.write_text(EMPTY, encoding="utf-8")
        with AppServer(Path(name) / "home", Path(name) / "log", script=script) as peer:
            failed = measure(app, peer, chosen, asked.tries)
    if failed:
        raise SystemExit(f"{failed} of {len(chosen)} controls could not be measured.")


if __name__ == "__main__":
    main()
