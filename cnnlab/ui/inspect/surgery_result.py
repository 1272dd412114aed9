"""What the edits change: the answer, the maps of a layer, the accuracy of each class, each before → after."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from cnnlab.analysis.edited import changes, describe_changes, paired_tiles, shares
from cnnlab.api.surgery import EditedMaps, edited_accuracy, edited_maps
from cnnlab.errors import CNNLabError
from cnnlab.figures.probabilities import two_answers
from cnnlab.figures.surgery import AFTER, BEFORE, class_accuracy, describe_answer, describe_class_accuracy
from cnnlab.figures.theme import CONFIG
from cnnlab.spec.edits import Edit
from cnnlab.ui import words
from cnnlab.ui.components.maps import maps
from cnnlab.ui.inspect import surgery_edits
from cnnlab.ui.inspect.seen import Seen

_MAP = "cnnlab-surgery-map"
_ACCURACY = "cnnlab-surgery-accuracy"
_TITLES = (BEFORE, AFTER)
_MOST_BARS = 4


def draw(seen: Seen, edits: tuple[Edit, ...]) -> None:
    """Show all of it for the page's image and its layer, or a later one."""
    answer = st.container()  # above the choice of a layer, which must be made first
    layer = _layer(seen)
    found = edited_maps(seen.run, seen.image, layer, edits, step=seen.step)
    _maps(layer, found)
    with answer:
        _answers(seen, edits, found)


def _answers(seen: Seen, edits: tuple[Edit, ...], found: EditedMaps) -> None:
    """What the network says of this image, and of all test images."""
    names, actual = seen.data.class_names, seen.answer.label
    sides = found.probabilities_before, found.probabilities_after
    told = describe_answer(*sides, names, actual=actual)
    st.markdown(f"**{words.plain(told)}**")
    bars, accuracy = st.columns(2, gap="large")
    with bars:
        st.plotly_chart(
            two_answers(sides, _TITLES, names, actual=actual, limit=_MOST_BARS),
            config=CONFIG,
            key="w-surgery-probabilities",
            alt=told,
        )
    with accuracy:
        _accuracy(seen, edits)


def _layer(seen: Seen) -> str:
    """The layer whose maps are shown: the page's, or one behind it."""
    rows = seen.run.design.architecture.trace().rows
    names = [part.name for row in rows for part in row.primitives if part.output_shape is not None]
    later = names[names.index(seen.row.name) :]
    return str(
        st.selectbox(
            "Maps of",
            later,
            key=f"w-surgery-shown-{seen.row.name}",
            help="The layer that is chosen above, or one behind it.",
            width=320,
        )
    )


def _maps(layer: str, found: EditedMaps) -> None:
    st.caption(describe_changes(found.before, found.after))
    tiles = paired_tiles(found.before, found.after)
    apart = changes(found.before, found.after)[: tiles[0].sprite.count]
    kept = st.session_state.get(_MAP)
    selected = kept[1] if kept is not None and kept[0] == layer else int(np.argmax(apart))

    def choose(index: int) -> None:
        st.session_state[_MAP] = [layer, index]

    for side, title, column in zip(tiles, _TITLES, st.columns(2, gap="large"), strict=True):
        with column:
            st.markdown(f"**{title}**")
            maps(
                side,
                key=f"w-surgery-{title.split()[0].lower()}-{layer}",
                label=f"Feature maps of {layer}, {title.lower()}",
                noun="map" if found.before.ndim == 3 else "unit",
                selected=selected,
                on_select=choose,
            )


def _accuracy(seen: Seen, edits: tuple[Edit, ...]) -> None:
    """The accuracy of each class, once it was asked for; another edit asks anew."""
    asked = [seen.run.id, seen.step, surgery_edits.plain(seen.run.id)]
    kept: dict[str, Any] | None = st.session_state.get(_ACCURACY)
    if kept is None or kept["asked"] != asked:
        place = st.empty()
        if not place.button(
            "Test accuracy of each class",
            key="w-surgery-test",
            icon=":material/quiz:",
            help="Asks the edited network about all test images.",
        ):
            return
        try:
            with place, st.spinner("Asking about all test images"):
                answer = edited_accuracy(seen.run, edits, step=seen.step)
        except CNNLabError as exc:
            st.error(str(exc), icon=":material/error:")
            return
        place.empty()
        fields = ("images", "right_before", "right_after")
        kept = {"asked": asked} | {name: getattr(answer, name).tolist() for name in fields}
        st.session_state[_ACCURACY] = kept
    _classes(seen, kept)


def _classes(seen: Seen, kept: dict[str, Any]) -> None:
    images, *right = (np.array(kept[name]) for name in ("images", "right_before", "right_after"))
    before, after = (shares(each, images) for each in right)
    overall = tuple(float(each.sum() / max(images.sum(), 1)) for each in right)
    names = seen.data.class_names
    told = describe_class_accuracy(before, after, names, overall=(overall[0], overall[1]))
    st.markdown(words.plain(told))
    st.plotly_chart(class_accuracy(before, after, names), config=CONFIG, key="w-surgery-accuracy", alt=told)
