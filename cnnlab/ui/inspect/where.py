"""Where it looked: which pixels speak for a class, or for one class rather than another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnnlab import api
from cnnlab.analysis.attribution import half_on
from cnnlab.api import attribution
from cnnlab.api.attribution import Attribution, Method
from cnnlab.ui.components.attribution import Panel
from cnnlab.ui.components.attribution import attribution as overlay
from cnnlab.ui.inspect.seen import Seen
from cnnlab.ui.words import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

TITLES: dict[Method, str] = {
    "grad_cam": "Grad-CAM",
    "gradient_input": "Gradient × input",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
}
_HOW: dict[Method, str] = {
    "grad_cam": "Each map of **{layer}**, weighted by how much it raises the logit, added up. "
    "A feature lights up wherever it is found. ([Selvaraju et al. 2017](https://arxiv.org/abs/1610.02391))",
    "gradient_input": "How the logit changes with each pixel, times the pixel: black ones count nothing. "
    "([Shrikumar et al. 2016](https://arxiv.org/abs/1605.01713))",
    "integrated_gradients": "The same, added up along the way from a black image to this one. "
    "([Sundararajan et al. 2017](https://arxiv.org/abs/1703.01365))",
    "occlusion": "A square covers one place after the other: how far does the logit fall? "
    "([Zeiler and Fergus 2014](https://arxiv.org/abs/1311.2901))",
}
_WITHIN = 0.01
"""Within this share a sum counts as complete."""

_ANSWER = -1
"""In the choice of a class: the predicted one, and the true one where it is another."""
_NONE = -1
"""In the choice of the class to compare with."""


def draw(seen: Seen) -> None:
    """Show what speaks for the predicted class, beside the true one where it is another, or for a choice."""
    method: Method = st.segmented_control(
        "Method", list(TITLES), default="grad_cam", required=True, format_func=TITLES.__getitem__,
        key="w-where-method", label_visibility="collapsed",
    )  # fmt: skip
    pairs = _classes(seen)
    layer = _layer(seen) if method == "grad_cam" else None
    if not pairs:
        st.info("Choose two different classes to tell apart.", icon=":material/info:")
        return
    found = [
        _asked(seen.run.id, seen.step, seen.image, method, target, against, layer)
        for target, against in pairs
    ]
    overlay(
        [_panel(seen, each) for each in found],
        seen.answer.image,
        key="w-where",
        label=TITLES[method] + (f" of {layer}" if layer else ""),
        signed=method != "grad_cam",
    )
    st.caption(_HOW[method].format(layer=layer) + _advice(seen, layer))


@st.cache_data(max_entries=64, show_spinner="Asking the network …")
def _asked(
    run_id: str,
    step: int,
    image: int | NDArray[np.uint8],
    method: Method,
    target: int,
    against: int | None,
    layer: str | None,
) -> Attribution:
    """A worker's answer, kept: a run's weights at a step never change."""
    run = api.get(run_id)
    return attribution.attribute(run, image, method, target=target, against=against, layer=layer, step=step)


def _classes(seen: Seen) -> list[tuple[int, int | None]]:
    """The class of each map and the one it is compared with, as chosen."""
    names, (predicted, actual) = seen.data.class_names, _answer(seen)
    which, against = f"w-where-class-{seen.run.id}", f"w-where-against-{seen.run.id}"
    true = predicted if actual is None else actual
    with st.container(horizontal=True):
        chosen = st.selectbox(
            "Class",
            [_ANSWER, *range(len(names))],
            key=which,
            width=270,
            label_visibility="collapsed",
            format_func=lambda index: "Predicted, and true if wrong" if index == _ANSWER else names[index],
        )
        other = st.selectbox(
            "Rather than",
            [_NONE, *range(len(names))],
            key=against,
            width=240,
            label_visibility="collapsed",
            format_func=lambda index: "by itself" if index == _NONE else f"rather than {names[index]}",
        )
        if true != predicted:
            st.button(
                "Why this mistake?",
                key="w-where-mistake",
                icon=":material/compare_arrows:",
                help=f"Why {plain(names[predicted])} rather than {plain(names[true])}",
                on_click=lambda: st.session_state.update({which: predicted, against: true}),
            )
    targets = [chosen] if chosen != _ANSWER else list(dict.fromkeys([true, predicted]))
    return [(target, None if other == _NONE else other) for target in targets if target != other]


def _answer(seen: Seen) -> tuple[int, int | None]:
    """The predicted class, and the true one where it is known."""
    return int(np.argmax(seen.answer.probabilities)), seen.answer.label


def _layer(seen: Seen) -> str | None:
    """The layer that Grad-CAM reads: the chosen one where it has maps."""
    shape = seen.row.output_shape
    has_maps = shape is not None and len(shape) == 3
    return seen.row.name if has_maps else attribution.last_convolution(seen.run.design)


def _advice(seen: Seen, layer: str | None) -> str:
    last = attribution.last_convolution(seen.run.design)
    if layer is None or last is None:
        return ""
    if layer != seen.row.name:
        return f" **{seen.row.name}** has no maps: those of {layer} are read."
    return "" if layer == last else f" Choose **{last}** for what decides in the end."


def _panel(seen: Seen, found: Attribution) -> Panel:
    names, (predicted, actual) = seen.data.class_names, _answer(seen)
    title, right = names[found.target], None
    if found.against is not None:
        title += f" rather than {names[found.against]}"
    elif found.target == actual:
        title, right = title + (" · predicted and true" if actual == predicted else " · true"), True
    elif found.target == predicted:
        title, right = title + " · predicted", None if actual is None else False
    return Panel(found.map, title, words(found, names), right)


def words(found: Attribution, names: Sequence[str]) -> str:
    """What a map shows, in one line."""
    name = names[found.target]
    score = f"the logit of {name}"
    if found.against is not None:
        name = f"{name} rather than {names[found.against]}"
        score = f"the lead of {names[found.target]} over {names[found.against]}"
    if found.method == "grad_cam":
        return _grad_cam_words(found, name)
    if found.method == "occlusion":
        return _occlusion_words(found, score)
    of = f"Sum {found.total:.2f} of a logit difference of {found.difference:.2f} from a black image"
    if found.method == "gradient_input":
        return (
            f"Orange speaks for {name}, blue against it. {of}: the slope here is not that of the whole way."
        )
    late = "" if found.gap <= _WITHIN else ", not within 1%: more steps would take too long"
    return f"Orange speaks for {name}, blue against it. {of} ({found.steps:,} steps{late})."


def _grad_cam_words(found: Attribution, name: str) -> str:
    share = half_on(found.map)
    if share is None:
        return f"Nothing that {found.layer} finds speaks for {name}, on the whole."
    rows, columns = found.grid
    return (
        f"Yellow: what {found.layer} finds there speaks for {name}. Half of it lies on {share:.0%} of the "
        f"image. Computed on {rows}×{columns} places."
    )


def _occlusion_words(found: Attribution, score: str) -> str:
    assert found.patch is not None  # an occlusion has both
    assert found.stride is not None
    highest, lowest = float(found.map.max()), float(found.map.min())
    tall, wide = found.patch
    pace = "each pixel" if found.stride == (1, 1) else f"every {max(found.stride)} pixels"
    sides = [f"an orange place lowers {score}, at most by {highest:.2f}"] if highest > 0 else []
    sides += [f"a blue one raises it, at most by {-lowest:.2f}"] if lowest < 0 else []
    what = "; ".join(sides) or f"any place leaves {score} as it is"
    colour = "the image's mean colour" if any(found.cover or ()) else "black"
    count = found.grid[0] * found.grid[1]
    return f"Covered with {colour}, {what}. Squares of {tall}×{wide}, {pace}, {count:,} in all."
