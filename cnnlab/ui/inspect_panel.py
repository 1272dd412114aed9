"""The Inspect page: a test image on the left, a layer's kernels or feature maps on the right."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab import api
from cnnlab.analysis.maps import Tiles, activation_tiles, kernel_tiles
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError
from cnnlab.figures.probabilities import describe_probabilities, probabilities
from cnnlab.spec.architecture import Row
from cnnlab.ui import words
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.components.maps import maps

_IMAGE = "cnnlab-image"
_MEAN = "mean of all"


@st.fragment
def panel(run: api.Run, step: int, data: Dataset) -> None:
    """Draw the page for a run's weights at a step."""
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
        _image(data, index, answer.probabilities)
    with right:
        if "kernel" in row.weight_shapes and len(row.weight_shapes["kernel"]) == 4:
            shown, kernels = st.tabs(["Feature maps", "Kernels"])
            with kernels:
                _kernels(run, step, row)
        else:
            shown = st.container()
        with shown:
            _feature_maps(row, answer.maps)


def _image_index(count: int) -> int:
    """The image of the address, else the one that the session looked at."""
    asked = st.query_params.get("image", "")
    if asked.isdigit():
        st.session_state[_IMAGE] = int(asked)
        del st.query_params["image"]
    return int(min(st.session_state.get(_IMAGE, 0), count - 1))


def _go_to(index: int) -> None:
    st.session_state[_IMAGE] = index


def _image(data: Dataset, index: int, answer: np.ndarray) -> None:
    actual = int(data.test.labels[index])
    count = len(data.test)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.session_state["w-image"] = index
        st.number_input(
            f"Test image, 0 to {count - 1:,}",
            0,
            count - 1,
            key="w-image",
            on_change=lambda: _go_to(st.session_state["w-image"]),
            width=170,
        )
        st.button(
            "Random",
            key="w-random",
            icon=":material/casino:",
            on_click=_go_to,
            args=(int(np.random.default_rng([index, count]).integers(count)),),
        )
    name = data.class_names[actual]
    images(
        [Picture(id=str(index), pixels=data.images[data.test.indices[index]], title=name)],
        key="w-image-shown",
        label=f"Test image {index}, {name}",
        size=180,
    )
    st.plotly_chart(
        probabilities(answer, data.class_names, actual=actual),
        config={"displayModeBar": False},
        key="w-probabilities",
        alt=describe_probabilities(answer, data.class_names, actual=actual),
    )


def _layer(rows: list[Row]) -> Row:
    by_name = {row.name: row for row in rows}
    name = st.pills(
        "Layer",
        list(by_name),
        default=rows[0].name,
        required=True,
        key="w-layer",
        format_func=lambda each: f"{each} · {words.shape(by_name[each].output_shape)}",
    )
    return by_name.get(name, rows[0])


def _feature_maps(row: Row, values: np.ndarray) -> None:
    tiles = activation_tiles(values)
    zeros = float((values == 0).mean())
    noun = "feature maps" if values.ndim == 3 else "values"
    count = values.shape[-1]
    st.caption(
        f"**{row.title}** · {count:,} {noun} · from {values.min():.3g} to {values.max():.3g} · {zeros:.0%} zeros"
    )
    _tiles(tiles, key=f"w-maps-{row.name}", label=f"Feature maps of {row.name}", noun="map" if values.ndim == 3 else "unit")


def _kernels(run: api.Run, step: int, row: Row) -> None:
    kernel = run.weights(step)[f"{row.name}/kernel"]
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
    _tiles(kernel_tiles(kernel, channel), key=f"w-kernels-{row.name}", label=f"Kernels of {row.name}", noun="filter")


def _tiles(tiles: Tiles, *, key: str, label: str, noun: str) -> None:
    maps(tiles, key=key, label=label, noun=noun)
    if tiles.left_out:
        st.caption(f"{tiles.left_out:,} more are not shown.")
