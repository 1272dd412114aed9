"""Forms from declarations: each field becomes the right widget; only an allowed value reaches the design."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.spec.fields import controls
from cnnlab.spec.layers import KINDS, Conv2D, Dense, MaxPooling2D
from cnnlab.spec.training import TrainingConfig
from cnnlab.ui.forms import plain_number, slider_range, stops


def page(kind: str, **fields: object) -> None:
    import streamlit as st

    from cnnlab.spec.layers import KINDS
    from cnnlab.spec.training import TrainingConfig
    from cnnlab.ui.forms import form

    first = TrainingConfig(**fields) if kind == "training" else KINDS[kind]()
    model = st.session_state.get("model", first)

    def change(name: str, value: object) -> None:
        st.session_state["model"] = model.replace(**{name: value})

    form(model, "it", change)
    st.text(st.session_state.get("model", first).to_json())


@pytest.mark.parametrize("kind", [*KINDS, "training"])
def test_every_declared_field_has_a_widget_that_shows_its_value(kind: str) -> None:
    app = AppTest.from_function(page, kwargs={"kind": kind}).run()
    assert not app.exception
    model = TrainingConfig() if kind == "training" else KINDS[kind]()
    if app.expander:  # what is closed is not drawn
        app.session_state["w-it-more"] = True
        app.run()
    for name in controls(type(model)):
        assert app.session_state[f"w-it-{name}"] == getattr(model, name)


def test_a_moved_slider_reaches_the_model() -> None:
    app = AppTest.from_function(page, kwargs={"kind": "Conv2D"}).run()
    app.slider(key="w-it-filters").set_value(7).run()
    assert app.session_state["model"] == Conv2D(filters=7)


def test_a_cleared_choice_leaves_the_model_as_it_was() -> None:
    app = AppTest.from_function(page, kwargs={"kind": "training"}).run()
    app.selectbox(key="w-it-optimizer").set_value("SGD").run()
    assert app.session_state["model"].optimizer == "SGD"


def test_a_value_beyond_the_slider_is_shown_and_not_changed() -> None:
    control = controls(Dense)["units"]
    assert slider_range(control, 1000) == (1, 1000)


def test_a_slider_that_a_preset_widened_stays_as_wide_while_it_is_moved() -> None:
    app = AppTest.from_function(page, kwargs={"kind": "training", "epochs": 500}).run()
    for epochs in (30, 20):
        app.slider(key="w-it-epochs").set_value(epochs).run()
        assert (app.slider(key="w-it-epochs").value, app.slider(key="w-it-epochs").max) == (epochs, 500)
    app.session_state["model"] = TrainingConfig(epochs=10)  # another preset, say
    app.run()
    assert app.slider(key="w-it-epochs").max == 50


def test_a_stop_that_a_link_brought_can_be_gone_back_to() -> None:
    app = AppTest.from_function(page, kwargs={"kind": "training", "batch_size": 50}).run()
    app.select_slider(key="w-it-batch_size").set_value(64).run()
    assert "50" in app.select_slider(key="w-it-batch_size").options


def test_a_stride_that_follows_the_pool_size_is_the_first_stop() -> None:
    control = controls(MaxPooling2D)["strides"]
    assert stops(control, None)[:3] == [None, 1, 2]


def test_batch_sizes_are_powers_of_two_and_the_value_itself() -> None:
    control = controls(TrainingConfig)["batch_size"]
    assert stops(control, 50) == [8, 16, 32, 50, 64, 128, 256, 512]


@pytest.mark.parametrize(
    ("value", "text"), [(1e-5, "0.00001"), (0.5, "0.5"), (1.0, "1"), (32, "32"), (100, "100")]
)
def test_numbers_are_written_plainly(value: float, text: str) -> None:
    assert plain_number(value) == text
