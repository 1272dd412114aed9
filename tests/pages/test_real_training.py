"""The pages around a training by the real engine: started, paused, stopped, resumed, and then looked into."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api
from cnnlab.spec import links
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OWNER

pytestmark = pytest.mark.slow

LIMIT_SECONDS = 120
"""For a worker to import TensorFlow and to train, on a machine that does other things beside."""


def wait_for(app: AppTest, page: str, condition: Callable[[AppTest], bool]) -> AppTest:
    """Draw a page again and again, as the chart makes a browser do, until it shows what is waited for."""
    limit = time.monotonic() + LIMIT_SECONDS
    app.switch_page(f"pages/{page}.py").run()
    while not condition(app):
        assert not app.exception
        assert time.monotonic() < limit, f"{screen.status(app)}: {[w.value for w in app.warning]}"
        app.run()
    return app


def shows(status: str) -> Callable[[AppTest], bool]:
    return lambda app: screen.status(app) == status


@pytest.fixture
def small(open_page: OpenPage) -> Callable[[int], AppTest]:
    """A session on Train with the preset `digits` for so many epochs."""

    def opened(epochs: int) -> AppTest:
        app = open_page("design", lab=links.encode(recorded.digits(epochs)))
        app.query_params.clear()
        return app.switch_page("pages/train.py").run()

    return opened


def test_a_training_from_the_button_to_the_confusion_cell_and_the_feature_maps(
    small: Callable[[int], AppTest],
) -> None:
    app = small(3)
    app.button(key="start").click().run()
    (run,) = api.runs(OWNER)
    assert app.query_params["run"] == run.id
    wait_for(app, "train", shows("finished"))

    curve = run.curve()
    assert curve.step.tolist() == list(range(1, 3 * 21 + 1))
    accuracy = run.evaluate().accuracy
    assert accuracy == pytest.approx(curve.tested["accuracy"])
    assert accuracy > 0.8
    assert screen.says(app, f"**{100 * accuracy:.1f}%** of the test images right after")
    evaluation = run.evaluate()
    assert screen.component(app, "w-train-matrix")["counts"] == evaluation.confusion.tolist()

    inspect_is_what_the_engine_says(app, run)
    runs_tells_the_accuracy(app, accuracy)


def inspect_is_what_the_engine_says(app: AppTest, run: api.Run) -> None:
    app.query_params["image"] = "7"
    app.switch_page("pages/inspect.py").run()
    evaluation = run.evaluate()
    for layer in ("conv2d", "max_pooling2d", "dense"):
        app.button_group(key="w-layer").set_value(layer).run()
        assert not app.exception
        assert not app.error
        answer = run.feature_maps(7, layer)
        shown = screen.component(app, f"w-maps-{layer}")
        flat = answer.maps.reshape(-1, answer.maps.shape[-1])
        expected = np.stack([flat.min(axis=0), flat.max(axis=0), (flat == 0).mean(axis=0)], axis=1)
        np.testing.assert_allclose(shown["statistics"], expected, atol=1e-5)
        np.testing.assert_allclose(answer.probabilities, evaluation.probabilities[7], atol=1e-5)
    name, share, *_ = screen.component(app, "w-probabilities")["rows"][0]
    assert name == str(evaluation.predictions[7])
    assert share == pytest.approx(evaluation.confidences[7], abs=1e-5)


def runs_tells_the_accuracy(app: AppTest, accuracy: float) -> None:
    app.switch_page("pages/runs.py").run()
    assert screen.badges(app) == ["finished"]
    assert f"**{100 * accuracy:.1f}%** :gray[test accuracy]" in screen.texts(app)


def test_pause_resume_stop_and_resume_again_by_the_pages_buttons(
    small: Callable[[int], AppTest],
) -> None:
    app = small(500)
    app.button(key="start").click().run()
    (run,) = api.runs(OWNER)
    wait_for(app, "train", shows("running"))
    wait_for(app, "train", lambda _: run.curve().last_step > 0)

    app.button(key="pause").click().run()
    wait_for(app, "train", shows("paused"))
    held = run.curve().last_step
    assert {"Resume", "Stop"} <= set(screen.buttons(app))
    assert run.curve().last_step == held

    app.button(key="go-on").click().run()
    wait_for(app, "train", shows("running"))
    wait_for(app, "train", lambda _: run.curve().last_step > held)

    app.button(key="stop").click().run()
    wait_for(app, "train", shows("stopped"))
    stopped = run.curve().last_step
    assert stopped > held
    assert screen.buttons(app)["Train"]

    app.button(key="resume").click().run()
    wait_for(app, "train", lambda _: run.curve().last_step > stopped)
    wait_for(app, "train", shows("running"))
    steps = run.curve().step
    assert steps.tolist() == list(range(1, len(steps) + 1))

    app.button(key="stop").click().run()
    wait_for(app, "train", shows("stopped"))
    assert len(api.runs(OWNER)) == 1
