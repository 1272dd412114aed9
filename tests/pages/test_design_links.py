"""A link that cannot be read leaves the design as it was, and is answered in one message."""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any

import pytest

from cnnlab.spec import links, presets
from tests.pages import screen
from tests.pages.conftest import OpenPage

DESIGN = presets.preset("cifar10").design
LINK = links.encode(DESIGN)


def packed(text: bytes) -> str:
    """Any bytes in the form of a link."""
    return links.VERSION + base64.urlsafe_b64encode(zlib.compress(text, 9)).decode().rstrip("=")


def changed(place: str, value: Any) -> str:
    """A link to the design with one value replaced: `architecture.layers`."""
    document = json.loads(DESIGN.to_json())
    *parents, last = place.split(".")
    part = document
    for parent in parents:
        part = part[parent]
    part[last] = value
    return packed(json.dumps(document).encode())


def layer(**fields: Any) -> str:
    """A link to a stack of this one layer."""
    return changed("architecture.layers", [fields])


BROKEN = {
    "truncated": LINK[: len(LINK) // 2],
    "one character short": LINK[:-1],
    "changed on its way": LINK[:20] + "A" + LINK[21:],
    "no version": LINK[1:],
    "newer version": "2" + LINK[1:],
    "not base64": "1é☃",
    "not UTF-8": packed(b"\xff\xfe{}"),
    "a lone surrogate": "1\ud800".encode("utf-8", "replace").decode(),
    "too long": "1" + "A" * 9_000,
    "a bomb": packed(b" " * 5_000_000),
    "no JSON": packed(b"{"),
    "deeply nested": packed(b"[" * 60_000),
    "a list": packed(b"[]"),
    "10,000 layers": changed("architecture.layers", [{"kind": "Flatten"}] * 10_000),
    "1,000 layers": changed("architecture.layers", [{"kind": "Flatten"}] * 1_000),
    "layers of a wrong type": changed("architecture.layers", "deep"),
    "unknown kind": layer(kind="Conv9D"),
    "kind of a wrong type": layer(kind=["Dense"]),
    "unknown field": layer(kind="Dense", size=3),
    "NaN": layer(kind="Dropout", rate=math.nan),
    "infinite": layer(kind="Dropout", rate=math.inf),
    "huge": layer(kind="Dense", units=10**300),
    "negative": layer(kind="Conv2D", filters=-3),
    "zero": layer(kind="Conv2D", kernel_size=0),
    "true for a number": layer(kind="Dense", units=True),
    "text for a number": layer(kind="Dense", units="64"),
    "negative input": changed("architecture.input_shape", [-1, 32, 3]),
    "huge input": changed("architecture.input_shape", [1e300, 32, 3]),
    "too many classes": changed("architecture.classes", 10**9),
    "unknown optimizer": changed("training.optimizer", "Lion"),
    "epochs without end": changed("training.epochs", 10**9),
    "NaN as learning rate": changed("training.learning_rate", math.nan),
    "unknown data set": changed("dataset", "imagenet"),
    "a path as data set": changed("dataset", "../../etc/passwd"),
    "another data set's shape": changed("dataset", "digits"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_link_leaves_the_design_as_it_was_with_one_message(case: str, open_page: OpenPage) -> None:
    app = open_page("design")
    app.menu_button(key="w-add").set_value("Dropout").run()
    stack, share = list(app.radio(key="w-stack").options), app.code[0].value
    app.query_params["lab"] = BROKEN[case]
    app.run()
    assert not app.exception
    message = screen.error(app)
    assert app.error[0].proto.title == "This link cannot be opened"
    assert message.endswith("Your design is as it was.")
    assert len(message) < 500
    assert "\n" not in message
    assert list(app.radio(key="w-stack").options) == stack
    assert app.code[0].value == share
    assert not app.button(key="w-undo").disabled
    assert app.button(key="w-redo").disabled


@pytest.mark.parametrize("case", ["truncated", "10,000 layers", "unknown data set"])
def test_a_broken_link_opened_first_shows_the_first_preset(case: str, open_page: OpenPage) -> None:
    app = open_page("design", lab=BROKEN[case])
    assert not app.exception
    assert screen.error(app).endswith("Your design is as it was.")
    assert len(app.radio(key="w-stack").options) == len(presets.get("digits").layers) + 1


def test_after_a_broken_link_the_design_can_be_edited_on(open_page: OpenPage) -> None:
    app = open_page("design", lab=BROKEN["truncated"])
    before = len(app.radio(key="w-stack").options)
    app.menu_button(key="w-add").set_value("Dropout").run()
    assert len(app.radio(key="w-stack").options) == before + 1
    app.query_params["lab"] = LINK
    app.run()
    assert not app.error
    assert len(app.radio(key="w-stack").options) == len(DESIGN.architecture.layers) + 1


def test_a_link_from_a_preset_of_another_version_opens_as_an_own_design(open_page: OpenPage) -> None:
    app = open_page("design", lab=changed("preset", "resnet"))
    assert not app.exception
    assert not app.error
    assert len(app.radio(key="w-stack").options) == len(DESIGN.architecture.layers) + 1
    app.switch_page("pages/train.py").run()
    assert not app.exception
    assert screen.says(app, "**Own design**")
