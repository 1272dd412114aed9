"""Design: the stack, its sliders, the table beside it, and what is said about a network that cannot work."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api, datasets
from cnnlab.spec import links, presets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import (
    KINDS,
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
    ResidualBlock,
)
from cnnlab.ui import words
from tests.pages import screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OTHER, OWNER
from tests.pages.stubs import NotingEngine

TOTALS = {
    "digits": "43,050",
    "shapes": "61,736",
    "fashion_mnist": "257,162",
    "mnist_5x5": "3,199,106",
    "cifar10": "315,722",
    "cifar10_two_dense": "881,002",
    "cifar10_two_dense_dropout": "881,002",
    "cifar10_two_dense_batchnorm": "881,802",
    "lenet5": "61,706",
    "tiny_vgg": "16,538",
}
DIGITS = [
    "1 · Convolution 32 · 3×3",
    "2 · Convolution 32 · 3×3",
    "3 · Max pooling · 2×2",
    "4 · Flatten",
    "5 · Dropout",
    "6 · Dense 64",
    "7 · Output",
]


def design_of(dataset: str, *layers: Layer) -> Design:
    info = datasets.info(dataset)
    shape, classes = info.image_shape, len(info.class_names)
    return Design(
        dataset=dataset, architecture=Architecture(input_shape=shape, classes=classes, layers=layers)
    )


def total(app: AppTest) -> str:
    """The headline's number of parameters."""
    (text,) = [text for text in screen.texts(app) if "parameters** · **" in text or "** parameters ·" in text]
    return text.split("**")[1]


def stack(app: AppTest) -> list[str]:
    return list(app.radio(key="w-stack").options)


def kinds(app: AppTest) -> list[str]:
    """What the stack's lines name, without their numbers."""
    return [re.sub(r" [\d,]+$", "", line.split(" · ")[1]) for line in stack(app)]


def select(app: AppTest, layer_id: str) -> AppTest:
    """Select a layer, with what is behind "More" open: what is closed is not drawn."""
    app.session_state[f"w-{layer_id}-more"] = True
    return app.radio(key="w-stack").set_value(layer_id).run()


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=f"w-{key}").click().run()


def shapes(app: AppTest) -> list[tuple[str, str]]:
    return [(row["Output"], row["Parameters"]) for row in screen.table(app, "Layer")]


def source(app: AppTest) -> str:
    return str(app.code[1].value)


# Presets


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_loads_and_shows_its_parameters(name: str, open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-preset").set_value(name).run()
    assert not app.exception
    assert not app.error
    assert total(app) == TOTALS[name]
    preset = presets.preset(name)
    assert app.selectbox(key="w-dataset").value == preset.dataset
    assert len(stack(app)) == len(preset.architecture.layers) + 1
    here = datasets.is_installed(preset.dataset)
    assert screen.buttons(app)["Train"] == here
    if not here:
        title = datasets.info(preset.dataset).title
        why = f"Cannot start yet. {title} is not on this machine yet. Download it first."
        assert app.button(key="train").help == why


def test_fashion_mnist_shows_the_tutorials_table_row_by_row(open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-preset").set_value("fashion_mnist").run()
    rows = [(row["Layer"], row["Output"], row["Parameters"]) for row in screen.table(app, "Layer")]
    assert rows == [
        ("conv2d", "28×28×32", "320"),
        ("max_pooling2d", "14×14×32", "0"),
        ("conv2d_1", "14×14×64", "18,496"),
        ("max_pooling2d_1", "7×7×64", "0"),
        ("conv2d_2", "7×7×64", "36,928"),
        ("flatten", "3,136", "0"),
        ("dense", "64", "200,768"),
        ("dense_1", "10", "650"),
    ]


def test_the_table_tells_cost_memory_and_receptive_field(open_page: OpenPage) -> None:
    first, second, pooling, *_ = screen.table(open_page("design"), "Layer")
    # 8·8·32 outputs of 3·3·1 and 3·3·32 products; 4 bytes each; two 3×3 see 5×5, a 2×2 pooling one more.
    assert first["MACs"] == "18.4\u00a0k"
    assert second["MACs"] == "590\u00a0k"
    assert first["Memory"] == "8.19\u00a0kB"
    assert [row["Sees"] for row in (first, second, pooling)] == ["3×3", "5×5", "6×6"]


# The stack


def test_adding_puts_the_layer_behind_the_selected_one(open_page: OpenPage) -> None:
    app = select(open_page("design"), "L3")
    app.menu_button(key="w-add").set_value("Dropout").run()
    assert kinds(app)[2:5] == ["Max pooling", "Dropout", "Flatten"]
    assert app.radio(key="w-stack").value == "L7"
    assert "**Dropout**" in screen.texts(app)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_added_and_its_form_appears(kind: str, open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-add").set_value(kind).run()
    assert not app.exception
    assert kinds(app)[1] == KINDS[kind].title
    app.session_state["w-L7-more"] = True
    app.run()
    for name, control in KINDS[kind].controls().items():
        assert app.get_by_key(f"w-L7-{name}").label in (control.label, "")


def test_the_menu_lists_the_kinds_family_by_family(open_page: OpenPage) -> None:
    offered = open_page("design").menu_button(key="w-add").options
    titles = [line.split(": ", 1)[1] for line in offered]
    assert sorted(titles) == sorted(kind.title for kind in KINDS.values())
    assert titles[:5] == [
        "Convolution",
        "Depthwise convolution",
        "Separable convolution",
        "Residual block",
        "Max pooling",
    ]


def test_what_is_changed_behind_more_is_counted(open_page: OpenPage) -> None:
    app = open_page("design")
    labels = [each.label for each in app.expander]
    assert labels == ["More"]
    app.session_state["w-L1-more"] = True
    app.run()
    app.get_by_key("w-L1-l2").set_value(0.001).run()
    app.get_by_key("w-L1-use_bias").set_value(False).run()
    assert not app.exception
    assert not screen.says(app, "changed behind More")
    app.session_state["w-L1-more"] = False
    app.run()
    assert screen.says(app, "2 changed behind More")
    assert "kernel_regularizer=keras.regularizers.L2(l2=0.001)" in source(app)


def test_a_residual_block_tells_what_is_inside_and_what_is_not_trained(open_page: OpenPage) -> None:
    design = design_of("shapes", ResidualBlock(filters=8, strides=2), GlobalAveragePooling2D())
    app = open_page("design", lab=links.encode(design))
    assert not app.exception
    assert shapes(app)[0] == ("16×16×8", "912")
    parts = screen.table(app, "Part")
    assert [row["Part"] for row in parts][-4:] == [
        "projection",
        "projection_normalization",
        "add",
        "activation",
    ]
    # By hand: 3·3·3·8, 3·3·8·8 and 3·8 weights, and four for each channel of three normalizations.
    assert sum(int(row["Parameters"]) for row in parts) == 216 + 576 + 24 + 3 * 4 * 8 == 912
    assert screen.says(app, f"**{912 - 48 + 72:,}** are trained and **48** are not")
    assert "# residual_block" in source(app)
    select(app, "L2")
    assert not screen.says(app, "Inside residual_block")


def test_removing_takes_the_layer_away_and_selects_the_next(open_page: OpenPage) -> None:
    app = press(select(open_page("design"), "L5"), "Remove")
    assert kinds(app) == ["Convolution", "Convolution", "Max pooling", "Flatten", "Dense", "Output"]
    assert app.radio(key="w-stack").value == "L6"


def test_moving_changes_the_order_and_keeps_the_selection(open_page: OpenPage) -> None:
    app = press(select(open_page("design"), "L5"), "Move towards the output")
    assert kinds(app)[4:] == ["Dense", "Dropout", "Output"]
    app = press(press(app, "Move towards the input"), "Move towards the input")
    assert kinds(app)[3:] == ["Dropout", "Flatten", "Dense", "Output"]
    assert app.radio(key="w-stack").value == "L5"


def test_duplicating_adds_the_same_layer_behind(open_page: OpenPage) -> None:
    app = press(select(open_page("design"), "L6"), "Duplicate")
    assert stack(app)[5:] == ["6 · Dense 64", "7 · Dense 64", "8 · Output"]
    assert total(app) == f"{43_050 + 64 * 64 + 64:,}"


def test_undo_and_redo_go_through_every_edit(open_page: OpenPage) -> None:
    app = open_page("design")
    assert app.button(key="w-undo").disabled
    assert app.button(key="w-redo").disabled
    seen = [stack(app)]
    for edit in ("Duplicate", "Move towards the output", "Remove"):
        seen.append(stack(press(app, edit)))
    assert seen[1] != seen[0]
    for before in (*seen[-2::-1],):
        assert stack(press(app, "undo")) == before
    assert app.button(key="w-undo").disabled
    assert stack(app) == DIGITS
    for after in seen[1:]:
        assert stack(press(app, "redo")) == after
    assert app.button(key="w-redo").disabled


def test_a_reload_keeps_the_design_and_what_can_be_undone(
    open_page: OpenPage, browser: dict[str, str]
) -> None:
    edited = stack(press(open_page("design"), "Remove"))
    assert edited != DIGITS
    again = open_page("design")
    assert stack(again) == edited
    assert stack(press(again, "undo")) == DIGITS
    browser["cnnlab_owner"] = OTHER
    assert stack(open_page("design")) == DIGITS


def test_undo_moves_the_slider_back_too(open_page: OpenPage) -> None:
    app = open_page("design")
    app.slider(key="w-L1-filters").set_value(7).run()
    assert stack(app)[0] == "1 · Convolution 7 · 3×3"
    press(app, "undo")
    assert app.slider(key="w-L1-filters").value == 32
    assert stack(app) == DIGITS


def test_the_output_is_locked(open_page: OpenPage) -> None:
    app = select(open_page("design"), "output")
    for name in ("Move towards the input", "Move towards the output", "Duplicate", "Remove"):
        assert app.button(key=f"w-{name}").disabled
    assert "**Dense 10** · output" in screen.texts(app)
    app.menu_button(key="w-add").set_value("Dropout").run()
    assert kinds(app)[-2:] == ["Dropout", "Output"]


def test_another_data_set_changes_the_input_and_the_output(open_page: OpenPage) -> None:
    app = open_page("design")
    app.selectbox(key="w-dataset").set_value("shapes").run()
    assert not app.exception
    assert screen.component(app, "w-network")["volumes"][0]["shape"] == [32, 32, 3]
    assert shapes(app)[0] == ("32×32×32", f"{3 * 3 * 3 * 32 + 32}")
    assert shapes(app)[-1] == ("8", f"{64 * 8 + 8}")
    press(app, "undo")
    assert app.selectbox(key="w-dataset").value == "digits"


def test_the_drawing_has_the_tables_shapes(open_page: OpenPage) -> None:
    app = open_page("design")
    volumes = screen.component(app, "w-network")["volumes"]
    assert ["×".join(map(str, volume["shape"])) for volume in volumes[1:]] == [
        shape for shape, _ in shapes(app)
    ]


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


# Links and source


def shared(app: AppTest) -> str:
    """The text of the link that Share shows."""
    address, text = str(app.code[0].value).split("?lab=")
    assert address == "http://localhost:8501/design"
    return text


@pytest.mark.parametrize("name", presets.names())
def test_the_link_restores_exactly_the_design_in_another_session(name: str, open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-preset").set_value(name).run()
    app.menu_button(key="w-add").set_value("BatchNormalization").run()
    again = open_page("design", lab=shared(app))
    assert not again.exception
    assert not again.error
    assert stack(again) == stack(app)
    assert shapes(again) == shapes(app)
    assert source(again) == source(app)
    assert shared(again) == shared(app)


def test_a_link_carries_the_training_too(open_page: OpenPage) -> None:
    design = presets.preset("digits").design
    training = design.training.replace(epochs=3, optimizer="SGD", momentum=0.5)
    app = open_page("design", lab=links.encode(design.replace(training=training)))
    app.switch_page("pages/train.py").run()
    assert app.slider(key="w-training-epochs").value == 3
    assert app.slider(key="w-training-momentum").value == 0.5


def test_a_link_is_taken_over_once_and_then_edited(open_page: OpenPage) -> None:
    app = open_page("design", lab=links.encode(presets.preset("lenet5").design))
    press(app, "Remove")
    edited = stack(app)
    assert stack(app.run()) == edited
    assert len(edited) == len(presets.get("lenet5").layers)


def test_the_source_is_the_scripts_that_keras_runs(open_page: OpenPage) -> None:
    app = open_page("design")
    text = source(app)
    compile(text, "network.py", "exec")
    assert "keras.Input(shape=(8, 8, 1)" in text
    app.slider(key="w-L1-filters").set_value(7).run()
    assert "layers.Conv2D(7, 3" in source(app)


# Train


def test_train_starts_one_run_of_the_design_shown(open_page: OpenPage, engine: NotingEngine) -> None:
    app = open_page("design")
    app.slider(key="w-L1-filters").set_value(7).run()
    expected = links.decode(shared(app))
    app.button(key="train").click().run()
    assert not app.exception
    (run,) = api.runs(OWNER)
    assert run.design == expected
    assert engine.trained == [run.id]
    assert app.query_params["run"] == run.id


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
