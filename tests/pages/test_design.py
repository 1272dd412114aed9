"""Design: presets, the stack and what can be done to it, its link, its source, Train."""

from __future__ import annotations

import pytest

from cnnlab import api, datasets
from cnnlab.spec import links, presets
from cnnlab.spec.layers import (
    KINDS,
    GlobalAveragePooling2D,
    ResidualBlock,
)
from tests.pages import screen
from tests.pages.conftest import OpenPage
from tests.pages.design_page import design_of, kinds, press, select, shapes, shared, source, stack, total
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
        why = f"Cannot start yet. {title} is not on this machine yet. Its file has to be put there first."
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


# Links and source


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
