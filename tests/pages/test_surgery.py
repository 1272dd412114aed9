"""Inspect, Surgery: what is asked of the engine, what is shown before → after, undo; the run stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.errors import EngineError
from cnnlab.spec.layers import DepthwiseConv2D, Flatten
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import LAST, MISTAKES
from tests.pages.stubs import NotingEngine
from tests.pages.test_inspect import SIZES, open_tab

TAB = "Surgery"


def maps_of(layer: str) -> np.ndarray:
    """Made-up feature maps, of which map 3 is the strongest."""
    made = np.random.default_rng(len(layer)).uniform(0.5, 2.0, SIZES[layer]).astype(np.float32)
    made[..., 3] += 5
    return made


def one(index: int, share: float) -> np.ndarray:
    """Probabilities of ten classes, one of which has this share."""
    made = np.full(10, (1 - share) / 9, np.float32)
    made[index] = share
    return made


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine whose answer changes from 5 to 8, map 2 most of all, and class 1 from 36 right to 12."""
    data = datasets.load("digits").test

    def feature_maps(run_id: str, step: int, image: int, layer_name: str) -> dict[str, Any]:
        return {
            "maps": maps_of(layer_name),
            "probabilities": recorded.answers(MISTAKES)[image],
            "image": data.images[image],
            "label": int(data.labels[image]),
        }

    def edited_maps(layer_name: str, **_: Any) -> dict[str, Any]:
        before = maps_of(layer_name)
        after = before.copy()
        after[..., 2] = 0
        return {
            "before": before,
            "after": after,
            "probabilities_before": one(5, 0.91),
            "probabilities_after": one(8, 0.64),
        }

    def edited_accuracy(**_: Any) -> dict[str, Any]:
        images = np.full(10, 36)
        right = images.copy()
        right[1] = 12
        return {"images": images, "right_before": images, "right_after": right}

    engine.answers |= {
        "feature_maps": feature_maps,
        "edited_maps": edited_maps,
        "edited_accuracy": edited_accuracy,
    }
    return engine


@pytest.fixture
def paintable(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The kernel editor as a button that sends what the test put under "painted"; AppTest cannot paint."""
    sent: dict[str, Any] = {}

    def editor(before: np.ndarray, now: np.ndarray, *, on_painted: Any, **given: Any) -> None:
        sent.update(given, before=before, now=now)
        st.button("Paint", on_click=lambda: on_painted(sent["painted"]))

    monkeypatch.setattr("cnnlab.ui.inspect.surgery.kernel_editor", editor)
    return sent


def opened(open_page: OpenPage, layer: str | None = None) -> AppTest:
    """The page with its tab open, on a layer."""
    app = open_page("inspect")
    if layer is not None:
        app.button_group(key="w-layer").set_value(layer).run()
    open_tab(app, TAB)
    return app


def questions(engine: NotingEngine, task: str) -> list[dict[str, Any]]:
    """The arguments of each question of a task."""
    return [arguments for name, arguments in engine.asked if name == task]


def read(app: AppTest) -> list[str]:
    """The page's texts as they are read: without the marks that keep Markdown from being seen in them."""
    return [text.replace("\\", "") for text in screen.texts(app)]


def says(app: AppTest, words: str) -> bool:
    """Whether one of them holds these words."""
    return any(words in text for text in read(app))


def listed(app: AppTest) -> str:
    """The line that lists the edits."""
    (line,) = [text for text in read(app) if "edit" in text and text.startswith("**")]
    return line


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def paint(app: AppTest) -> None:
    next(button for button in app.button if button.label == "Paint").click().run()
    assert not app.exception


OFF = {"kind": "SwitchOff", "layer": "conv2d", "filter": 3}


def test_nothing_is_asked_before_there_is_an_edit(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = opened(open_page)
    assert not questions(answering, "edited_maps")
    assert says(app, "Nothing is changed yet. Whatever you do here is tried out on a copy")
    assert app.number_input(key="w-surgery-0-conv2d").value == 3  # its map is the strongest
    given = screen.component(app, "w-surgery-kernel")
    kernel = run.weights(LAST)["conv2d/kernel"]
    np.testing.assert_array_equal(np.float32(given["before"]), kernel[:, :, 0, 3].ravel())
    assert given["now"] == given["before"]
    assert given["label"] == "Kernel of conv2d, filter 3, input channel 0: 3 by 3"
    assert given["extreme"] == pytest.approx(float(np.abs(kernel).max()), rel=1e-6)


def test_switching_a_filter_off_asks_and_shows_before_and_after(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page)
    press(app, "w-surgery-switch")
    (asked,) = questions(answering, "edited_maps")
    assert asked == {"run_id": run.id, "step": LAST, "image": 0, "layer_name": "conv2d", "edits": [OFF]}
    assert listed(app) == "**1 edit** conv2d, filter 3: switched off"
    assert says(app, "The answer changes: '5' (91.0%) → '8' (64.0%). It is '5'.")
    assert says(app, "1 of 32 maps changes: map 2, by")
    sides = [screen.component(app, f"w-surgery-{side}-conv2d") for side in ("as", "edited")]
    assert sides[0]["ranges"] == sides[1]["ranges"]
    assert [side["initial"] for side in sides] == [2, 2]
    assert sides[0]["statistics"][2][1] > 0
    assert sides[1]["statistics"][2] == [0, 0, 1]
    figure = screen.figure(app, "w-surgery-probabilities")
    bars = {trace["name"]: trace["text"] for trace in figure["data"]}
    names = figure["layout"]["yaxis"]["ticktext"]
    assert bars["As trained"][names.index("5 ✓")] == "91.0%"
    assert bars["Edited"][names.index("8")] == "64.0%"
    assert not any(screen.component(app, "w-surgery-kernel")["now"])


def test_a_filter_that_is_off_can_be_switched_on(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    press(app, "w-surgery-switch")
    assert app.button(key="w-surgery-switch").label == "Switch on"
    assert app.slider(key="w-surgery-factor-conv2d-3").disabled
    press(app, "w-surgery-switch")
    assert app.button(key="w-surgery-switch").label == "Switch off"
    assert len(questions(answering, "edited_maps")) == 1


def test_the_slider_scales_and_zero_leaves_the_bias(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    for factor in (2.0, 0.5):
        app.slider(key="w-surgery-factor-conv2d-3").set_value(factor).run()
        assert not app.exception
        scaled = {"kind": "Scale", "layer": "conv2d", "filter": 3, "factor": factor}
        assert questions(answering, "edited_maps")[-1]["edits"] == [scaled]
    assert app.slider(key="w-surgery-factor-conv2d-3").value == 0.5
    given = screen.component(app, "w-surgery-kernel")
    np.testing.assert_allclose(given["now"], np.array(given["before"]) / 2, rtol=1e-6)
    press(app, "w-surgery-zero")
    assert questions(answering, "edited_maps")[-1]["edits"] == [{**scaled, "factor": 0.0}]
    assert app.slider(key="w-surgery-factor-conv2d-3").value == 0
    app.slider(key="w-surgery-factor-conv2d-3").set_value(1.0).run()
    assert listed(app) == "**No edits**"


def test_one_click_undoes_the_last_change_and_brings_a_cleared_list_back(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    press(app, "w-surgery-switch")
    app.number_input(key="w-surgery-0-conv2d").set_value(7).run()
    press(app, "w-surgery-zero")
    both = "**2 edits** conv2d, filter 3: switched off · conv2d, filter 7: kernel × 0"
    assert listed(app) == both
    press(app, "w-surgery-undo")
    assert listed(app) == "**1 edit** conv2d, filter 3: switched off"
    press(app, "w-surgery-undo")
    assert says(app, "Nothing is changed yet.")
    press(app, "w-surgery-switch")
    press(app, "w-surgery-clear")
    assert listed(app) == "**No edits**"
    assert "w-surgery-probabilities" not in [chart.key for chart in app.get("plotly_chart")]
    press(app, "w-surgery-undo")
    assert listed(app) == "**1 edit** conv2d, filter 7: switched off"


def test_a_painted_kernel_is_an_edit(
    open_page: OpenPage, answering: NotingEngine, paintable: dict[str, Any]
) -> None:
    run = recorded.finished()
    app = opened(open_page, "conv2d_1")
    app.number_input(key="w-surgery-1-conv2d_1").set_value(9).run()
    kernel = run.weights(LAST)["conv2d_1/kernel"]
    np.testing.assert_array_equal(paintable["before"], kernel[:, :, 9, 3])
    rows = [[0.5, 0, 0], [0, -1.25, 0], [0, 0, 2]]
    paintable["painted"] = {"layer": "conv2d_1", "filter": 3, "channel": 9, "values": rows}
    paint(app)
    (sent,) = questions(answering, "edited_maps")[-1]["edits"]
    assert {**sent, "values": [list(row) for row in sent["values"]]} == {
        "kind": "Repaint",
        **paintable["painted"],
    }
    np.testing.assert_array_equal(paintable["now"], np.float32(rows))
    assert listed(app) == "**1 edit** conv2d_1, filter 3: repainted on input channel 9"


def test_a_kernel_that_is_switched_off_keeps_what_was_painted_and_takes_no_paint(
    open_page: OpenPage, answering: NotingEngine, paintable: dict[str, Any]
) -> None:
    recorded.finished()
    app = opened(open_page)
    paintable["painted"] = {"layer": "conv2d", "filter": 3, "channel": 0, "values": [[1.0] * 3] * 3}
    paint(app)
    assert not paintable["locked"]
    press(app, "w-surgery-switch")
    assert paintable["locked"]
    paintable["painted"]["values"] = [[2.0] * 3] * 3
    paint(app)
    assert [toast.value for toast in app.toast] == ["Filter 3 is switched off. Switch it on to paint."]
    assert not paintable["now"].any()
    press(app, "w-surgery-switch")
    np.testing.assert_array_equal(paintable["now"], 1)


def test_two_instruments_at_once_both_take_effect(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page)
    app.slider(key="w-surgery-factor-conv2d-3").set_value(2.0)
    press(app, "w-surgery-switch")  # before the slider's rerun
    kinds = [edit["kind"] for edit in questions(answering, "edited_maps")[-1]["edits"]]
    assert sorted(kinds) == ["Scale", "SwitchOff"]


@pytest.mark.parametrize(
    ("painted", "message"),
    [
        ({"layer": "conv2d", "filter": 3, "channel": 0, "values": [[float("nan")]]}, "Repaint, values: exp"),
        ({"layer": None, "filter": "x", "channel": 0, "values": None}, "Repaint, layer: expected the name"),
    ],
    ids=["nan", "nonsense"],
)
def test_a_painting_that_cannot_be_meant_is_said_and_changes_nothing(
    painted: dict[str, Any],
    message: str,
    open_page: OpenPage,
    answering: NotingEngine,
    paintable: dict[str, Any],
) -> None:
    recorded.finished()
    app = opened(open_page)
    paintable["painted"] = painted
    paint(app)
    assert [toast.value[: len(message)] for toast in app.toast] == [message]
    assert not questions(answering, "edited_maps")


def test_a_painting_of_another_size_is_said_and_changes_nothing(
    open_page: OpenPage, answering: NotingEngine, paintable: dict[str, Any]
) -> None:
    recorded.finished()
    app = opened(open_page)
    paintable["painted"] = {"layer": "conv2d", "filter": 3, "channel": 0, "values": [[1.0]]}
    paint(app)
    assert [toast.value for toast in app.toast] == [
        "Edit 1 (Repaint): the kernels of conv2d have 3 rows of 3 numbers. Received 1 of 1."
    ]
    assert not questions(answering, "edited_maps")


def test_the_maps_of_a_later_layer_can_be_shown(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page, "conv2d_1")
    press(app, "w-surgery-switch")
    choice = app.selectbox(key="w-surgery-shown-conv2d_1")
    assert choice.options == ["conv2d_1", "max_pooling2d", "flatten", "dropout", "dense", "dense_1"]
    choice.set_value("dense").run()
    assert questions(answering, "edited_maps")[-1]["layer_name"] == "dense"
    assert says(app, "1 of 64 values changes: value 2, by")
    assert screen.component(app, "w-surgery-edited-dense")["count"] == 64


def test_a_layer_without_kernels_says_so_and_shows_what_earlier_edits_make_of_it(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page)
    press(app, "w-surgery-switch")
    app.button_group(key="w-layer").set_value("max_pooling2d").run()
    assert not app.exception
    assert says(app, "**Max pooling** has no kernels to operate on.")
    assert questions(answering, "edited_maps")[-1]["layer_name"] == "max_pooling2d"
    assert listed(app) == "**1 edit** conv2d, filter 3: switched off"


def test_a_unit_of_a_dense_layer_can_be_switched_off(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page, "dense")
    assert says(app, "Unit 3 weighs 512 inputs.")
    press(app, "w-surgery-switch")
    assert listed(app) == "**1 edit** dense, unit 3: switched off"
    assert "w-surgery-kernel" not in screen.components(app)


def test_the_kernel_of_a_depthwise_filter_is_its_channel_s(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "depthwise_conv2d", (6, 6, 4))
    design = recorded.digits()
    layers = (DepthwiseConv2D(depth_multiplier=4), Flatten())
    run = recorded.finished(design=design.replace(architecture=design.architecture.with_layers(layers)))
    app = opened(open_page)
    kernel = run.weights(LAST)["depthwise_conv2d/kernel"]
    given = screen.component(app, "w-surgery-kernel")
    np.testing.assert_array_equal(np.float32(given["before"]), kernel[:, :, 0, 3].ravel())
    assert "w-surgery-1-depthwise_conv2d" not in [each.key for each in app.number_input]


def test_the_accuracy_of_each_class_is_asked_for_by_a_button_and_anew_after_another_edit(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page)
    press(app, "w-surgery-switch")
    assert not questions(answering, "edited_accuracy")
    press(app, "w-surgery-test")
    assert questions(answering, "edited_accuracy") == [{"run_id": run.id, "step": LAST, "edits": [OFF]}]
    assert says(app, "Test accuracy 100.0% → 93.3%. Most of all '1': 100.0% → 33.3%.")
    before, after = screen.figure(app, "w-surgery-accuracy")["data"]
    assert (before["text"][1], after["text"][1]) == ("100.0%", "33.3%")
    app.number_input(key="w-image").set_value(4).run()  # another image leaves it as it is
    assert len(questions(answering, "edited_accuracy")) == 1
    assert says(app, "Test accuracy 100.0% → 93.3%.")
    app.number_input(key="w-surgery-0-conv2d").set_value(5).run()
    press(app, "w-surgery-zero")
    assert not says(app, "Test accuracy 100.0%")
    assert app.button(key="w-surgery-test").label == "Test accuracy of each class"


@pytest.mark.parametrize("task", ["edited_maps", "edited_accuracy"])
def test_a_worker_that_cannot_answer_is_said_in_words_and_undo_stays(
    task: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()

    def lost(**_: Any) -> None:
        raise EngineError("The worker was lost.")

    answering.answers[task] = lost
    app = opened(open_page)
    press(app, "w-surgery-switch")
    if task == "edited_accuracy":
        press(app, "w-surgery-test")
    assert screen.error(app) == "The worker was lost."
    press(app, "w-surgery-undo")
    assert not app.error


def test_each_run_has_edits_of_its_own(open_page: OpenPage, answering: NotingEngine) -> None:
    first, second = recorded.finished(name="first"), recorded.finished(name="second")
    app = opened(open_page)
    shown = app.query_params.get("run", [second.id])
    press(app, "w-surgery-switch")
    other = first if second.id in shown else second
    app.query_params["run"] = other.id
    app.run()
    assert not app.exception
    assert says(app, "Nothing is changed yet.")


def test_the_weights_of_the_run_stay_as_they_were(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    before = {name: array.tobytes() for name, array in run.weights(LAST).items()}
    app = opened(open_page)
    press(app, "w-surgery-switch")
    press(app, "w-surgery-test")
    assert {name: array.tobytes() for name, array in run.weights(LAST).items()} == before
