"""The cards as tabs with the sliding window; each has an address of its own: `?card=stride`."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnnlab.ui import frame, navigation
from cnnlab.ui.concepts import (
    TITLES,
    dropout,
    flatten,
    normalisation,
    pooling,
    shared_weights,
    softmax,
    stride,
)

CARDS: dict[str, Callable[[], None]] = {
    "weights": shared_weights.draw,
    "stride": stride.draw,
    "shifts": pooling.draw,
    "flatten": flatten.draw,
    "dropout": dropout.draw,
    "normalisation": normalisation.draw,
    "softmax": softmax.draw,
}
"""Name in the address → what draws the card. Only the open one is drawn."""

WINDOW = "Sliding window"
"""Title of the first tab: what the page is about."""

_TABS, _ASKED = "w-cv-tabs", "cnnlab-card-asked"


def tabs(window: Callable[[], None]) -> None:
    """Draw the tab that is open: the sliding window, or a card.

    The window fills a projector's screen: its tabs come under it, those of a card above the card.

    Args:
        window: Draws what the first tab stands for.
    """
    _follow_the_address()
    if st.session_state.get(_TABS, WINDOW) == WINDOW:
        window()
    draws = {WINDOW: _nothing_more, **{TITLES[name]: _card(draw) for name, draw in CARDS.items()}}
    for tab, draw in zip(st.tabs(list(draws), key=_TABS, on_change=_tell), draws.values(), strict=True):
        if tab.open:
            with tab:
                draw()


def _follow_the_address() -> None:
    """Open the card of the address, the window where it names none: Back, too, leads there.

    An address that stays the same does not take a click back; one that names no card is told so.
    """
    asked = st.query_params.get("card")
    if asked is not None and asked not in CARDS:
        navigation.leads_nowhere(
            "card",
            f"There is no card {asked!r:.60}. Known are {', '.join(CARDS)}. The sliding window is shown.",
        )
    if asked != st.session_state.get(_ASKED) or _TABS not in st.session_state:
        st.session_state[_ASKED] = asked
        st.session_state[_TABS] = TITLES[asked] if asked in CARDS else WINDOW


def _tell() -> None:
    """Write the open card into the address, to be linked to."""
    opened = st.session_state[_TABS]
    name = next((name for name, title in TITLES.items() if title == opened), None)
    st.session_state[_ASKED] = name
    if name is None:
        st.query_params.pop("card", None)
    else:
        st.query_params["card"] = name


def _nothing_more() -> None:
    """The window stands above its tab."""


def _card(draw: Callable[[], None]) -> Callable[[], None]:
    """A slider of a card redraws the card alone."""
    return frame.fragment()(draw)
