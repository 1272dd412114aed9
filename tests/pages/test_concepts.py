"""Concept cards: each has an address, and its numbers follow its sliders."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.ui.concepts import TITLES
from cnnlab.ui.concepts.panel import CARDS, WINDOW
from tests.pages import screen
from tests.pages.conftest import OpenPage


def open_tab(app: AppTest, title: str) -> AppTest:
    """Open a tab of the page, as a click does."""
    app.session_state["w-cv-tabs"] = title
    return app.run()


def slide(app: AppTest, key: str, value: float) -> AppTest:
    app.slider(key=f"w-card-{key}").set_value(value).run()
    assert not app.exception
    return app


def formula(app: AppTest) -> str:
    (shown,) = app.latex
    return str(shown.value).strip("$\n").removesuffix(r" \end{aligned}")


def titles(app: AppTest) -> list[str]:
    return [each["text"] for each in screen.figure(app, "w-card-nodes")["layout"]["annotations"]]


@pytest.mark.parametrize("name", CARDS)
def test_an_address_opens_a_card_and_only_that(name: str, open_page: OpenPage) -> None:
    app = open_page("convolution", card=name)
    assert not app.exception
    assert app.session_state["w-cv-tabs"] == TITLES[name]
    assert screen.components(app) == []
    assert app.slider


@pytest.mark.parametrize(
    "query", [{}, {"card": "nothing"}, {"card": "x" * 4000}], ids=["none", "word", "long"]
)
def test_without_a_card_the_sliding_window_comes_first(query: dict[str, str], open_page: OpenPage) -> None:
    app = open_page("convolution", **query)
    assert not app.exception
    assert screen.components(app) == ["convolution"]
    assert not app.slider
    wrong = [error.value for error in app.error]
    if not query:
        assert not wrong
        return
    assert app.error[0].proto.title == "This link leads to no card"
    (said,) = wrong
    assert said.startswith(f"There is no card {query['card']!r:.60}. Known are weights, stride, ")


def test_another_card_opens_and_the_window_comes_back(open_page: OpenPage) -> None:
    app = open_page("convolution", card="stride")
    open_tab(app, TITLES["softmax"])
    assert r"\text{loss}" in formula(app)
    open_tab(app, WINDOW)
    assert screen.components(app) == ["convolution"]
    assert not app.exception


def test_back_to_an_address_without_a_card_closes_it(open_page: OpenPage) -> None:
    app = open_page("convolution", card="stride")
    app.query_params.clear()
    app.run()
    assert app.session_state["w-cv-tabs"] == WINDOW
    assert screen.components(app) == ["convolution"]


def test_shared_weights_are_counted(open_page: OpenPage) -> None:
    app = open_page("convolution", card="weights")
    assert titles(app) == [
        "<b>Convolution</b><br>3 weights, 15 lines",
        "<b>Fully connected</b><br>35 weights, 35 lines",
    ]
    assert screen.metrics(app)["Parameters, convolution"] == "320"
    assert screen.metrics(app)["Parameters, fully connected"] == f"{785 * 25_088:,}"
    app.select_slider(key="w-card-channels").set_value(32).run()
    assert screen.metrics(app)["Parameters, convolution"] == f"{(3 * 3 * 32 + 1) * 32:,}"
    slide(app, "output", 5)
    slide(app, "kernel", 4)
    slide(app, "inputs", 4)
    assert [title.split("<br>")[1] for title in titles(app)] == ["4 weights, 4 lines"] * 2


def test_the_formula_has_the_numbers_in_it(open_page: OpenPage) -> None:
    app = open_page("convolution", card="stride")
    assert formula(app).endswith(r"\left\lfloor \frac{7 - 3}{2} \right\rfloor + 1 = 3")
    slide(app, "stride", 3)
    slide(app, "span", 2)
    assert formula(app).endswith(r"\frac{7 - 2}{3} \right\rfloor + 1 = 2")
    assert screen.says(app, "Never read: 3, 6, 7.")
    app.segmented_control(key="w-card-padding").set_value("same").run()
    assert formula(app).endswith(r"\left\lceil \frac{7}{3} \right\rceil = 3")
    assert screen.says(app, "Zeros: max((3 − 1) × 3 + 2 − 7, 0) = 1, 0 before and 1 after.")


def test_a_window_that_does_not_fit_is_said_in_words(open_page: OpenPage) -> None:
    app = open_page("convolution", card="stride")
    slide(app, "dilation", 3)
    slide(app, "size", 4)
    (warning,) = app.warning
    assert warning.value == (
        "A window that spans 7 does not fit an input of 4. Choose a smaller window, less dilation, "
        "or padding same."
    )


def test_more_of_the_pooled_map_stays(open_page: OpenPage) -> None:
    app = open_page("convolution", card="shifts")
    shown = screen.metrics(app)
    assert shown == {"Map that stays": "37%", "Pooled map that stays": "58%"}
    after, before = (trace["y"] for trace in screen.figure(app, "w-card-stays")["data"])
    assert (before[0], after[0]) == (1, 1)
    assert all(one >= other for one, other in zip(after, before, strict=True))
    slide(app, "shift", 0)
    assert set(screen.metrics(app).values()) == {"100%"}
    slide(app, "shift", 2)
    slide(app, "pool", 1)
    assert len(set(screen.metrics(app).values())) == 1


def test_softmax_by_hand(open_page: OpenPage) -> None:
    app = open_page("convolution", card="softmax")
    rows = screen.table(app, "class")
    exponentials = np.exp([2.0, 1.0, -1.0])
    assert [row["e^logit"] for row in rows] == [
        f"{value:.3f}" for value in (*exponentials, exponentials.sum())
    ]
    share = exponentials[0] / exponentials.sum()
    assert rows[0]["÷ sum = share"].endswith(f"**{share:.4f}**")
    assert formula(app).endswith(rf"-\ln {share:.4f} = {-np.log(share):.4f}")
    slide(app, "logit-dog", 5.0)
    app.segmented_control(key="w-card-actual").set_value("dog").run()
    share = np.exp(5) / np.exp([2, 5, -1]).sum()
    assert formula(app).endswith(rf"-\ln {share:.4f} = {-np.log(share):.4f}")


def test_a_second_softmax_is_a_mistake_that_can_be_seen(open_page: OpenPage) -> None:
    app = open_page("convolution", card="softmax")
    assert not screen.says(app, "Taken twice")
    app.toggle(key="w-card-twice").set_value(True).run()
    shares = np.exp([2.0, 1.0, -1.0]) / np.exp([2.0, 1.0, -1.0]).sum()
    again = np.exp(shares) / np.exp(shares).sum()
    assert screen.says(app, f"the loss is **{-np.log(again[0]):.4f}** instead of {-np.log(shares[0]):.4f}")
    assert screen.says(app, f"never below {-np.log(np.e / (np.e + 2)):.4f}")
    once, twice = screen.figure(app, "w-card-shares")["data"]
    assert twice["text"][0] == f"{again[0]:.1%} taken twice"
    assert once["text"][0] == f"{shares[0]:.1%}"


def test_two_by_two_becomes_four(open_page: OpenPage) -> None:
    app = open_page("convolution", card="flatten")
    assert screen.says(app, "2 × 2 × 1 = **4 values**.")
    slide(app, "value", 3)
    assert formula(app).endswith(r"(1 \cdot 2 + 1) \cdot 1 + 0 = 3")
    slide(app, "depth", 3)
    slide(app, "value", 7)
    assert formula(app).endswith(r"(1 \cdot 2 + 0) \cdot 3 + 1 = 7")
    slide(app, "rows", 1)
    slide(app, "columns", 1)
    slide(app, "depth", 1)
    assert formula(app).endswith("= 0")


def test_another_step_leaves_out_other_units(open_page: OpenPage) -> None:
    app = open_page("convolution", card="dropout")
    assert formula(app).endswith(r"\frac{1}{1 - 0.25} = 1.333")
    seen = set()
    for step in (1, 2, 3):
        slide(app, "step", step)
        before, now, mean = screen.figure(app, "w-card-units")["data"]
        np.testing.assert_allclose(
            now["y"],
            [0 if cross else value * 4 / 3 for cross, value in zip(now["text"], before["y"], strict=True)],
        )
        np.testing.assert_allclose(mean["y"], before["y"], rtol=0.1)
        seen.add(tuple(now["text"]))
    assert len(seen) == 3
    slide(app, "rate", 0.0)
    shown = screen.metrics(app)
    assert shown["Left out in this step"] == "0 of 10"
    assert shown["Sum before"] == shown["Sum in this step"] == shown["Mean sum of 1,000 steps"]


def test_training_and_prediction_normalise_by_other_numbers(open_page: OpenPage) -> None:
    app = open_page("convolution", card="normalisation")
    assert screen.says(
        app, "The same batch has mean **0.00** and standard deviation **1.00** in training, **"
    )
    moving = screen.figure(app, "w-card-moving")["data"][1]["y"]
    assert moving[0] == 0
    assert moving[-1] == pytest.approx(3 * (1 - 0.99**50), rel=0.1)
    app.select_slider(key="w-card-momentum").set_value(0.5).run()
    assert screen.figure(app, "w-card-moving")["data"][1]["y"][-1] == pytest.approx(3, abs=1.5)
    assert screen.says(app, "0.5^50 = **0.0%** is still where they started.")
    slide(app, "steps", 1)
    assert screen.says(app, "0.5^1 = **50.0%** is still where they started.")
    own, remembered = (str(shown.value) for shown in app.latex)
    values = np.random.default_rng(7).normal(3, 2, (1, 16))
    assert f"x - {values.mean():.2f}" in own
    assert f"x - {values.mean() / 2:.2f}" in remembered
