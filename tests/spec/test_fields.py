from __future__ import annotations

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import SpecError
from cnnlab.spec.augmentation import AUGMENTATIONS
from cnnlab.spec.fields import Spec, an, choice, controls, shown
from cnnlab.spec.layers import KINDS, BatchNormalization, Conv2D, Dropout, MaxPooling2D
from cnnlab.spec.training import TrainingConfig

MODELS = [*KINDS.values(), *AUGMENTATIONS.values(), TrainingConfig]
EVERY_CONTROL = [(model, control) for model in MODELS for control in controls(model).values()]
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from(["relu", "same", "SGD", "cosine"])
)


@pytest.mark.parametrize(("model", "control"), EVERY_CONTROL, ids=lambda value: getattr(value, "name", None))
@given(value=ANYTHING)
def test_a_control_accepts_exactly_what_validation_accepts(model, control, value):
    if control.accepts(value):
        assert getattr(model(**{control.name: value}), control.name) == value
        return
    with pytest.raises(SpecError) as caught:
        model(**{control.name: value})
    place = f"{model.__name__}, {control.name}"
    assert str(caught.value) == f"{place}: expected {control.expected}. Received {shown(value)}."


@pytest.mark.parametrize(("model", "control"), EVERY_CONTROL, ids=lambda value: getattr(value, "name", None))
def test_every_field_is_declared_whole(model, control):
    assert control.label
    assert control.help.endswith(".")
    assert control.accepts(control.default)
    assert getattr(model(), control.name) == control.default
    if control.slider is not None:
        first, last = control.slider
        assert control.low <= first < last <= control.high
        assert control.step > 0
    if control.scale == "log":
        assert control.default in control.ticks()


@given(value=ANYTHING)
@pytest.mark.parametrize(("model", "control"), EVERY_CONTROL, ids=lambda value: getattr(value, "name", None))
def test_the_nearest_value_is_always_accepted(model, control, value):
    assert control.accepts(control.nearest(value))


def test_the_nearest_value_of_a_number_out_of_bounds_is_the_bound():
    assert controls(Conv2D)["filters"].nearest(0) == 1
    assert controls(Conv2D)["filters"].nearest(10**400) == 2048
    assert controls(Dropout)["rate"].nearest(1.5) == 0.95
    assert controls(Dropout)["rate"].nearest(math.nan) == 0.25
    assert controls(Conv2D)["filters"].nearest(2.5) == 32


def test_controls_say_what_none_means():
    control = controls(MaxPooling2D)["strides"]
    assert control.default is None
    assert control.expected == "a whole number from 1 to 64, or none (same as pool size)"


def test_ticks_double_whole_numbers_and_follow_1_2_5_for_others():
    assert controls(TrainingConfig)["batch_size"].ticks() == (8, 16, 32, 64, 128, 256, 512)
    ticks = controls(TrainingConfig)["learning_rate"].ticks()
    assert ticks[:4] == (1e-5, 2e-5, 5e-5, 1e-4)
    assert ticks[-1] == 1.0
    assert controls(BatchNormalization)["epsilon"].ticks()[-1] == 0.1
    assert controls(Dropout)["rate"].ticks() == ()


def test_an_unknown_field_is_named_with_those_that_exist():
    with pytest.raises(SpecError, match=r"^Dropout: 'share' is not one of its fields \(rate\)\.$"):
        Dropout(share=0.5)


def test_a_layer_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        Conv2D().filters = 3


def test_replace_checks_like_a_constructor():
    assert Conv2D().replace(filters=7) == Conv2D(filters=7)
    with pytest.raises(
        SpecError, match="Conv2D, filters: expected a whole number from 1 to 2048. Received 0"
    ):
        Conv2D().replace(filters=0)


def test_a_value_is_shown_in_one_short_line():
    assert shown("x" * 500) == "'" + "x" * 58 + "…"
    assert shown(10**5000) == "int too long to print"


class WithoutOptions(Spec):
    mode: str = choice("a", label="Mode", help="Which one.")


class HiddenAlias(Spec):
    mode: Dropout = choice("a", label="Mode", help="Which one.")


class NumberAmongOptions(Spec):
    mode: Literal["a", 1] = choice("a", label="Mode", help="Which one.")


@pytest.mark.parametrize("model", [WithoutOptions, HiddenAlias, NumberAmongOptions])
def test_a_choice_without_options_is_a_mistake_of_its_declaration(model):
    with pytest.raises(TypeError) as caught:
        controls(model)
    annotation = shown(model.model_fields["mode"].annotation)
    assert str(caught.value) == (
        f"{model.__name__}, mode: expected a choice annotated with a Literal of its options. "
        f'Received {annotation}. Declare the options as Literal["…", "…"].'
    )


@pytest.mark.parametrize(
    ("number", "words"), [(1, "a 1"), (8, "an 8"), (11, "an 11"), (18, "an 18"), (81, "an 81"), (28, "a 28")]
)
def test_a_number_has_the_article_with_which_it_is_spoken(number: int, words: str) -> None:
    assert an(number) == words
