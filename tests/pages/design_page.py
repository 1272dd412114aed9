"""What the Design page shows and what a user does there: the words in which its tests are told."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest

from cnnlab import datasets
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import (
    Layer,
)
from tests.pages import screen


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


def shared(app: AppTest) -> str:
    """The text of the link that Share shows."""
    address, text = str(app.code[0].value).split("?lab=")
    assert address == "http://localhost:8501/design"
    return text
