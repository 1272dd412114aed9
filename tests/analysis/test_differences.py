"""What differs between designs and results, on designs whose differences are known."""

from __future__ import annotations

import pytest

from cnnlab.analysis.differences import Difference, aligned, design_differences, result_differences
from cnnlab.spec import presets
from cnnlab.spec.augmentation import Flip, Rotate
from cnnlab.spec.design import Design
from cnnlab.spec.layers import BatchNormalization, Dropout

DIGITS = presets.preset("digits").design


def changed(
    position: int | None = None, *, training: dict[str, object] | None = None, **fields: object
) -> Design:
    """The preset `digits` with fields of one layer, or of the training, changed."""
    design = DIGITS.replace(training=DIGITS.training.replace(**training or {}))
    if position is None:
        return design
    layers = list(design.architecture.layers)
    layers[position] = layers[position].replace(**fields)
    return design.replace(architecture=design.architecture.with_layers(tuple(layers)))


def inserted(position: int, layer: object) -> Design:
    layers = list(DIGITS.architecture.layers)
    layers.insert(position, layer)
    return DIGITS.replace(architecture=DIGITS.architecture.with_layers(tuple(layers)))


def told(designs: list[Design]) -> dict[str, tuple[str, ...]]:
    return {row.what: row.values for row in design_differences(designs)}


def test_equal_designs_differ_in_nothing() -> None:
    assert design_differences([DIGITS, DIGITS, DIGITS]) == []
    assert design_differences([]) == design_differences([DIGITS]) == []


def test_only_the_changed_field_of_a_layer_is_told() -> None:
    first = next(k for k, layer in enumerate(DIGITS.architecture.layers) if layer.kind == "Conv2D")
    title = DIGITS.architecture.layers[first].title
    rows = design_differences([DIGITS, changed(first, filters=48)])
    assert rows == [
        Difference("Network", f"{title} 1, filters", (str(DIGITS.architecture.layers[first].filters), "48"))
    ]


def test_a_layer_that_one_of_them_lacks_is_one_row() -> None:
    rows = told([DIGITS, inserted(1, Dropout(rate=0.3)), inserted(1, BatchNormalization())])
    assert rows[f"{Dropout.title} 1"] == ("–", "rate 0.30", "–")
    (normal,) = [values for what, values in rows.items() if what.startswith(BatchNormalization.title)]
    assert normal[:2] == ("–", "–")
    assert len(rows) == 2


def test_settings_that_have_no_effect_are_no_difference() -> None:
    sgd = changed(training={"optimizer": "SGD", "momentum": 0.5, "drop_every": 9})
    assert told([DIGITS, sgd]) == {"Optimizer": (DIGITS.training.optimizer, "SGD"), "Momentum": ("–", "0.50")}


def test_data_sets_seeds_and_augmentations_are_told() -> None:
    other = changed(training={"seed": 7, "augmentation": (Flip(), Rotate(degrees=20))})
    rows = told([DIGITS, other])
    assert rows == {"Seed": ("0", "7"), "Augmentation": ("–", "Flip horizontal, Rotate 20°")}
    shapes = presets.preset("shapes").design
    assert told([DIGITS, shapes])["Data set"] == ("digits", shapes.dataset)


@pytest.mark.parametrize(
    ("stacks", "rows"),
    [
        ([("a", "b"), ("a", "x", "b")], [(0, 0), (None, 1), (1, 2)]),
        ([("a", "b", "c"), ("a", "c")], [(0, 0), (1, None), (2, 1)]),
        ([("a",), ("b",)], [(0, None), (None, 0)]),
        ([("a", "b"), ("b",), ("a",)], [(0, None, 0), (1, 0, None)]),
        ([(), ("a",), ("a",)], [(None, 0, 0)]),
        ([], []),
    ],
)
def test_stacks_are_aligned_as_a_diff_does(
    stacks: list[tuple[str, ...]], rows: list[tuple[int | None, ...]]
) -> None:
    assert aligned(stacks) == rows


def test_equal_stacks_lie_on_each_other_whatever_lies_between_them() -> None:
    same, other = ("c", "c", "p", "f"), ("c", "b", "p", "c", "b", "p", "c", "f")
    for stacks in ([same, other, same], [other, same, same], [same, same, other]):
        rows = aligned(stacks)
        first, second = (k for k, stack in enumerate(stacks) if stack == same)
        assert [row[first] for row in rows] == [row[second] for row in rows]
        for k, stack in enumerate(stacks):
            assert [row[k] for row in rows if row[k] is not None] == list(range(len(stack)))


def test_results_that_differ_are_told_in_words_and_missing_ones_as_a_dash() -> None:
    words = {"accuracy": ("Accuracy", "{:.1%}".format), "epochs": ("Epochs", str), "loss": ("Loss", str)}
    results = [
        {"accuracy": 0.9123, "epochs": 5, "loss": None},
        {"accuracy": 0.95, "epochs": 5},
        {"epochs": 5},
    ]
    assert result_differences(results, words) == [Difference("Result", "Accuracy", ("91.2%", "95.0%", "–"))]
