"""From picture to tensor: what becomes of one image and its label before a network takes them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab import datasets
from cnnlab.analysis import tensors
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError
from cnnlab.figures import tensors as figures
from cnnlab.figures.theme import CONFIG
from cnnlab.ui import frame, state, words
from cnnlab.ui.components.images import Picture, images

_CHANNELS = ("Red", "Green", "Blue")
_MOST_CLASSES = 20
"""A row of more cells cannot be read."""
_DRAW = "cnnlab-tensor-draw"


@frame.fragment()
def panel(dataset: str | None = None) -> None:
    """Show one training image on its way into a network.

    Args:
        dataset: the data set that it is from; the design's own by default.
    """
    training = state.design().training
    name = dataset or state.design().dataset
    st.markdown("#### From picture to tensor")
    if not datasets.is_installed(name):
        st.caption("The numbers appear here once the data set is on this machine.")
        return
    try:
        data = datasets.load(name, seed=training.seed, validation_share=training.validation_share)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/folder_off:")
        return
    st.caption(f"A training image of {data.info.title}, the very numbers that the network is given.")
    label, image = _chosen(data)
    place = tensors.liveliest(image)
    _scaling(image, place, data.class_names[label])
    left, right = st.columns(2, gap="large")
    with left:
        _label(label, data.class_names)
    with right:
        _axes(data.image_shape, training.batch_size)
    _ranks(tensors.ranks(image, label, data.classes, training.batch_size, place))


def _chosen(data: Dataset) -> tuple[int, np.ndarray]:
    """The class that is chosen and one of its training images, `(height, width, channels) uint8`."""
    present = np.unique(data.train.labels).tolist()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = st.selectbox(
            "Image of class",
            present,
            format_func=lambda value: data.class_names[value],
            key=f"w-tensor-class-{data.name}",
            width=220,
        )
        st.button("Another image", icon=":material/casino:", key="w-tensor-another", on_click=_another)
    of_class = np.flatnonzero(data.train.labels == label)
    position = of_class[st.session_state.get(_DRAW, 0) % len(of_class)]
    return label, data.images[data.train.indices[position]]


def _another() -> None:
    st.session_state[_DRAW] = st.session_state.get(_DRAW, 0) + 1


def _scaling(image: np.ndarray, place: tensors.Place, name: str) -> None:
    """The image with a window, the window's values as they are stored, and as the network takes them."""
    channels = image.shape[2]
    picture, before, after = st.columns([3, 4, 4], gap="medium")
    with picture:
        images(
            [Picture(id="image", pixels=tensors.marked(image, place), title=name)],
            key="w-tensor-image",
            label="The image, with the window whose numbers are shown",
            across=1,
        )
        channel = 0
        if channels > 1:
            channel = st.segmented_control(
                "Channel",
                list(range(channels)),
                default=0,
                required=True,
                format_func=_CHANNELS.__getitem__,
                key="w-tensor-channel",
                label_visibility="collapsed",
            )
    pixels = tensors.crop(image, place, channel)
    scaled = tensors.scaled(pixels)
    with before:
        st.markdown("**Stored:** uint8, 0–255")
        _grid(pixels, 255, 0, "before")
    with after:
        st.markdown("**Divided by 255:** float32, 0–1")
        _grid(scaled, 1, 3, "after")
    st.caption(
        f"The {place.side} × {place.side} pixels in the frame. `{pixels[0, 0]} / 255 = {scaled[0, 0]:.3f}`: "
        "small numbers around one size let the same learning rate suit every weight."
    )


def _grid(values: np.ndarray, high: float, decimals: int, key: str) -> None:
    st.plotly_chart(
        figures.grid(values, high, decimals=decimals),
        config=CONFIG,
        alt=figures.describe_grid(values),
        key=f"w-tensor-{key}",
    )


def _label(label: int, names: tuple[str, ...]) -> None:
    """The label before and after."""
    st.markdown(f"**Label:** {names[label]} → {label} → one-hot")
    vector = tensors.one_hot(label, len(names))
    if len(names) <= _MOST_CLASSES:
        st.plotly_chart(
            figures.one_hot(vector, names),
            config=CONFIG,
            alt=figures.describe_one_hot(vector, names),
            key="w-tensor-label",
        )
    else:
        st.caption(figures.describe_one_hot(vector, names))
    st.caption(
        "The network gives a probability for each class, and the loss compares the two place by place. "
        "*Sparse* categorical cross-entropy takes the number itself and means the same."
    )


def _axes(shape: tuple[int, int, int], batch: int) -> None:
    """The shape before and after."""
    st.markdown("**Axes**")
    st.markdown(
        words.table(
            [{"Step": step, "Shape": _shape(after)} for step, after in tensors.axes(shape, batch)],
        )
    )


def _ranks(examples: list[tensors.Example]) -> None:
    """A tensor of each rank."""
    st.markdown("**Rank:** how many axes a tensor has")
    st.markdown(
        words.table(
            [
                {
                    "Rank": f"**{each.rank} · {each.name}:** {each.what}",
                    "Shape": _shape(each.shape),
                    "Numbers": f"`{each.numbers}`",
                }
                for each in examples
            ]
        )
    )
    st.caption("Count the opening brackets: there are as many as axes.")


def _shape(shape: tuple[int, ...]) -> str:
    """A shape as Python writes it, on one line."""
    return f"`{shape}`".replace(" ", "\u00a0")
