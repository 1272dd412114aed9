"""A tutorial's network: the choice between its own training and other ones, and what it reports."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets, processor
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from cnnlab.ui import state

_KEY = "w-recipe"
_TITLES: dict[presets.RecipeName, str] = {"published": "Published", "fast": "Fast", "short": "Short"}
_HELP = (
    "Published: the tutorial's own batch size, learning rate and epochs. "
    "Fast: the same network to the same accuracy, with larger batches, a learning rate that rises and falls, "
    "and shorter numbers where the processor has them. Short: a few epochs, for a first look. "
    "Your seed stays. The tutorials validate on the test images. Here a part of the training images is held "
    "back for that: an epoch has fewer steps than theirs."
)


def choice(design: Design, *, disabled: bool = False) -> None:
    """Offer the recipes of a tutorial's preset; nothing where the network is no tutorial's.

    Args:
        design: what is, or will be, trained.
        disabled: whether the choice is shown greyed.
    """
    preset = presets.of(design)
    if preset is None or not preset.recipes:
        return
    chosen = preset.recipe_of(design.training)
    st.session_state[_KEY] = chosen
    st.segmented_control(
        # Said in the label: a line of its own would push the slider away that is just being moved.
        "Recipe" if chosen else "Recipe: your own settings",
        # Where the tutorial's own training is as short, it is not offered twice.
        [name for name, training in preset.recipes.items() if preset.recipe_of(training) == name],
        format_func=lambda name: _TITLES[name],
        key=_KEY,
        help=_HELP,
        on_change=_choose,
        args=(preset.name,),
        disabled=disabled,
    )


def reported(design: Design) -> None:
    """What the tutorial says of its result, to be compared; nothing where the network is no tutorial's.

    Args:
        design: what is, or was, trained.
    """
    preset = presets.of(design)
    if preset is None or preset.reports is None:
        return
    st.caption(f"**{preset.tutorial}** {preset.reports}")
    here, whole = datasets.info(design.dataset).images, datasets.whole(design.dataset)
    if here < whole:
        st.caption(
            f"**Only a part of the images here:** {here:,} of {whole:,}, training and test together. "
            "The tutorial used all of them."
        )


def _choose(name: str) -> None:
    """Train by the chosen recipe from now on; a second click on the chosen one changes nothing."""
    chosen: presets.RecipeName | None = st.session_state[_KEY]
    if chosen is None:
        return
    editor = state.editor()
    recipe = presets.preset(name).recipe(chosen, bfloat16=processor.gains_from_bfloat16())
    seed = editor.now.design.training.seed
    state.keep(editor.with_design(training=recipe.replace(seed=seed)))
