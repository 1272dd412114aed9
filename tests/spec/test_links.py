from __future__ import annotations

import base64
import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import LinkError
from cnnlab.spec import links, presets
from cnnlab.spec.architecture import MAX_LAYERS
from cnnlab.spec.layers import BatchNormalization, Conv2D, Flatten
from tests.spec.strategies import designs

DESIGN = presets.preset("cifar10").design
LINK = links.encode(DESIGN)


def _packed(source: bytes) -> str:
    return "1" + base64.urlsafe_b64encode(zlib.compress(source)).decode().rstrip("=")


def _with(place: str, value: object) -> str:
    document = json.loads(DESIGN.to_json())
    *parents, last = place.split(".")
    part = document
    for parent in parents:
        part = part[parent]
    part[last] = value
    return _packed(json.dumps(document).encode())


WRONG_PARTS = [
    ("dataset", "../x", "Design, dataset: expected a name of at most 64"),
    ("version", 2, "Design, version: expected 1. Received 2"),
    ("colour", 1, "Design: 'colour' is not one of its fields"),
    ("training", [], "Design, training: expected an object. Received []"),
    ("training.epochs", True, "TrainingConfig, epochs: expected a whole number from 1 to 500. Received True"),
    ("training.epochs", 10**300, "TrainingConfig, epochs: expected a whole number"),
    ("training.learning_rate", float("nan"), "TrainingConfig, learning_rate: expected a number"),
    ("architecture", None, "Design, architecture: expected an object. Received None"),
    ("architecture.input_shape", [32, 32], "Architecture, input_shape: expected height and width"),
    ("architecture.input_shape", [-1, 32, 3], "Architecture, input_shape: expected height and width"),
    ("architecture.input_shape", [1e300, 32, 3], "Architecture, input_shape: expected height and width"),
    ("architecture.classes", 10**9, "Architecture, classes: expected 2 to 1000. Received 1000000000"),
    (
        "architecture.layers",
        "deep",
        "Architecture, layers: expected a list of at most 64 layers. Received 'deep'",
    ),
    ("architecture.layers", [{"kind": "Conv3D"}], "Layer 1: 'Conv3D' is not a kind of layer. Known are"),
    ("architecture.layers", [{"kind": ["Dense"]}], "Layer 1: ['Dense'] is not a kind of layer"),
    ("architecture.layers", [{"kind": "Dense", "units": 0}], "Layer 1 (Dense), units: expected"),
    (
        "architecture.layers",
        [{"kind": "Dense", "size": 1}],
        "Layer 1 (Dense): 'size' is not one of its fields",
    ),
    ("architecture.layers", [{"kind": "Dropout", "rate": float("inf")}], "Layer 1 (Dropout), rate: expected"),
    (
        "architecture.layers",
        [{"kind": "Flatten"}] * 1_000,
        "Architecture, layers: expected a list of at most",
    ),
    ("architecture.layers", [{"kind": "Flatten"}] * 10_000, "it unpacks to more than the 65,536 bytes"),
]


@given(designs())
def test_a_link_brings_back_exactly_the_design(design):
    text = links.encode(design)
    assert links.decode(text) == design
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)


def test_a_link_does_not_say_what_nobody_changed_behind_more():
    plain, changed = (DESIGN.architecture.with_layers((Conv2D(l2=l2), Flatten())) for l2 in (0.0, 0.01))
    lengths = [len(links.encode(DESIGN.replace(architecture=each))) for each in (plain, changed)]
    assert lengths[0] < lengths[1]
    assert len(LINK) < 600


OLD = {
    "dataset": "digits",
    "architecture": {
        "input_shape": [8, 8, 1],
        "classes": 10,
        "layers": [
            {
                "kind": "Conv2D",
                "filters": 8,
                "kernel_size": 3,
                "strides": 1,
                "padding": "same",
                "activation": "relu",
                "use_bias": True,
            },
            {"kind": "BatchNormalization", "momentum": 0.9, "epsilon": 0.001, "center": True, "scale": True},
            {"kind": "Flatten"},
        ],
    },
    "training": {"epochs": 3, "batch_size": 32, "optimizer": "Adam", "learning_rate": 0.001},
    "version": 1,
}
"""A design as the first version wrote it."""


def test_a_link_of_the_first_version_is_read():
    design = links.decode(_packed(json.dumps(OLD).encode()))
    layers = (Conv2D(filters=8, padding="same"), BatchNormalization(momentum=0.9), Flatten())
    assert design.architecture.layers == layers


def test_the_deepest_stack_fits_into_a_link():
    layers = tuple(BatchNormalization(momentum=i / 1000, epsilon=1e-3 + i / 77777) for i in range(MAX_LAYERS))
    design = DESIGN.replace(architecture=DESIGN.architecture.with_layers(layers))
    text = links.encode(design)
    assert len(text) < links.MAX_LINK_CHARACTERS / 2
    assert links.decode(text) == design


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it should start with 1"),
        ("2abc", "it should start with 1"),
        ("1", "it was cut off or changed on its way"),
        (LINK[:-5], "it was cut off or changed on its way"),
        (LINK[: len(LINK) // 2], "it was cut off or changed on its way"),
        (LINK + "AAAA", "it was cut off or changed on its way"),
        ("1é☃", "it was cut off or changed on its way"),
        ("1" + "A" * 9_000, "it has 9,001 characters, a design takes at most 8,000"),
        (_packed(b" " * 5_000_000), "it unpacks to more than the 65,536 bytes"),
        (_packed(b"\xff\xfe"), "Design: the text is not JSON in UTF-8"),
        (_packed(b"[" * 60_000), "Design: the text is not JSON in UTF-8"),
        (_packed(b"[]"), "Design: expected an object. Received []"),
        *((_with(place, value), message) for place, value, message in WRONG_PARTS),
    ],
)
def test_a_link_that_cannot_be_read_is_answered_in_one_message(text, message):
    with pytest.raises(LinkError) as caught:
        links.decode(text)
    said = str(caught.value)
    assert said.startswith(f"The link holds no design that can be read: {message}")
    assert said.endswith(". Ask for the link again.")
    assert "\n" not in said
    assert len(said) < 400


@given(st.text(max_size=200) | st.text("1Aa_-=+/9", max_size=200).map("1".__add__))
def test_any_text_is_a_design_or_a_link_error(text):
    with pytest.raises(LinkError):
        links.decode(text)


@given(position=st.integers(0, len(LINK) - 1), character=st.characters())
def test_a_changed_character_is_never_anything_but_a_link_error(position, character):
    changed = LINK[:position] + character + LINK[position + 1 :]
    if changed != LINK:
        with pytest.raises(LinkError):
            links.decode(changed)
