"""A map of the test set: what the network finds alike lies together, and a click on a dot shows its image."""

from __future__ import annotations

from typing import get_args

import numpy as np
import streamlit as st

from cnnlab import api
from cnnlab.analysis.metrics import Evaluation, confident_mistakes
from cnnlab.analysis.projection import map_words, neighbours
from cnnlab.api.features import MOST_IMAGES, Method, Projection, projection
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError
from cnnlab.ui import confusion_panel, navigation, words
from cnnlab.ui.components.images import images
from cnnlab.ui.components.scatter import scatter
from cnnlab.ui.enlarged import enlarged

_NEIGHBOURS = 6
_HELP = (
    "PCA: the plane in which the values differ most, like a shadow of them; what overlaps here may lie apart "
    "in a direction that it does not show. t-SNE keeps neighbours together (van der Maaten and Hinton 2008): "
    "groups are easier to see, but their sizes and the distances between them mean little."
)


def draw(run: api.Run, step: int, evaluation: Evaluation, data: Dataset) -> None:
    """Show the map beside the chosen image; or say what went wrong.

    Args:
        run: the run that was evaluated.
        step: of its weights.
        evaluation: its answers to the test set.
        data: the data set with the split of the run.
    """
    plane, picture = st.columns([7, 4], gap="large")
    with plane:
        method = _method()
        try:
            with st.spinner(_waiting(method, len(data.test)), show_time=True):
                found = _projection(run.id, step, method, run)
        except CNNLabError as exc:
            st.error(str(exc), icon=":material/error:")
            return
        key = f"cnnlab-map-{run.id}"
        if not 0 <= st.session_state.get(key, -1) < len(evaluation):
            st.session_state[key] = _first(found, evaluation)
        said = _said(run.id, step, method, found, evaluation)
        _map(found, evaluation, said, key)
    with picture:
        _image(run, found, evaluation, data, key)


def _method() -> Method:
    return st.segmented_control(
        "Laid out by",
        list(get_args(Method)),
        default="PCA",
        required=True,
        key="w-map-method",
        help=_HELP,
    )


def _waiting(method: Method, count: int) -> str:
    taken = min(count, MOST_IMAGES)
    return f"Laying out {taken:,} test images" + (" with t-SNE: some seconds" if method == "t-SNE" else "")


@st.cache_data(max_entries=16, show_spinner=False)
def _projection(run_id: str, step: int, method: Method, _run: api.Run) -> Projection:
    """The map of a run's weights; the argument that Streamlit does not compare follows from the id."""
    return projection(_run, method, step=step)


@st.cache_data(max_entries=16, show_spinner=False)
def _said(run_id: str, step: int, method: Method, _found: Projection, _evaluation: Evaluation) -> str:
    """The map in words, which compare each image with each other: not at every choice of an image."""
    labels, called = _evaluation.labels[_found.images], _evaluation.predictions[_found.images]
    return map_words(_found.points, labels, called, shares=_found.shares, width=_found.width)


def _first(found: Projection, evaluation: Evaluation) -> int:
    """The image that is shown first: the surest mistake on the map, else its first image."""
    mistakes = confident_mistakes(evaluation, len(evaluation))
    shown = mistakes[np.isin(mistakes, found.images)]
    return int(shown[0] if len(shown) else found.images[0])


def _map(found: Projection, evaluation: Evaluation, said: str, key: str) -> None:
    """The dots, and below them what they say."""
    labels, called = evaluation.labels[found.images], evaluation.predictions[found.images]
    names = evaluation.class_names
    wrong = int((labels != called).sum())

    def choose(image: int) -> None:
        st.session_state[key] = image

    scatter(
        found.points,
        images=found.images,
        labels=labels,
        called=called,
        confidences=evaluation.confidences[found.images],
        names=names,
        key="w-map",
        label=f"Map of {len(labels):,} test images of {len(names)} classes by {found.method}; {wrong:,} of "
        f"them have a ring because they are called by a wrong name. {said.replace('**', '')}",
        selected=st.session_state[key],
        on_select=choose,
    )
    st.markdown(said)
    st.caption(_source(found, len(evaluation)))


def _source(found: Projection, count: int) -> str:
    """What the dots are."""
    taken = len(found.images)
    chosen = (
        f"{count:,} test images" if taken == count else f"{taken:,} of {count:,} test images, drawn by lot"
    )
    return (
        f"{chosen}. Each is {found.width:,} values, those of the layer before the output, in a plane. What "
        "the network finds alike lies together. Wrong answers have a ring."
    )


def _image(run: api.Run, found: Projection, evaluation: Evaluation, data: Dataset, key: str) -> None:
    """The chosen image, the way to Inspect, and its neighbours on the map."""
    _choice(key, len(evaluation))
    image: int = st.session_state[key]
    name = evaluation.class_names[int(evaluation.labels[image])]
    enlarged(data.images[data.test.indices[image]], f"Test image {image}: {name}")
    st.markdown(_told(evaluation, image))
    navigation.link("inspect", "Open in Inspect", icon=":material/visibility:", run=run.id, image=str(image))
    if image not in found.images:
        st.caption("This image is not among those on the map.")
        return
    place = int(np.searchsorted(found.images, image))
    nearest = found.images[neighbours(found.points, place, _NEIGHBOURS)]
    st.caption("Nearest to it on the map")
    clicked = images(
        confusion_panel.pictures(evaluation, data, nearest),
        key=f"w-map-neighbours-{image}",
        label=f"Nearest to test image {image} on the map",
        action="Open in Inspect",
        across=3,
    )
    if clicked is not None:
        navigation.go("inspect", run=run.id, image=clicked)


def _told(evaluation: Evaluation, image: int) -> str:
    name = words.plain(evaluation.class_names[int(evaluation.labels[image])])
    called = words.plain(evaluation.class_names[int(evaluation.predictions[image])])
    answer = "rightly called so" if called == name else f"called **{called}**"
    sure = float(evaluation.confidences[image])
    return f"Test image **{image:,}**: **{name}**, {answer} ({words.percent(sure)} sure)"


def _choice(key: str, count: int) -> None:
    """The image by its number: for keyboards, and for dots that lie on each other."""

    def changed() -> None:
        st.session_state[key] = st.session_state["w-map-image"]

    st.session_state["w-map-image"] = st.session_state[key]
    st.number_input("Test image", 0, count - 1, key="w-map-image", on_change=changed, width=170)
