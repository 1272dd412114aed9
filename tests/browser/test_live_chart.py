"""The live chart in Chromium, fed by a record that the test writes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, Route, expect

from cnnlab.runs.events import Epoch, Payload, Started, Steps, Tested
from cnnlab.runs.store import Store
from cnnlab.spec import presets
from tests.browser.server import ROOT, AppServer
from tests.browser.watch import PHONE, PageFactory, Watch, wait_idle

pytestmark = pytest.mark.onlooker

SCRIPT = ROOT / "tests" / "browser" / "apps" / "live_app.py"
EVENTS = re.compile(r"/events\?after=(\d+)$")
STEPS_PER_EPOCH = 10
CLICKS = 12
"""Where the chart's news took a click's place, about three of ten were lost."""


class Training:
    """A run whose training the test plays."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.id = store.create_run(presets.preset("digits").design, owner="a").id
        self.step = 0

    def start(self) -> None:
        self.store.set_status(self.id, "running")
        self.say(
            Started(
                step=self.step,
                total_steps=30,
                steps_per_epoch=STEPS_PER_EPOCH,
                epochs=3,
                batch_size=32,
                train_images=320,
            )
        )

    def epoch(self) -> None:
        first, number = self.step + 1, self.step // STEPS_PER_EPOCH + 1
        self.step += STEPS_PER_EPOCH
        losses = [2 / step for step in range(first, self.step + 1)]
        rates = {"learning_rate": 0.001, "images_per_second": 3210.0}
        self.say(Steps(first_step=first, loss=losses, accuracy=[0.5] * STEPS_PER_EPOCH, **rates))
        self.say(
            Epoch(
                epoch=number,
                step=self.step,
                loss=0.5 / number,
                accuracy=0.8,
                val_loss=0.6 / number,
                val_accuracy=0.9 + 0.01 * number,
                seconds=1.0,
                images_per_second=3210.0,
            )
        )

    def end(self, status: str = "finished", message: str | None = None) -> None:
        if status == "finished":
            self.say(Tested(step=self.step, loss=0.2, accuracy=0.972))
        self.store.set_status(self.id, status, message=message)

    def say(self, payload: Payload) -> None:
        self.store.append(self.id, [payload])


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """A busy machine draws late; what is expected here comes in well under a second on an idle one."""
    expect.set_options(timeout=20_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    folder = tmp_path_factory.mktemp("live")
    settings = {"PYTHONPATH": str(ROOT), "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false"}
    with AppServer(folder / "home", folder / "server.log", script=SCRIPT, **settings) as started:
        yield started


@pytest.fixture
def training(live_server: AppServer) -> Iterator[Training]:
    store = Store(live_server.home / "runs.sqlite")
    yield Training(store)
    store.close()


def streams(page: Page) -> list[str]:
    """Collects the `?after=` of every event stream that the page opens from now on."""
    opened: list[str] = []

    def note(request: Request) -> None:
        if (found := EVENTS.search(request.url)) is not None:
            opened.append(found[1])

    page.on("request", note)
    return opened


def open_run(page: Page, server: AppServer, run_id: str) -> None:
    page.goto(f"{server.url}/?run={run_id}")
    wait_idle(page)


def expect_curves(page: Page) -> None:
    """Both panels stand, with markers of the epochs."""
    expect(page.locator(".plot .main-svg").first).to_be_visible()
    expect(page.locator(".plot .subplot")).to_have_count(2)


_CLICK_AS_THE_CHART_TELLS = """after => new Promise(done => {
    const [feed] = cnnlabFeeds.values();
    const tell = () => {
        feed.history.status = feed.history.status === 'paused' ? 'running' : 'paused';
        feed.members.forEach(chart => chart.tell());
        done();
    };
    [...document.querySelectorAll('button')].find(({ textContent }) => textContent === 'Count').click();
    // Streamlit sends what was clicked in a task of its own: two tasks later it is on its way.
    const tasks = left => (left ? setTimeout(() => tasks(left - 1)) : tell());
    tasks(after);
})"""


def set_hidden(page: Page, hidden: bool) -> None:
    """Hides or shows the tab, as far as the page can know."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_a_run_is_followed_from_the_queue_to_its_end(
    live_server: AppServer, training: Training, page: Page
) -> None:
    opened = streams(page)
    open_run(page, live_server, training.id)
    expect(page.locator(".chip")).to_have_text("Waiting")
    training.start()
    expect(page.locator(".chip")).to_have_text("Training")
    expect(page.get_by_text("running, drawn 2 times")).to_be_visible()
    training.epoch()
    expect(page.locator(".strip")).to_contain_text("91.0%")
    expect(page.locator(".strip")).to_contain_text("3,210 images/s · 2 s left")
    expect_curves(page)
    expect(page.locator(".plot path.point")).to_have_count(4)
    training.epoch()
    expect(page.locator(".plot path.point")).to_have_count(8)
    expect(page.locator(".plot")).to_have_attribute(
        "aria-label", re.compile(r"epoch 3 of 3, validation accuracy 92\.0%")
    )
    training.epoch()
    training.end()
    expect(page.locator(".chip")).to_have_text("Finished")
    expect(page.locator(".strip")).to_contain_text("97.2%")
    expect(page.get_by_text("finished, drawn 3 times")).to_be_visible()
    assert opened == ["0"], "one connection, whatever the page does"


def test_a_run_that_has_ended_is_drawn_whole_and_tells_nothing(
    live_server: AppServer, training: Training, page: Page
) -> None:
    training.start()
    for _ in range(3):
        training.epoch()
    training.end()
    open_run(page, live_server, training.id)
    expect_curves(page)
    expect(page.locator(".plot path.point")).to_have_count(12)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    page.get_by_role("button", name="Again").click()
    expect(page.get_by_text("finished, drawn 2 times")).to_be_visible()


def test_reruns_and_another_theme_keep_the_chart_and_its_connection(
    live_server: AppServer, training: Training, page: Page
) -> None:
    opened = streams(page)
    training.start()
    training.epoch()
    open_run(page, live_server, training.id)
    expect_curves(page)
    page.locator(".plot .main-svg").first.evaluate("element => { element.kept = true; }")
    line = page.locator(".plot path.js-line").last
    light = line.evaluate("element => getComputedStyle(element).stroke")
    for times in (2, 3, 4):
        page.get_by_role("button", name="Again").click()
        expect(page.get_by_text(f"running, drawn {times} times")).to_be_visible()
    page.emulate_media(color_scheme="dark")
    expect(line).not_to_have_css("stroke", light)
    assert page.locator(".plot .main-svg").first.evaluate("element => element.kept === true")
    assert opened == ["0"]


def test_a_hidden_tab_lets_its_connection_go_and_catches_up_later(
    live_server: AppServer, training: Training, page: Page
) -> None:
    opened = streams(page)
    training.start()
    training.epoch()
    open_run(page, live_server, training.id)
    expect(page.locator(".strip")).to_contain_text("91.0%")
    set_hidden(page, True)
    training.epoch()
    set_hidden(page, False)
    expect(page.locator(".strip")).to_contain_text("92.0%")
    assert opened[0] == "0"
    assert int(opened[1]) == training.store.events(training.id)[-1].seq - 2
    assert len(opened) == 2


def test_a_resumed_run_goes_on_where_it_was(live_server: AppServer, training: Training, page: Page) -> None:
    training.start()
    training.epoch()
    training.epoch()
    training.end("interrupted", "The worker process ended before the training did.")
    open_run(page, live_server, training.id)
    expect(page.locator(".chip")).to_have_text("Interrupted")
    training.step = STEPS_PER_EPOCH
    training.start()
    page.get_by_role("button", name="Again").click()
    expect(page.locator(".chip")).to_have_text("Training")
    expect(page.locator(".plot path.point")).to_have_count(4)
    training.epoch()
    expect(page.locator(".plot path.point")).to_have_count(8)
    training.end("stopped")
    expect(page.get_by_text("stopped, drawn 3 times")).to_be_visible()


@pytest.mark.parametrize("after", [0, 2, 4])
def test_a_click_is_not_lost_to_what_the_chart_tells_at_the_same_moment(
    after: int, live_server: AppServer, training: Training, page: Page
) -> None:
    training.start()
    open_run(page, live_server, training.id)
    expect(page.locator(".chip")).to_have_text("Training")
    for clicks in range(1, CLICKS + 1):
        wait_idle(page)
        page.evaluate(_CLICK_AS_THE_CHART_TELLS, after)
        expect(page.get_by_text(f"{clicks} clicks counted")).to_be_visible()


@pytest.mark.parametrize("answer", ["text/html", "nothing"])
def test_without_a_stream_the_page_looks_at_the_record(
    answer: str, live_server: AppServer, training: Training, page: Page, watch: Watch
) -> None:
    watch.allow("MIME type")

    def refuse(route: Route) -> None:
        if answer == "text/html":
            route.fulfill(status=200, content_type="text/html", body="<p>Not here</p>")

    page.route("**/events?*", refuse)
    training.start()
    training.epoch()
    open_run(page, live_server, training.id)
    expect(page.locator(".strip").last).to_contain_text("91.0%")
    expect_curves(page)
    training.epoch()
    expect(page.locator(".strip").last).to_contain_text("92.0%")
    training.end()
    expect(page.get_by_text("finished, drawn")).to_be_visible(timeout=15_000)
    expect(page.locator(".chip").last).to_have_text("Finished")


def test_on_a_host_without_our_routes_the_page_draws_the_curves(
    live_server: AppServer, training: Training, page: Page, watch: Watch
) -> None:
    watch.allow("MIME type")

    def not_here(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body="<p>Not here</p>")

    page.route("**/cnnlab/**", not_here)
    training.start()
    training.epoch()
    training.epoch()
    open_run(page, live_server, training.id)
    expect(page.locator(".strip").last).to_contain_text("92.0%")
    expect(page.get_by_test_id("stPlotlyChart")).to_have_count(2)


def test_the_chart_fits_a_phone(live_server: AppServer, training: Training, new_page: PageFactory) -> None:
    page = new_page(viewport=PHONE)
    training.start()
    training.epoch()
    open_run(page, live_server, training.id)
    expect_curves(page)
    widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert widths[0] <= widths[1]
