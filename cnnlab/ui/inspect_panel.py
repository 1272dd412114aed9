"""The Inspect page: a test image on the left, a layer's kernels or feature maps on the right."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab import api
from cnnlab.analysis.maps import activation_tiles, kernel_tiles
from cnnlab.analysis.ordering import in_turn
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError
from cnnlab.figures.probabilities import describe_probabilities, probabilities
from cnnlab.figures.theme import CONFIG
from cnnlab.spec.architecture import Row
from cnnlab.spec.layers import KINDS
from cnnlab.ui import actions, state, words
from cnnlab.ui.components.maps import maps

ENLARGED_SIDE = 170
"""Of the image that is looked at, in pixels of the page."""

_IMAGE = "cnnlab-image"
_MOST_DIGITS = 9
_MEAN = "mean of all"


@st.fragment
def panel(run: api.Run, step: int, data: Dataset) -> None:
    """Draw the page for a run's weights at a step."""
    state.show_notice()
    index = _image_index(len(data.test))
    rows = [row for row in run.design.architecture.trace().rows if row.output_shape is not None]
    left, right = st.columns([4, 8], gap="large")
    with right:
        row = _layer(rows)
    try:
        answer = run.feature_maps(index, row.name, step=step)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")
        st.stop()
    with left:
        _image(run, step, data, index, answer.probabilities)
    with right:
        if _kernel_name(row) is not None:
            maps_tab, kernels_tab = st.tabs(["Feature maps", "Kernels"])
            with maps_tab:
                _feature_maps(row, answer.maps)
            with kernels_tab:
                _kernels(run, step, row)
        else:
            _feature_maps(row, answer.maps)


def _image_index(count: int) -> int:
    """The image of the address, else the one that the session looked at."""
    asked = st.query_params.get("image", "")
    if asked.isdecimal() and len(asked) <= _MOST_DIGITS:
        st.session_state[_IMAGE] = int(asked)
    return int(min(st.session_state.get(_IMAGE, 0), count - 1))


def _go_to(index: int) -> None:
    st.session_state[_IMAGE] = index
    st.query_params["image"] = str(index)


def _image(run: api.Run, step: int, data: Dataset, index: int, answer: np.ndarray) -> None:
    actual = int(data.test.labels[index])
    name = data.class_names[actual]
    picture, choice = st.columns(2, vertical_alignment="center")
    with picture:
        enlarged(data.images[data.test.indices[index]], f"Test image {index}: {name}")
    with choice:
        st.markdown(f"Test image **{index:,}**: **{name}**")
        _choice(run, step, len(data.test), index)
    st.plotly_chart(
        probabilities(answer, data.class_names, actual=actual),
        config=CONFIG,
        key="w-probabilities",
        alt=describe_probabilities(answer, data.class_names, actual=actual),
    )


def _choice(run: api.Run, step: int, count: int, index: int) -> None:
    st.session_state["w-image"] = index
    st.number_input(
        "Number of the image",
        0,
        count - 1,
        key="w-image",
        on_change=lambda: _go_to(st.session_state["w-image"]),
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Any",
            key="w-random",
            icon=":material/casino:",
            help="Another image of the test set",
            on_click=lambda: _go_to(in_turn(np.arange(count), index)),
        )
        st.button(
            "Mistake",
            key="w-mistake",
            icon=":material/close:",
            help="Another image that the network calls by a wrong name",
            on_click=actions.attempt,
            args=(lambda: _go_to(in_turn(_mistakes(run, step), index)),),
        )


def _mistakes(run: api.Run, step: int) -> np.ndarray:
    evaluation = run.evaluate(step)
    return np.flatnonzero(evaluation.predictions != evaluation.labels)


def enlarged(pixels: np.ndarray, alt: str) -> None:
    """An image with its pixels as squares: enlarged here, because a browser would blur it."""
    times = -(-ENLARGED_SIDE // pixels.shape[0])
    squares = pixels.repeat(times, axis=0).repeat(times, axis=1)
    st.image(squares.squeeze(), width=ENLARGED_SIDE, alt=alt)


def _layer(rows: list[Row]) -> Row:
    by_name = {row.name: row for row in rows}
    name = st.pills(
        "Layer",
        list(by_name),
        default=rows[0].name,
        required=True,
        key="w-layer",
        wrap=True,
    )
    row = by_name.get(name, rows[0])
    return _part(row) if row.parts else row


def _part(block: Row) -> Row:
    """One of the layers that a block is made of; the last is its output."""
    by_name = {part.name: part for part in block.parts}
    last = block.parts[-1]
    name = st.pills(
        "Inside the block",
        list(by_name),
        default=last.name,
        required=True,
        key=f"w-part-{block.name}",
        format_func=lambda name: "output" if name == last.name else name.removeprefix(f"{block.name}_"),
        wrap=True,
    )
    return by_name.get(name, last)


def _kernel_name(row: Row) -> str | None:
    """The weight of a layer that slides over a map; None where there is none."""
    return next((name for name, shape in row.weight_shapes.items() if len(shape) == 4), None)


def _feature_maps(row: Row, values: np.ndarray) -> None:
    zeros = float((values == 0).mean())
    noun = "feature maps" if values.ndim == 3 else "values"
    count = values.shape[-1]
    st.caption(
        f"**{row.title}** · {words.shape(row.output_shape)} · {count:,} {noun} · "
        f"from {values.min():.3g} to {values.max():.3g} · {zeros:.0%} zeros"
    )
    maps(
        activation_tiles(values),
        key=f"w-maps-{row.name}",
        label=f"Feature maps of {row.name}",
        noun="map" if values.ndim == 3 else "unit",
    )


def _kernels(run: api.Run, step: int, row: Row) -> None:
    weight = _kernel_name(row)
    kernel = run.weights(step)[f"{row.name}/{weight}"]
    if weight in KINDS[row.kind].depthwise:
        # Each kernel reads a channel of its own: as many filters of one channel.
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    channels = kernel.shape[2]
    channel: int | None = None
    if channels > 1:
        choice = st.select_slider(
            "Input channel", [_MEAN, *map(str, range(channels))], key=f"w-channel-{row.name}", width=320
        )
        channel = None if choice == _MEAN else int(choice)
    side = kernel.shape[0]
    st.caption(
        f"**{kernel.shape[3]} kernels** of {side} × {side} × {channels} · one scale centred on zero: "
        "orange adds where the input is bright, blue takes away"
    )
    maps(
        kernel_tiles(kernel, channel),
        key=f"w-kernels-{row.name}",
        label=f"Kernels of {row.name}",
        noun="filter",
    )
