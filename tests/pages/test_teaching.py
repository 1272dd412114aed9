"""Train as one teaches with it: settings moved in mid-run, runs repeated and rewound, forecasts before."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from cnnlab import api
from cnnlab.live.words import FORECAST
from cnnlab.runs import Changed, Health, LayerHealth, get_store
from cnnlab.spec import links
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Dropout
from cnnlab.ui import background
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OTHER, OWNER
from tests.pages.stubs import NotingEngine


class AtOnce:
    """Answers a question before it returns, where pages have it answered in the background."""

    def submit(self, answer: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(answer())
        except Exception as exc:
            future.set_exception(exc)
        return future


class Never(AtOnce):
    """Takes questions, and answers none."""

    def submit(self, answer: Callable[[], Any]) -> Future[Any]:
        return Future()


@pytest.fixture(autouse=True)
def questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_pool", AtOnce())
    background._answers.clear()


def with_dropout(*rates: float) -> Design:
    """The digits' network with dropout layers of these rates, and no others."""
    design = recorded.digits()
    others = [layer for layer in design.architecture.layers if not isinstance(layer, Dropout)]
    layers = (*others, *(Dropout(rate=rate) for rate in rates))
    return design.replace(architecture=design.architecture.replace(layers=layers))


# Settings that are moved in mid-run


def test_a_learning_rate_is_set_in_mid_run(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.running()
    app = open_page("train", run=run.id)
    slider = app.select_slider(key=f"w-now-learning_rate-{run.id}")
    assert slider.value == run.design.training.learning_rate
    with get_store().files(run.id).lock():
        slider.set_value(0.0005).run()
    assert not app.exception
    (sent,) = get_store().take_commands(run.id)
    assert (sent.kind, sent.value) == ("set", {"name": "learning_rate", "value": 0.0005})
    assert app.select_slider(key=f"w-now-learning_rate-{run.id}").value == 0.0005


@pytest.mark.parametrize("key", ["now-learning_rate", "rewind-rate"])
def test_a_browser_that_missed_the_first_draw_is_told_the_rate_again(key: str, open_page: OpenPage) -> None:
    """A rerun in the midst of the first one drops what that has drawn."""
    run = recorded.running()
    get_store().files(run.id).write_state(recorded.FIRST, {"a": np.zeros(1)}, {"epoch": 1.0})
    get_store().set_status(run.id, "paused")
    app = open_page("train", run=run.id).run()
    sent = app.select_slider(key=f"w-{key}-{run.id}").proto
    assert sent.set_value
    assert list(sent.raw_value) == ["0.003"]


def test_the_rate_that_a_run_began_with_can_be_gone_back_to(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    found = recorded.digits()
    run = recorded.running(design=found.replace(training=found.training.replace(learning_rate=0.0037)))
    app = open_page("train", run=run.id)
    with get_store().files(run.id).lock():
        app.select_slider(key=f"w-now-learning_rate-{run.id}").set_value(0.0005).run()
    assert "0.0037" in app.select_slider(key=f"w-now-learning_rate-{run.id}").options


def test_dropout_is_set_where_the_network_has_some(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.running(design=with_dropout(0.35, 0.1))
    app = open_page("train", run=run.id)
    slider = app.slider(key=f"w-now-dropout-{run.id}")
    assert slider.value == 0.35
    with get_store().files(run.id).lock():
        slider.set_value(0.5).run()
    assert [sent.value for sent in get_store().take_commands(run.id)] == [{"name": "dropout", "value": 0.5}]


def test_only_what_can_be_changed_has_a_slider(open_page: OpenPage) -> None:
    app = open_page("train", run=recorded.running(design=with_dropout()).id)
    keys = [str(each.key) for each in (*app.slider, *app.select_slider)]
    assert [key.split("-")[2] for key in keys if key.startswith("w-now-")] == ["learning_rate"]


def test_a_slider_shows_what_was_set_before(open_page: OpenPage) -> None:
    run = recorded.running()
    get_store().append(run.id, [Changed(step=9, name="learning_rate", value=0.02)])
    app = open_page("train", run=run.id)
    assert app.select_slider(key=f"w-now-learning_rate-{run.id}").value == 0.02


# Words


def test_the_chart_is_given_the_words_on_the_run(open_page: OpenPage) -> None:
    run = recorded.finished()
    found = screen.component(open_page("train", run=run.id), f"w-live-{run.id}")["words"]
    assert [word["title"] for word in found] == ["Was still improving at the end"]
    assert found[0]["text"].startswith("The validation loss fell from 1.1 to 0.55")


def test_why_a_run_finished_early_is_said_calmly(open_page: OpenPage) -> None:
    run = recorded.running()
    get_store().set_status(
        run.id, "finished", message="Stopped early: no lower validation loss for 3 epochs."
    )
    app = open_page("train", run=run.id)
    assert [info.value for info in app.info] == ["Stopped early: no lower validation loss for 3 epochs."]
    assert not app.warning


# Inside the network


def looked(run: api.Run) -> api.Run:
    """The run, with a look at its layers."""
    layers = (LayerHealth(name="conv2d", dead=0.7, gradient=0.01, update=0.001),)
    get_store().append(run.id, [Health(step=recorded.FIRST, layers=layers)])
    return run


def test_while_it_trains_its_layers_are_beside_the_curves(open_page: OpenPage) -> None:
    run = looked(recorded.running())
    app = open_page("train", run=run.id)
    inside = screen.component(app, f"w-inside-{run.id}")
    assert inside["url"] == screen.component(app, f"w-live-{run.id}")["url"], "they share one stream"
    assert inside["pictures"] == f"cnnlab/runs/{run.id}/pictures"
    assert inside["waiting"].startswith("The confusion matrix appears here.")
    assert inside["limits"]["dead"] == 0.6
    words = screen.component(app, f"w-live-{run.id}")["words"]
    assert [word["title"] for word in words] == ["conv2d: 70% dead ReLUs"]


def test_when_it_has_ended_the_layers_are_below_the_confusion_matrix(open_page: OpenPage) -> None:
    run = looked(recorded.finished())
    app = open_page("train", run=run.id)
    assert not app.exception
    assert f"w-inside-{run.id}" in screen.components(app)
    assert "Inside the network" in [each.label for each in app.expander]
    app = open_page("train", run=recorded.finished().id)
    assert "Inside the network" not in [each.label for each in app.expander], "nobody looked at its layers"


# Again, and back


def test_again_with_one_thing_changed(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.finished()
    app = open_page("train", run=run.id)
    assert app.button(key="again-start").disabled
    app.select_slider(key=f"w-again-{run.id}-learning_rate").set_value(0.01).run()
    app.button(key="again-start").click().run()
    assert not app.exception
    (new,) = [each for each in api.runs(OWNER) if each.id != run.id]
    assert new.row.parent == run.id
    assert new.design.training == run.design.training.replace(learning_rate=0.01)
    assert engine.trained == [new.id]
    assert app.query_params["run"] == new.id
    assert screen.component(app, f"w-live-{new.id}")["ghost"] == [
        {"name": run.name, "url": f"cnnlab/runs/{run.id}/events"}
    ]


def test_the_network_of_design_can_be_the_one_thing(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.finished()
    app = open_page("design", lab=links.encode(with_dropout(0.45)))
    app.query_params["run"] = run.id
    app.switch_page("pages/train.py").run()
    field = app.selectbox(key=f"w-again-field-{run.id}")
    field.set_value("architecture").run()
    app.button(key="again-start").click().run()
    assert not app.exception
    (new,) = [each for each in api.runs(OWNER) if each.id != run.id]
    assert new.design.architecture == with_dropout(0.45).architecture
    assert new.design.training == run.design.training


def test_a_run_of_someone_else_can_be_repeated_as_ones_own(open_page: OpenPage, engine: NotingEngine) -> None:
    run = recorded.finished(OTHER)
    app = open_page("train", run=run.id)
    app.select_slider(key=f"w-again-{run.id}-learning_rate").set_value(0.01).run()
    app.button(key="again-start").click().run()
    (new,) = api.runs(OWNER)
    assert (new.row.owner, new.row.parent) == (OWNER, run.id)


def keep_state(run: api.Run, step: int, epoch: float) -> None:
    """A full state of this step, of which only the step matters here."""
    get_store().files(run.id).write_state(step, {"a": np.zeros(1)}, {"epoch": epoch})


def test_a_run_is_rewound_to_an_epoch_with_another_learning_rate(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.finished()
    keep_state(run, recorded.FIRST, 1.0)
    keep_state(run, recorded.LAST, 2.0)
    app = open_page("train", run=run.id)
    assert screen.says(app, "Back to epoch 1")
    app.select_slider(key=f"w-rewind-rate-{run.id}").set_value(0.0001).run()
    app.button(key="rewind-start").click().run()
    assert not app.exception
    (new,) = [each for each in api.runs(OWNER) if each.id != run.id]
    assert (new.row.parent, new.row.parent_step) == (run.id, recorded.FIRST)
    assert new.name == f"{run.name}, from epoch 1"
    assert [row["epoch"] for row in new.history] == [1]
    assert engine.trained == [new.id]
    (sent,) = get_store().take_commands(new.id)
    assert sent.value == {"name": "learning_rate", "value": 0.0001}


def test_without_an_earlier_state_there_is_no_rewinding(open_page: OpenPage) -> None:
    run = recorded.finished()
    get_store().files(run.id).write_weights(9, 0.4, {"a": np.zeros(1, np.float32)})
    keep_state(run, 9, 0.4)  # that of a pause in the midst of an epoch
    keep_state(run, recorded.LAST, 2.0)
    app = open_page("train", run=run.id)
    assert "Go on" not in screen.buttons(app)


# Before the start


def test_a_forecast_is_shown_and_kept_with_the_run(open_page: OpenPage, engine: NotingEngine) -> None:
    engine.answers["forecast"] = lambda design: {"seconds_per_epoch": 3.2, "memory_bytes": 612_000_000}
    app = open_page("train")
    app.button(key="forecast").click().run()
    assert not app.exception
    assert screen.says(app, "About 3.2 s an epoch, 1 min 4 s in all, 612\u00a0MB of memory.")
    app.button(key="start").click().run()
    (run,) = api.runs(OWNER)
    assert run.row.result[FORECAST] == 3.2


def test_a_forecast_is_compared_with_the_first_epoch(open_page: OpenPage) -> None:
    run = recorded.running()
    get_store().set_result(run.id, **{FORECAST: 3.165})
    found = screen.component(open_page("train", run=run.id), f"w-live-{run.id}")["words"]
    assert [word["title"] for word in found] == ["Forecast 25% too short"]


def test_the_page_does_not_wait_for_a_forecast(
    open_page: OpenPage, engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_pool", Never())
    app = open_page("train")
    app.button(key="forecast").click().run()
    assert not app.exception
    assert screen.says(app, "Measuring a few steps…")
    assert not app.button(key="start").disabled


def test_a_forecast_that_nobody_gives_says_why_and_can_be_asked_again(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    app = open_page("train")
    app.button(key="forecast").click().run()
    assert screen.says(app, "Nobody answers 'forecast' here.")
    assert screen.buttons(app)["Forecast"]


def test_a_found_learning_rate_is_taken_over(open_page: OpenPage, engine: NotingEngine) -> None:
    engine.answers["rate_finder"] = lambda design: {
        "rates": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1],
        "losses": [2.3, 2.2, 1.5, 1.2, None],
        "suggested": 2.04e-3,
    }
    app = open_page("train")
    app.button(key="find-rate").click().run()
    assert not app.exception
    drawn = screen.figure(app, "w-rates")
    assert drawn["layout"]["xaxis"]["type"] == "log"
    assert list(drawn["data"][0]["x"]) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]
    app.button(key="use-rate").click().run()
    assert not app.exception
    assert app.select_slider(key="w-training-learning_rate").value == 0.002
    assert not app.get("plotly_chart") or "w-rates" not in [each.key for each in app.get("plotly_chart")]
