"""Microscope: one channel of the layer, every number of it retraced."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab.api.microscope import microscope as magnified
from cnnlab.spec.layers import KINDS
from cnnlab.spec.places import Place, can_magnify, laid_out, places
from cnnlab.ui.components.microscope import microscope
from cnnlab.ui.inspect.seen import Seen


def draw(seen: Seen) -> None:
    """Show how the chosen channel's numbers come about, or what the layer does."""
    found = places(seen.run.design.architecture)
    place = found[seen.row.name]
    if not can_magnify(place.layer):
        st.caption(f"**{seen.row.title}** · {_unknown(place)}")
        return
    names = seen.data.class_names if seen.row.is_output else ()
    channel = _channel(seen, names)
    answer = magnified(seen.run, seen.image, seen.row.name, channel, step=seen.step)
    vector = answer.operation == "dense"
    microscope(
        answer,
        place,
        key="w-microscope",
        laid_out=laid_out(found, seen.row.name) if vector else None,
        class_names=names,
    )


def _unknown(place: Place) -> str:
    """What a layer does that the microscope does not look into."""
    kind = KINDS.get(place.layer.kind, type(place.layer))
    return f"{kind.summary} The microscope has no single sum to show here."


def _channel(seen: Seen, names: tuple[str, ...]) -> int:
    """The channel of the layer's output that is looked at: at first the one with the largest value."""
    values = seen.answer.maps
    peaks = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
    strongest = int(values.argmax()) if names else int(peaks.argmax())
    count = values.shape[-1]
    if count == 1:
        return 0
    # The layer of another run may have the same name and fewer channels.
    key = f"w-microscope-{seen.row.name}-{count}"
    st.session_state[key] = st.session_state.get(key, strongest)  # each time: the first draw may be missed
    noun = "class" if names else "map" if values.ndim == 3 else "unit"
    with st.container(horizontal=True, vertical_alignment="center"):
        ends = "" if names else f", from 0 to {count - 1:,}"
        st.markdown(f"**{noun.capitalize()}**{ends}", width="content")
        if names:
            label, name = "Class", names.__getitem__
            return int(
                st.selectbox(
                    label, range(count), key=key, format_func=name, label_visibility="collapsed", width=180
                )
            )
        label = f"Number of the {noun}"
        return int(st.number_input(label, 0, count - 1, key=key, label_visibility="collapsed", width=180))
