"""The Inspect page: an image on the left, a layer's kernels, maps and more on the right, a tab a view."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnnlab import api
from cnnlab.datasets import Dataset
from cnnlab.errors import CNNLabError
from cnnlab.ui import frame, state
from cnnlab.ui.inspect import (
    filters,
    image,
    invariance,
    kernels,
    layers,
    maps,
    microscope,
    over_time,
    own,
    surgery,
    where,
)
from cnnlab.ui.inspect.seen import Seen

TABS: dict[str, Callable[[Seen], None]] = {
    "Feature maps": maps.draw,
    "Kernels": kernels.draw,
    "Microscope": microscope.draw,
    "Where it looked": where.draw,
    "Filters": filters.draw,
    "Surgery": surgery.draw,
    "Over time": over_time.draw,
    "Is it really invariant?": invariance.draw,
}
"""Title of each tab → what draws it. Only the open one is drawn."""


@frame.fragment()
def panel(run: api.Run, step: int, data: Dataset) -> None:
    """Draw the page for a run's weights at a step."""
    state.show_notice()
    index = image.chosen(data)
    rows = [row for row in run.design.architecture.trace().rows if row.output_shape is not None]
    left, right = st.columns([4, 8], gap="large")
    with left:
        picture = own.chosen(data, run.design.architecture.input_shape)
    looked_at = index if picture is None else picture[1].pixels
    with right:
        row = layers.chosen(rows)
    try:
        answer = run.feature_maps(looked_at, row.name, step=step)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")
        st.stop()
    with left:
        if picture is None:
            image.draw(run, step, data, index)
        else:
            own.draw(*picture)
        image.draw_answer(data, answer)
    with right:
        _tabs(Seen(run, step, data, looked_at, row, answer))


def _tabs(seen: Seen) -> None:
    for tab, draw in zip(
        st.tabs(list(TABS), key="w-inspect-tabs", on_change="rerun"), TABS.values(), strict=True
    ):
        if tab.open:
            with tab:
                try:
                    draw(seen)
                except CNNLabError as exc:
                    st.error(str(exc), icon=":material/error:")
