"""Inspect: an image of the test set, the network's answer, its kernels and its feature maps, all known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.runs import get_store
from cnnlab.spec.layers import DepthwiseConv2D, Flatten, ResidualBlock
from cnnlab.ui import run_view
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST, MISTAKES
from tests.pages.stubs import NotingEngine

SIZES: dict[str, tuple[int, ...]] = {
    "conv2d": (8, 8, 32),
    "conv2d_1": (8, 8, 32),
    "max_pooling2d": (4, 4, 32),
    "flatten": (512,),
    "dropout": (512,),
    "dense": (64,),
    "dense_1": (10,),
}


def values(layer: str, image: int) -> np.ndarray:
    """Made-up feature maps, half of them zero."""
    size = SIZES[layer]
    made = np.random.default_rng(image).uniform(0.5, 2.0, size).astype(np.float32)
    made.ravel()[::2] = 0
    return made


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that answers with `values` and with the probabilities of the known evaluation."""
    data = datasets.load("digits").test

    def feature_maps(run_id: str, step: int, image: int, layer_name: str) -> dict[str, Any]:
        return {
            "maps": values(layer_name, image),
            "probabilities": recorded.answers(MISTAKES)[image],
            "image": data.images[image],
            "label": int(data.labels[image]),
        }

    engine.answers["feature_maps"] = feature_maps
    return engine


def asked(engine: NotingEngine) -> tuple[int, int, str]:
    """Step, image and layer of the last question."""
    _, arguments = engine.asked[-1]
    return arguments["step"], arguments["image"], arguments["layer_name"]


def open_tab(app: AppTest, title: str) -> None:
    """Open a tab of the page, as a click does."""
    app.session_state["w-inspect-tabs"] = title
    app.run()
    assert not app.exception


def bars(app: AppTest) -> dict[str, str]:
    """Class → probability, as the bars show them, the most probable first; a tick at the actual class."""
    rows = screen.component(app, "w-probabilities")["rows"]
    return {f"{name} ✓" if actual else name: percent for name, _, percent, _, actual in rows}


def test_the_page_asks_for_the_last_weights_the_first_image_and_the_first_layer(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_page("inspect")
    assert not app.exception
    assert asked(answering) == (LAST, 0, "conv2d")
    assert [option.split(" ")[0] for option in app.button_group(key="w-layer").options] == list(SIZES)
    assert f"Test image **0**: **{recorded.test_labels()[0]}**" in screen.texts(app)


@pytest.mark.parametrize("layer", SIZES)
def test_a_layers_feature_maps_are_told_in_numbers(
    layer: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_page("inspect")
    app.button_group(key="w-layer").set_value(layer).run()
    assert not app.exception
    assert asked(answering)[2] == layer
    made = values(layer, 0)
    noun = "feature maps" if made.ndim == 3 else "values"
    assert screen.says(app, f"{made.shape[-1]:,} {noun} · from 0 to {made.max():.3g} · 50% zeros")
    given = screen.component(app, f"w-maps-{layer}")
    assert given["label"] == f"Feature maps of {layer}"
    assert given["count"] == made.shape[-1]
    flat = made.reshape(-1, made.shape[-1])
    expected = np.stack([flat.min(axis=0), flat.max(axis=0), (flat == 0).mean(axis=0)], axis=1)
    np.testing.assert_allclose(given["statistics"], expected, atol=1e-6)


def test_a_right_answer_is_shown_with_its_probability(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    labels = recorded.test_labels()
    image = int(np.flatnonzero(labels == 5)[0])
    app = open_page("inspect", image=str(image))
    assert asked(answering)[1] == image
    assert app.number_input(key="w-image").value == image
    assert f"Test image **{image}**: **5**" in screen.texts(app)
    shown = bars(app)
    assert next(iter(shown.items())) == ("5 ✓", "91.0%")


def test_a_wrong_answer_is_shown_beside_the_actual_class(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    image = int(np.flatnonzero(recorded.test_labels() == 3)[0])
    shown = bars(open_page("inspect", image=str(image)))
    assert next(iter(shown.items())) == ("8", "55.0%")
    assert shown["3 ✓"] == "5.0%"


@pytest.mark.parametrize("image", ["359", "99999", "-1", "x", "1e3", "²", "", "9" * 5000])
def test_an_image_that_there_is_not_is_said_and_another_is_shown(
    image: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_page("inspect", image=image)
    assert not app.exception
    assert asked(answering)[1] == 0
    assert app.error[0].proto.title == "This link leads to no test image"
    assert screen.error(app) == (
        f"Expected a number from 0 to 358. Received {image!r:.60}. Image 0 is shown."
    )
    app.number_input(key="w-image").set_value(17).run()
    assert not app.error
    assert asked(answering)[1] == 17


def test_where_another_run_has_fewer_images_nothing_is_wrong_with_the_link(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = open_page("inspect", image="3")
    app.session_state["cnnlab-image"] = 9000
    app.query_params["image"] = "9000"
    app.run()
    assert not app.error
    assert asked(answering)[1] == 358


def test_the_number_of_the_image_can_be_typed(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect", image="5")
    assert asked(answering)[1] == 5
    app.number_input(key="w-image").set_value(17).run()
    assert asked(answering)[1] == 17
    assert app.number_input(key="w-image").max == 358


def test_any_and_mistake_go_to_other_images(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect")
    app.button(key="w-random").click().run()
    assert asked(answering)[1] != 0
    assert app.query_params["image"] == str(asked(answering)[1])
    called, labels = recorded.answers(MISTAKES).argmax(axis=1), recorded.test_labels()
    wrong = set(np.flatnonzero(called != labels).tolist())
    seen = set()
    for _ in wrong:
        app.button(key="w-mistake").click().run()
        assert not app.exception
        seen.add(asked(answering)[1])
    assert seen == wrong


def test_mistakes_that_cannot_be_asked_for_are_said_in_words(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    for file in get_store().files(run.id).folder.glob("evaluation-*"):
        file.unlink()
    app = open_page("inspect")
    app.button(key="w-mistake").click().run()
    assert not app.exception
    assert [toast.value for toast in app.toast] == ["Nobody answers 'evaluate' here."]
    assert asked(answering)[1] == 0


def test_the_weights_of_another_epoch_are_asked_for(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = open_page("inspect")
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    assert asked(answering)[0] == FIRST


def test_the_weights_chosen_in_evaluate_are_those_of_inspect(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = open_page("evaluate")
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    app.switch_page("pages/inspect.py").run()
    assert asked(answering)[0] == FIRST


@pytest.mark.parametrize("step", [FIRST, LAST])
def test_the_kernels_are_those_of_the_chosen_weights(
    step: int, open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = open_page("inspect")
    app.select_slider(key=f"w-step-{run.id}").set_value(step).run()
    open_tab(app, "Kernels")
    assert screen.says(app, "**32 kernels** of 3 × 3 × 1 · one scale centred on zero")
    kernel = run.weights(step)["conv2d/kernel"]
    given = screen.component(app, "w-kernels-conv2d")
    assert given["count"] == 32
    flat = kernel.reshape(9, 32)
    np.testing.assert_allclose(np.array(given["statistics"])[:, 0], flat.min(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.array(given["statistics"])[:, 1], flat.max(axis=0), atol=1e-6)
    ends = np.array(given["ranges"])
    np.testing.assert_allclose(ends[:, 0], -ends[:, 1])


def test_one_input_channel_of_a_kernel_can_be_chosen(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = open_page("inspect")
    app.button_group(key="w-layer").set_value("conv2d_1").run()
    kernel = run.weights()["conv2d_1/kernel"]
    open_tab(app, "Kernels")
    app.select_slider(key="w-channel-conv2d_1").set_value("4").run()
    assert not app.exception
    given = screen.component(app, "w-kernels-conv2d_1")
    flat = kernel[:, :, 4].reshape(9, 32)
    np.testing.assert_allclose(np.array(given["statistics"])[:, 1], flat.max(axis=0), atol=1e-6)


@pytest.mark.parametrize("tab", ["Kernels", "Surgery"])
def test_damaged_weights_are_one_line_in_the_tab(
    tab: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = open_page("inspect")
    (path,) = get_store().files(run.id).folder.glob(f"weights-{LAST:08d}-*.npz")
    path.write_bytes(path.read_bytes()[:100])
    open_tab(app, tab)
    assert f"{path.name} is damaged" in screen.error(app)


def test_a_class_name_is_shown_as_it_is_written(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = recorded.finished()
    data = run_view.test_set(run)
    names = tuple(f"{digit} *[a](b)" for digit in range(10))
    named = dataclasses.replace(data, info=dataclasses.replace(data.info, class_names=names))
    monkeypatch.setattr(run_view, "test_set", lambda run: named)
    app = open_page("inspect")
    assert not app.exception
    assert screen.says(app, r"Test image **0**: **5 \*\[a\](b)**")


def test_a_layer_without_kernels_says_so(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect")
    app.button_group(key="w-layer").set_value("flatten").run()
    open_tab(app, "Kernels")
    assert screen.says(app, "slides no kernel over a map. Choose a convolution.")


def test_only_the_open_tab_is_drawn(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect")
    assert screen.components(app) == ["w-probabilities", "w-maps-conv2d"]
    open_tab(app, "Kernels")
    assert screen.components(app) == ["w-probabilities", "w-kernels-conv2d"]


def test_a_worker_that_cannot_answer_is_said_in_words(open_page: OpenPage, engine: NotingEngine) -> None:
    recorded.finished()
    app = open_page("inspect")
    assert not app.exception
    assert screen.error(app) == "Nobody answers 'feature_maps' here."


def test_another_run_with_other_layers_can_be_chosen_while_a_layer_is_selected(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    deep = recorded.finished(name="deep")
    design = recorded.digits()
    layers = tuple(layer for layer in design.architecture.layers if layer.kind != "Conv2D")
    small = recorded.finished(
        name="small", design=design.replace(architecture=design.architecture.with_layers(layers))
    )
    app = open_page("inspect", run=deep.id)
    app.button_group(key="w-layer").set_value("conv2d_1").run()
    app.query_params["run"] = small.id
    app.run()
    assert not app.exception
    assert asked(answering)[2] == "max_pooling2d"


def test_without_a_run_the_page_shows_the_way_to_one(open_page: OpenPage) -> None:
    app = open_page("inspect")
    assert not app.exception
    assert "**There is no trained network to inspect yet.**" in screen.texts(app)


def test_the_layers_inside_a_residual_block_can_be_chosen(
    open_page: OpenPage, answering: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = "residual_block"
    for name in ("conv2d_1", "projection"):
        monkeypatch.setitem(SIZES, f"{block}_{name}", (8, 8, 4))
    monkeypatch.setitem(SIZES, block, (8, 8, 4))
    design = recorded.digits()
    layers = (ResidualBlock(filters=4, batch_normalization=False), DepthwiseConv2D(), Flatten())
    recorded.finished(design=design.replace(architecture=design.architecture.with_layers(layers)))
    app = open_page("inspect")
    assert asked(answering) == (LAST, 0, block)
    inside = app.button_group(key=f"w-part-{block}")
    assert list(inside.options) == ["conv2d_1", "activation_1", "conv2d_2", "projection", "add", "output"]
    inside.set_value(f"{block}_conv2d_1").run()
    assert not app.exception
    assert asked(answering) == (LAST, 0, f"{block}_conv2d_1")
    open_tab(app, "Kernels")
    assert screen.says(app, "4 kernels** of 3 × 3 × 1")
