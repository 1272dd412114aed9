"""The Data page: which images there are, how many of each class, their source, and how they are split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from cnnlab import datasets
from cnnlab.datasets import Dataset, DatasetInfo
from cnnlab.errors import CNNLabError
from cnnlab.figures.classes import class_counts, describe_class_counts
from cnnlab.figures.theme import CONFIG
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from cnnlab.spec.training import TrainingConfig
from cnnlab.ui import frame, install_panel, navigation, own_images_shelf, state, words
from cnnlab.ui.components.images import Picture, images

SAMPLES = (12, 15, 30)
"""Images in a grid: as many as the tutorial on CIFAR-10 shows, as that on Fashion-MNIST, a screen full."""
SECTIONS = ("Images", "Own images", "Augmentation", "As the network sees them")
_TAB, _ASKED = "w-data-tab", "cnnlab-data-asked"
_PARTS = {"train": "Training", "validation": "Validation", "test": "Test"}


def sections() -> Sequence[Any]:
    """A tab for each of `SECTIONS`; only what is in the open one is worth drawing.

    The address may name a data set (`?set=`), which is then the one that is shown; that there is none of this
    name is said in words.
    """
    asked = st.query_params.get("set")
    # What was shown already may have been deleted since, on this very page.
    if asked and asked != st.session_state.get(_ASKED):
        try:
            datasets.info(asked)
        except CNNLabError as exc:
            navigation.leads_nowhere("data set", str(exc))
        else:
            st.session_state[_ASKED] = st.session_state["w-data"] = asked
            st.session_state[_TAB] = SECTIONS[0]
    return st.tabs(SECTIONS, key=_TAB, on_change="rerun")


def choice(current: str) -> str:
    """Choose a data set, and where its family has several, which of them; the design's own at first."""
    listed = words.dataset_choice(current, own_images_shelf.names())
    listed = list(
        dict.fromkeys(name for name in listed if name in datasets.names() or datasets.info(name).own)
    )
    family = next((name for name in datasets.names() if current in datasets.variants(name)), current)
    chosen = st.segmented_control(
        "Data set",
        listed,
        default=current if current in listed else family,
        required=True,
        format_func=lambda name: datasets.info(name).title,
        key="w-data",
        label_visibility="collapsed",
    )
    variants = [name for name in datasets.variants(chosen) if _same_images(name, chosen)]
    if len(variants) == 1:
        return chosen
    return st.segmented_control(
        "Difficulty",
        variants,
        default=current if current in variants else chosen,
        required=True,
        format_func=lambda name: datasets.info(name).title,
        key=f"w-variant-{chosen}",
        label_visibility="collapsed",
    )


def _same_images(name: str, other: str) -> bool:
    return datasets.info(name).image_shape == datasets.info(other).image_shape


def opened(name: str, training: TrainingConfig) -> Dataset:
    """The data set with the split of this training; ends the page where it is not on this machine."""
    if not datasets.is_installed(name):
        install_panel.offer(name)
        st.stop()
    try:
        return datasets.load(name, seed=training.seed, validation_share=training.validation_share)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/folder_off:")
        st.stop()


def provenance(info: DatasetInfo) -> None:
    """What the images show, who made them, and under which terms."""
    height, width, channels = info.image_shape
    source = f"[{info.source}]({info.url})" if info.url else words.plain(info.source)
    st.markdown(info.description)
    # No caption: it would fade the link.
    lines = (
        f"{height} × {width} pixels, {'colour' if channels == 3 else 'grey'}, values 0–255",
        f"Source: {source}",
        f"Licence: {info.licence}",
    )
    st.markdown("  \n".join(f":small[{line}]" for line in lines))


@frame.fragment()
def samples(data: Dataset) -> None:
    """A grid of samples with their class names, from the part and the class that are chosen."""
    names = data.class_names
    part, label, shown = _which_samples(names)
    split = getattr(data, part)
    candidates = np.arange(len(split)) if label is None else np.flatnonzero(split.labels == label)
    if not len(candidates):
        st.info("This part holds no image of this class.")
        return
    draw = np.random.default_rng(st.session_state.get("cnnlab-shuffle", 0))
    chosen = np.sort(draw.choice(candidates, min(shown, len(candidates)), replace=False))
    pixels, labels = data.images[split.indices[chosen]], split.labels[chosen]
    images(
        [
            Picture(id=str(index), pixels=image, title=names[kind])
            for index, image, kind in zip(chosen, pixels, labels, strict=True)
        ],
        key=f"w-samples-{data.name}",
        label=f"Samples of {data.info.title}",
    )


def _which_samples(names: Sequence[str]) -> tuple[str, int | None, int]:
    """Choose the part, the class (None: all) and how many images; a button draws others."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        # The choices stand by their labels, above which each is as high as it is; the button has none.
        with st.container(horizontal=True, vertical_alignment="top", gap="xsmall", width="content"):
            part = st.segmented_control(
                "Part",
                list(_PARTS),
                default="train",
                required=True,
                format_func=_PARTS.__getitem__,
                key="w-part",
            )
            label = st.selectbox(
                "Class",
                [None, *range(len(names))],
                format_func=lambda value: "All classes" if value is None else names[value],
                key="w-class",
                width=140,
            )
            shown = st.segmented_control("Images", SAMPLES, default=SAMPLES[-1], required=True, key="w-shown")
        st.button("Other samples", icon=":material/casino:", key="w-shuffle", on_click=_shuffle)
    return part, label, shown


def _shuffle() -> None:
    st.session_state["cnnlab-shuffle"] = st.session_state.get("cnnlab-shuffle", 0) + 1


def counts(data: Dataset) -> None:
    """How many images each part holds, in all and class by class."""
    with st.container(horizontal=True):
        for part, title in _PARTS.items():
            st.metric(title, f"{len(getattr(data, part)):,}", width="content")
    classes = len(data.class_names)
    of_each = {
        title.lower(): np.bincount(getattr(data, part).labels, minlength=classes).tolist()
        for part, title in _PARTS.items()
    }
    st.plotly_chart(
        class_counts(of_each, data.class_names),
        config=CONFIG,
        alt=describe_class_counts(of_each, data.class_names),
        key="w-counts",
    )


def use_button(name: str, design: Design) -> None:
    """Take a data set over into Design, with a network made for it; nothing where it is the design's own."""
    if name == design.dataset or not st.button("Use it in Design", icon=":material/layers:", key="use"):
        return
    card = own_images_shelf.find(name)
    preset = presets.default_for(name)
    if card is not None:
        own_images_shelf.design_for(card)
    else:
        if preset is not None:
            state.edit("load", preset.design)
        state.use_dataset(name)
    navigation.go("design")
