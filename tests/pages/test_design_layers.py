"""Design: each kind's settings reach the table and the source; what cannot work is said and mended."""

from __future__ import annotations

from typing import Any

import pytest

from cnnlab.spec import links
from cnnlab.spec.layers import (
    KINDS,
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
)
from cnnlab.ui import words
from tests.pages import screen
from tests.pages.conftest import OpenPage
from tests.pages.design_page import design_of, kinds, press, select, shapes, shared, source, stack, total

# Every slider of every kind

STACKS: dict[str, tuple[Layer, ...]] = {
    kind: (Conv2D(filters=8, padding="same"), KINDS[kind](), Flatten(), Dense(units=16))
    for kind in KINDS
    if kind not in ("Dense", "Flatten")
} | {"Dense": (Flatten(), Dense(units=32), Dense(units=16))}
"""A stack in which the second layer is of the kind."""

FIELDS = [(kind, name) for kind in STACKS for name in KINDS[kind].controls()]


def another(kind: str, name: str) -> Any:
    """An allowed value other than the default that fits into the kind's stack."""
    control = KINDS[kind].controls()[name]
    if control.kind == "switch":
        return not control.default
    if control.kind == "choice":
        return next(option for option in control.options if option != control.default)
    if control.scale == "log":
        return next(tick for tick in control.ticks() if tick != control.default)
    if control.default is None:
        return 3
    return control.default + 1 if control.kind == "integer" else 0.5


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=map("-".join, FIELDS))
def test_every_slider_of_every_kind_reaches_the_table_and_the_source(
    kind: str, name: str, open_page: OpenPage
) -> None:
    layers = STACKS[kind]
    design = design_of("mnist", *layers)
    app = select(open_page("design", lab=links.encode(design)), "L2")
    before = source(app)
    value = another(kind, name)
    app.get_by_key(f"w-L2-{name}").set_value(value).run()
    assert not app.exception
    assert not app.error
    changed = design.architecture.with_layers((layers[0], layers[1].replace(**{name: value}), *layers[2:]))
    trace = changed.trace()
    assert shapes(app) == [(words.shape(row.output_shape), f"{row.parameters:,}") for row in trace.rows]
    assert total(app) == f"{trace.total_parameters:,}"
    assert source(app) != before
    assert links.decode(shared(app)).architecture == changed


@pytest.mark.parametrize(
    ("field", "value", "shape", "parameters"),
    [
        ("filters", 10, "28×28×10", "730"),
        ("kernel_size", 5, "28×28×32", "6,432"),
        ("strides", 2, "14×14×32", "2,336"),
        ("padding", "valid", "26×26×32", "2,336"),
        ("use_bias", False, "28×28×32", "2,304"),
    ],
)
def test_a_convolutions_row_is_the_one_worked_out_by_hand(
    field: str, value: Any, shape: str, parameters: str, open_page: OpenPage
) -> None:
    same = Conv2D(padding="same")
    design = design_of("mnist", Conv2D(filters=8, padding="same"), same, Flatten())
    app = select(open_page("design", lab=links.encode(design)), "L2")
    app.get_by_key(f"w-L2-{field}").set_value(value).run()
    assert shapes(app)[1] == (shape, parameters)


# What cannot work

HEAVY = tuple(Conv2D(filters=n, kernel_size=1, padding="same") for n in (2048, 1024, 1024))
"""Outputs of 67.1 MB for an image of 64×64 pixels."""

PROBLEMS = {
    "dense on a map": (
        design_of("digits", Conv2D(filters=8, padding="same"), Dense()),
        "Layer 2 (Dense): it takes a vector and gets a map of 8×8×8: Keras would apply it to each pixel "
        "alone. Add Flatten before it.",
        "Add Flatten before it",
        ["Convolution", "Flatten", "Dense", "Output"],
    ),
    "output on a map": (
        design_of("digits"),
        "Output (Dense): it takes a vector and gets a map of 8×8×1: Keras would apply it to each pixel "
        "alone. Add Flatten before it.",
        "Add Flatten before it",
        ["Flatten", "Output"],
    ),
    "convolution behind flatten": (
        design_of("digits", Flatten(), Dropout(), Conv2D(padding="same")),
        "Layer 3 (Conv2D): it takes a map and gets a vector of 64. It belongs before Flatten.",
        "Move it before Flatten",
        ["Convolution", "Flatten", "Dropout", "Output"],
    ),
    "flatten too early": (
        design_of("digits", Flatten(), Conv2D(padding="same"), Flatten()),
        "Layer 2 (Conv2D): it takes a map and gets a vector of 64. It belongs before Flatten.",
        "Remove the Flatten before it",
        ["Convolution", "Flatten", "Output"],
    ),
    "pooling window": (
        design_of("digits", Conv2D(kernel_size=6), MaxPooling2D(pool_size=4), Flatten()),
        "Layer 2 (MaxPooling2D): a 4×4 window does not fit a 3×3 input. Use pool_size 3 or less.",
        "Use pool_size 3",
        ["Convolution", "Max pooling", "Flatten", "Output"],
    ),
    "kernel": (
        design_of("shapes", Conv2D(kernel_size=33), Flatten()),
        "Layer 1 (Conv2D): a 33×33 window does not fit a 32×32 input. Use kernel_size 32 or less.",
        "Use kernel_size 32",
        ["Convolution", "Flatten", "Output"],
    ),
    "stride and dilation": (
        design_of("digits", Conv2D(strides=2, dilation_rate=2), Flatten()),
        "Layer 1 (Conv2D): stride 2 and dilation 2 do not go together: Keras moves a kernel with gaps one "
        "pixel at a time. Use dilation_rate 1 or strides 1.",
        "Use dilation_rate 1",
        ["Convolution", "Flatten", "Output"],
    ),
    "softmax of one channel": (
        design_of("digits", Activation(activation="softmax"), Flatten()),
        "Layer 1 (Activation): the softmax of a single channel is always 1. Use sigmoid.",
        "Use sigmoid",
        ["Activation", "Flatten", "Output"],
    ),
    "nothing left to pool": (
        design_of("digits", AveragePooling2D(pool_size=8), AveragePooling2D(), Flatten()),
        "Layer 2 (AveragePooling2D): a 2×2 window does not fit a 1×1 input. Nothing is left to pool: "
        "remove it.",
        "Remove AveragePooling2D",
        ["Average pooling", "Flatten", "Output"],
    ),
    "too many layers": (
        design_of("digits", Flatten(), *[Dropout()] * 64),
        "Layer 65 (Dropout): the stack has 65 layers, 64 are allowed. Remove the rest.",
        "Keep the first 64 layers",
        ["Flatten", *["Dropout"] * 63, "Output"],
    ),
    "too many parameters": (
        design_of("shapes-64", Flatten(), Dense(units=8192)),
        "Layer 2 (Dense): the network has 100,737,032 parameters, most of them here; 50,000,000 are allowed. "
        "Use a smaller layer, or pool before it.",
        "Use units 2048",
        ["Flatten", "Dense", "Output"],
    ),
    "too much memory": (
        design_of("shapes-64", *HEAVY, Conv2D(filters=1), Flatten()),
        "Layer 1 (Conv2D): the outputs for one image take",
        "Use filters",
        ["Convolution", "Convolution", "Convolution", "Convolution", "Flatten", "Output"],
    ),
}
"""Every code of problem that a design can hold: forms and links let no other value through."""


@pytest.mark.parametrize("case", PROBLEMS)
def test_a_problem_is_said_at_its_layer_keeps_train_disabled_and_is_mended_by_its_button(
    case: str, open_page: OpenPage
) -> None:
    design, message, label, mended = PROBLEMS[case]
    app = open_page("design", lab=links.encode(design))
    assert not app.exception
    assert screen.error(app).startswith(message)
    (mend,) = [button for button in app.button if button.key.startswith("mend-")]
    assert mend.label.startswith(label)
    index = design.architecture.trace().problems[0].index
    assert stack(app)[index].startswith(":red[:material/error:]")
    assert screen.table(app, "Layer")[index]["Layer"].startswith(":red[")
    assert app.button(key="train").disabled
    assert app.button(key="train").help.startswith(f"Cannot start yet. {message}")
    assert screen.says(app, "The source appears once every layer fits.")
    mend.click().run()
    assert not app.exception
    assert not app.error
    assert kinds(app) == mended
    assert screen.buttons(app)["Train"]
    press(app, "undo")
    assert screen.error(app).startswith(message)


def test_the_problems_cover_every_code_that_a_design_can_hold() -> None:
    designs = [design for design, *_ in PROBLEMS.values()]
    codes = {problem.code for design in designs for problem in design.architecture.trace().problems}
    assert codes == {
        "window",
        "dilation",
        "softmax",
        "needs_flatten",
        "needs_map",
        "too_many_layers",
        "too_many_parameters",
        "too_much_memory",
    }


def test_the_train_page_does_not_start_what_is_broken_and_says_why(open_page: OpenPage) -> None:
    design, message, *_ = PROBLEMS["dense on a map"]
    app = open_page("design", lab=links.encode(design))
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert app.button(key="start").disabled
    assert screen.error(app) == f"Cannot start yet. {message}"
    assert "Mend it in Design" in [link.value for link in app.page_link]


def test_a_batch_that_needs_too_much_memory_is_said_where_training_is_started(open_page: OpenPage) -> None:
    design = design_of("shapes-64", Conv2D(filters=256, padding="same"), MaxPooling2D(pool_size=8), Flatten())
    design = design.replace(training=design.training.replace(batch_size=4096))
    app = open_page("design", lab=links.encode(design))
    assert app.button(key="train").disabled
    assert "a step of 4096 images needs about" in app.button(key="train").help


def test_a_broken_network_is_mended_problem_by_problem(open_page: OpenPage) -> None:
    layers = (Conv2D(kernel_size=9), Dense(), MaxPooling2D(pool_size=9))
    app = open_page("design", lab=links.encode(design_of("digits", *layers)))
    for _ in range(6):
        mends = [button for button in app.button if button.key.startswith("mend-")]
        if not mends:
            break
        mends[0].click().run()
        assert not app.exception
    assert not app.error
    assert screen.buttons(app)["Train"]


def test_a_full_stack_takes_no_more_layers(open_page: OpenPage) -> None:
    full = (*(Activation(activation="relu") for _ in range(63)), Flatten())
    app = open_page("design", lab=links.encode(design_of("digits", *full)))
    assert not app.exception
    assert app.menu_button(key="w-add").disabled
    assert app.menu_button(key="w-add").help == "A network has at most 64 layers."
    assert app.button(key="w-Duplicate").disabled
    press(app, "Remove")
    assert not app.menu_button(key="w-add").disabled
    assert not app.button(key="w-Duplicate").disabled


def test_what_a_layer_that_does_not_fit_would_have_is_not_known(open_page: OpenPage) -> None:
    app = open_page("design", lab=links.encode(design_of("digits", Conv2D(kernel_size=11), Flatten())))
    assert shapes(app)[0] == ("–", "–")
