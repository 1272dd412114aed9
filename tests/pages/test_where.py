"""Where it looked: what the tab asks of a worker, and what it shows of known answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.analysis.palettes import VIRIDIS
from cnnlab.api.attribution import METHODS, Attribution
from cnnlab.spec.layers import Flatten
from cnnlab.ui.inspect.where import words
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import LAST, MISTAKES
from tests.pages.stubs import NotingEngine

NAMES = tuple("0123456789")


def answer(method: str, target: int, against: int | None, layer_name: str | None) -> dict[str, Any]:
    """A made-up map: its strongest pixel lies in the row of the class."""
    heat = np.zeros((8, 8), np.float32)
    heat[target % 8, 3], heat[7, 7] = 2.0, 0.5
    if method != "grad_cam":
        heat[target % 8, 4] = -1.0
    steps = {"steps": 128} if method == "integrated_gradients" else {"steps": None}
    square = {"patch": (2, 2), "stride": (1, 1), "cover": (0.0,)}
    patch = square if method == "occlusion" else dict.fromkeys(square)
    return {
        "map": heat,
        "method": method,
        "target": target,
        "against": against,
        "score": 4.0,
        "black": 2.48,
        "total": float(heat.sum()),
        "layer": layer_name,
        "grid": (7, 7) if method == "occlusion" else (8, 8),
        **steps,
        **patch,
    }


@pytest.fixture
def answering(engine: NotingEngine) -> NotingEngine:
    """An engine that answers both questions of the tab."""
    st.cache_data.clear()
    data = datasets.load("digits").test

    def feature_maps(run_id: str, step: int, image: int, layer_name: str) -> dict[str, Any]:
        return {
            "maps": np.ones((8, 8, 4), np.float32),
            "probabilities": recorded.answers(MISTAKES)[image],
            "image": data.images[image],
            "label": int(data.labels[image]),
        }

    def attribution(
        run_id: str,
        step: int,
        image: int,
        method: str,
        target: int,
        against: int | None,
        layer_name: str | None,
    ) -> dict[str, Any]:
        return answer(method, target, against, layer_name)

    engine.answers |= {"feature_maps": feature_maps, "attribution": attribution}
    return engine


def asked(engine: NotingEngine) -> list[tuple[str, int, int | None, str | None]]:
    """Method, class, other class and layer of each question about where it looked."""
    return [
        tuple(arguments[name] for name in ("method", "target", "against", "layer_name"))
        for task, arguments in engine.asked
        if task == "attribution"
    ]


def image_of(actual: int, *, mistaken: bool) -> int:
    """A test image of a class; a mistaken 3 is called an 8."""
    of_class = np.flatnonzero(recorded.test_labels() == actual)
    return int(of_class[0 if mistaken else -1])


def opened(open_page: OpenPage, image: int) -> AppTest:
    """The tab, for a test image."""
    app = open_page("inspect", image=str(image))
    app.session_state["w-inspect-tabs"] = "Where it looked"
    app.run()
    assert not app.exception
    return app


def panels(app: AppTest) -> list[tuple[str, bool | None]]:
    """Title of each map, and whether it is marked as of a right or a wrong class."""
    return [(each["title"], each["right"]) for each in screen.component(app, "w-where")["panels"]]


def test_a_right_answer_is_explained_by_its_class_alone(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    image = image_of(5, mistaken=False)
    app = opened(open_page, image)
    assert asked(answering) == [("grad_cam", 5, None, "conv2d")]
    (question,) = [arguments for task, arguments in answering.asked if task == "attribution"]
    assert (question["step"], question["image"]) == (LAST, image)
    assert panels(app) == [("5 · predicted and true", True)]
    given = screen.component(app, "w-where")
    assert (given["label"], given["signed"], given["extreme"]) == ("Grad-CAM of conv2d", False, 2.0)
    assert given["palette"] == list(VIRIDIS)
    assert given["panels"][0]["strongest"] == 5 * 8 + 3
    assert "w-where-mistake" not in [button.key for button in app.button]
    assert screen.says(app, "Choose **conv2d_1** for what decides in the end.")


def test_a_mistake_is_explained_by_both_classes_side_by_side(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page, image_of(3, mistaken=True))
    assert asked(answering) == [("grad_cam", 3, None, "conv2d"), ("grad_cam", 8, None, "conv2d")]
    assert panels(app) == [("3 · true", True), ("8 · predicted", False)]


def test_one_click_asks_why_it_was_this_mistake(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page, image_of(3, mistaken=True))
    app.button(key="w-where-mistake").click().run()
    assert not app.exception
    assert asked(answering)[-1] == ("grad_cam", 8, 3, "conv2d")
    assert panels(app) == [("8 rather than 3", None)]


def test_any_class_can_be_asked_for_and_compared(open_page: OpenPage, answering: NotingEngine) -> None:
    run = recorded.finished()
    app = opened(open_page, image_of(5, mistaken=False))
    app.selectbox(key=f"w-where-class-{run.id}").set_value(2).run()
    assert panels(app) == [("2", None)]
    app.selectbox(key=f"w-where-against-{run.id}").set_value(6).run()
    assert panels(app) == [("2 rather than 6", None)]
    assert asked(answering)[-1] == ("grad_cam", 2, 6, "conv2d")
    app.selectbox(key=f"w-where-class-{run.id}").set_value(6).run()
    assert not app.exception
    assert [each.value for each in app.info] == ["Choose two different classes to tell apart."]
    assert "w-where" not in screen.components(app)


def test_a_mistake_beside_another_class_leaves_out_that_class(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    run = recorded.finished()
    app = opened(open_page, image_of(3, mistaken=True))
    app.selectbox(key=f"w-where-against-{run.id}").set_value(8).run()
    assert panels(app) == [("3 rather than 8", None)]


@pytest.mark.parametrize("method", [method for method in METHODS if method != "grad_cam"])
def test_the_other_methods_have_signs_and_need_no_layer(
    method: str, open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page, image_of(5, mistaken=False))
    app.button_group(key="w-where-method").set_value(method).run()
    assert not app.exception
    assert asked(answering)[-1] == (method, 5, None, None)
    given = screen.component(app, "w-where")
    assert given["signed"] is True
    assert (given["palette"][0], given["palette"][-1]) == ("#0072B2", "#D55E00")
    assert given["panels"][0]["words"] == words(Attribution(**answer(method, 5, None, None)), NAMES)


def test_what_was_answered_is_not_asked_again(open_page: OpenPage, answering: NotingEngine) -> None:
    recorded.finished()
    app = opened(open_page, image_of(5, mistaken=False))
    for method in ("occlusion", "grad_cam", "occlusion"):
        app.button_group(key="w-where-method").set_value(method).run()
        app.run()
    # Of another layer's maps only Grad-CAM tells something new.
    app.button_group(key="w-layer").set_value("conv2d_1").run()
    assert asked(answering) == [("grad_cam", 5, None, "conv2d"), ("occlusion", 5, None, None)]
    app.button_group(key="w-where-method").set_value("grad_cam").run()
    assert asked(answering)[2:] == [("grad_cam", 5, None, "conv2d_1")]
    assert not screen.says(app, "Choose **conv2d_1**")


def test_for_a_layer_without_maps_the_last_convolution_is_read(
    open_page: OpenPage, answering: NotingEngine
) -> None:
    recorded.finished()
    app = opened(open_page, image_of(5, mistaken=False))
    app.button_group(key="w-layer").set_value("dense").run()
    assert asked(answering)[-1] == ("grad_cam", 5, None, "conv2d_1")
    assert screen.says(app, "**dense** has no maps: those of conv2d_1 are read.")


def test_a_question_that_fails_is_said_in_words(open_page: OpenPage, answering: NotingEngine) -> None:
    del answering.answers["attribution"]
    design = recorded.digits()
    recorded.finished(design=design.replace(architecture=design.architecture.with_layers((Flatten(),))))
    app = opened(open_page, image_of(5, mistaken=False))
    assert asked(answering) == [("grad_cam", 5, None, None)]
    assert screen.error(app) == "Nobody answers 'attribution' here."


@pytest.mark.parametrize(
    ("method", "against", "said"),
    [
        (
            "grad_cam",
            None,
            "Yellow: what conv2d finds there speaks for 5. Half of it lies on 2% of the image. "
            "Computed on 8×8 places.",
        ),
        (
            "gradient_input",
            4,
            "Orange speaks for 5 rather than 4, blue against it. Sum 1.50 of a logit difference of 1.52 from "
            "a black image: the slope here is not that of the whole way.",
        ),
        (
            "integrated_gradients",
            None,
            "Orange speaks for 5, blue against it. Sum 1.50 of a logit difference of 1.52 from a black image "
            "(128 steps, not within 1%: more steps would take too long).",
        ),
        (
            "occlusion",
            4,
            "Covered with black, an orange place lowers the lead of 5 over 4, at most by 2.00; "
            "a blue one raises it, at most by 1.00. "
            "Squares of 2×2, each pixel, 49 in all.",
        ),
    ],
    ids=METHODS,
)
def test_a_map_is_told_in_one_line(method: str, against: int | None, said: str) -> None:
    layer = "conv2d" if method == "grad_cam" else None
    assert words(Attribution(**answer(method, 5, against, layer)), NAMES) == said


def test_maps_of_zeros_are_told_as_such() -> None:
    nothing = {"map": np.zeros((8, 8), np.float32)}
    cam = Attribution(**answer("grad_cam", 5, None, "conv2d") | nothing)
    assert words(cam, NAMES) == "Nothing that conv2d finds speaks for 5, on the whole."
    covered = Attribution(
        **answer("occlusion", 5, None, None) | nothing | {"stride": (2, 2), "cover": (0.5, 0, 0.2)}
    )
    assert words(covered, NAMES) == (
        "Covered with the image's mean colour, any place leaves the logit of 5 as it is. "
        "Squares of 2×2, every 2 pixels, 49 in all."
    )


def test_a_sum_within_one_percent_is_told_as_it_is() -> None:
    found = Attribution(**answer("integrated_gradients", 5, None, None) | {"black": 2.495, "steps": 64})
    assert words(found, NAMES).endswith(
        "Sum 1.50 of a logit difference of 1.50 from a black image (64 steps)."
    )


def pixels_page() -> None:
    import numpy as np

    from cnnlab import api, datasets
    from cnnlab.ui.inspect import where
    from cnnlab.ui.inspect.seen import Seen
    from tests.pages.recorded import LAST, OWNER

    (run,) = api.runs(OWNER)
    pixels = np.full((8, 8, 1), 7, np.uint8)
    probabilities = np.eye(10, dtype=np.float32)[8]
    answer = api.FeatureMaps(np.ones((8, 8, 4), np.float32), probabilities, pixels, None)
    row = run.design.architecture.trace().rows[0]
    where.draw(Seen(run, LAST, datasets.load("digits"), pixels, row, answer))


def test_an_image_whose_class_nobody_knows_is_explained_by_what_it_was_taken_for(
    answering: NotingEngine,
) -> None:
    recorded.finished()
    app = AppTest.from_function(pixels_page).run()
    app.run()
    assert not app.exception
    assert panels(app) == [("8 · predicted", None)]
    (question,) = [arguments for task, arguments in answering.asked if task == "attribution"]
    np.testing.assert_array_equal(question["image"], np.full((8, 8, 1), 7, np.uint8))
