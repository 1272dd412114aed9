"""Augmentation: the stack with its sliders, beside what it makes of some training images."""

from __future__ import annotations

import functools
from typing import Any

import streamlit as st

from cnnlab import datasets
from cnnlab.analysis import augmentation
from cnnlab.errors import CNNLabError
from cnnlab.spec.augmentation import AUGMENTATIONS, MAX_AUGMENTATIONS, Augmentation, in_order
from cnnlab.spec.fields import controls
from cnnlab.spec.training import TrainingConfig
from cnnlab.ui import frame, state
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.forms import form

EXAMPLES = 6
"""Images in a row: six stay recognisable on a phone."""
VARIANTS = 4
"""Rows of what the network may be given: enough to see how far the stack goes."""

_DRAW = "cnnlab-augmentation-draw"
_NEW = "w-augmentation-new"

Stack = tuple[Augmentation, ...]


@frame.fragment()
def panel(dataset: str | None = None) -> None:
    """Edit the augmentation of the session's design.

    Args:
        dataset: the data set whose images are shown; the design's own by default.
    """
    design = state.design()
    # As it takes effect: a place that a user sees is the place that counts.
    stack = in_order(design.training.augmentation)
    st.caption(
        "Each training image is changed anew, by chance, every time the network sees it. "
        "Validation and test images stay as they are."
    )
    entries, grid = st.columns([4, 7], gap="large")
    with entries:
        _entries(stack)
    with grid:
        _grid(dataset or design.dataset, design.training, stack)


def summary(stack: Stack) -> str:
    """A stack in one line: "Flip horizontal · Rotate 15°"; "none" for an empty one."""
    return " · ".join(map(_in_words, in_order(stack))) or "none"


def _in_words(entry: Augmentation) -> str:
    values = [getattr(entry, name) for name in controls(type(entry))]
    formats = [control.format or "%s" for control in controls(type(entry)).values()]
    return " ".join([entry.title, *(form % value for form, value in zip(formats, values, strict=True))])


def _entries(stack: Stack) -> None:
    """The stack, an entry a box, and what can be added."""
    for position, entry_id in enumerate(_ids(stack)):
        with st.container(border=True, gap="small"):
            _head(stack, position, entry_id)
            form(
                stack[position],
                f"augmentation-{entry_id}",
                functools.partial(_change, stack, position),
            )
    st.menu_button(
        "Add a change",
        list(AUGMENTATIONS),
        key=_NEW,
        icon=":material/add:",
        format_func=lambda kind: AUGMENTATIONS[kind].title,
        on_click=lambda: _add(stack),
        disabled=len(stack) >= MAX_AUGMENTATIONS,
        help=f"At most {MAX_AUGMENTATIONS}. What moves pixels takes effect first, and as one.",
        width="stretch",
    )


def _head(stack: Stack, position: int, entry_id: str) -> None:
    """An entry's title and what can be done to it."""
    entry = stack[position]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f"**{entry.title}**", help=entry.summary, width="content")
        st.space("stretch")
        for title, icon, to in (
            ("Earlier", "arrow_upward", position - 1),
            ("Later", "arrow_downward", position + 1),
        ):
            st.button(
                "",
                key=f"w-augmentation-{title}-{entry_id}",
                icon=f":material/{icon}:",
                type="tertiary",
                help=title,
                disabled=not _can_change_places(stack, position, to),
                on_click=_swap,
                args=(stack, position, to),
            )
        st.button(
            "",
            key=f"w-augmentation-Remove-{entry_id}",
            icon=":material/delete:",
            type="tertiary",
            help=f"Remove {entry.title}",
            on_click=_keep,
            args=((*stack[:position], *stack[position + 1 :]),),
        )


def _ids(stack: Stack) -> list[str]:
    """A name for each entry that stays its own while others come, go and move: Rotate, Flip, Rotate-2."""
    kinds = [entry.kind for entry in stack]
    numbers = [kinds[: k + 1].count(kind) for k, kind in enumerate(kinds)]
    return [kind if number == 1 else f"{kind}-{number}" for kind, number in zip(kinds, numbers, strict=True)]


def _can_change_places(stack: Stack, one: int, other: int) -> bool:
    """Whether the order of the two makes a difference: what moves pixels always comes first."""
    return 0 <= other < len(stack) and stack[one].moves_pixels == stack[other].moves_pixels


def _add(stack: Stack) -> None:
    kind = st.session_state[_NEW]
    if kind:
        _keep((*stack, AUGMENTATIONS[kind]()))


def _change(stack: Stack, position: int, field: str, value: Any) -> None:
    changed = stack[position].replace(**{field: value})
    _keep((*stack[:position], changed, *stack[position + 1 :]))


def _swap(stack: Stack, one: int, other: int) -> None:
    entries = list(stack)
    entries[one], entries[other] = entries[other], entries[one]
    _keep(tuple(entries))


def _keep(stack: Stack) -> None:
    """Make it the design's."""
    training = state.design().training.replace(augmentation=in_order(stack))
    state.edit("with_design", training=training)


def _grid(dataset: str, training: TrainingConfig, stack: Stack) -> None:
    """Some training images, and what the network may be given in their place."""
    if not datasets.is_installed(dataset):
        st.caption("The images appear here once the data set is on this machine.")
        return
    try:
        data = datasets.load(dataset, seed=training.seed, validation_share=training.validation_share)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/folder_off:")
        return
    chosen = augmentation.examples(data.train.labels, EXAMPLES)
    originals = data.images[data.train.indices[chosen]]
    names = [data.class_names[label] for label in data.train.labels[chosen]]
    st.markdown(f"**Training images** of {data.info.title}")
    images(
        [
            Picture(id=str(k), pixels=pixels, title=name)
            for k, (pixels, name) in enumerate(zip(originals, names, strict=True))
        ],
        key="w-augmentation-originals",
        label="Training images as they are",
        across=EXAMPLES,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**What the network sees**", width="content")
        st.space("stretch")
        st.button(
            "Draw again",
            key="w-augmentation-again",
            icon=":material/casino:",
            help="Other random numbers for the same images.",
            on_click=_draw_again,
            disabled=not stack,
        )
    if not stack:
        st.caption("The very same images, in every epoch. Add a change, and see what becomes of them.")
        return
    seen = augmentation.variants(stack, originals, VARIANTS, (training.seed, st.session_state.get(_DRAW, 0)))
    images(
        [
            Picture(id=f"{row}-{k}", pixels=pixels, title=f"{names[k]}, variant {row + 1}")
            for row, pictures in enumerate(seen)
            for k, pixels in enumerate(pictures)
        ],
        key="w-augmentation-seen",
        label="The same images as the network may see them",
        across=EXAMPLES,
        captions=False,
    )


def _draw_again() -> None:
    st.session_state[_DRAW] = st.session_state.get(_DRAW, 0) + 1
