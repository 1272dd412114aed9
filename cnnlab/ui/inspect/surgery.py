"""Surgery: kernels zeroed, scaled, repainted or switched off, and what changes. The run stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import streamlit as st

from cnnlab.errors import SpecError
from cnnlab.spec.edits import (
    Edit,
    Operable,
    Repaint,
    Scale,
    SwitchOff,
    added,
    check,
    edited,
    factor,
    is_off,
    operable,
    without_switch,
)
from cnnlab.spec.fields import controls
from cnnlab.ui import words
from cnnlab.ui.components.kernel_editor import Painted, kernel_editor
from cnnlab.ui.inspect import surgery_edits, surgery_result
from cnnlab.ui.inspect.seen import Seen

_PLACE = "cnnlab-surgery-place"
_FACTOR = controls(Scale)["factor"]
_SHOWN_EDITS = 4


def draw(seen: Seen) -> None:
    """Show the instruments, the edits made so far, and what they change."""
    places = operable(seen.run.design.architecture)
    place = places.get(seen.row.name)
    edits = surgery_edits.of(seen.run.id)
    if place is None:
        kinds = "a convolution or a dense layer"
        st.caption(f"**{seen.row.title}** has no kernels to operate on. Choose {kinds}.")
    else:
        _operate(seen, place, edits)
    _record(seen.run.id, edits, places)
    if edits:
        surgery_result.draw(seen, edits)


def _operate(seen: Seen, place: Operable, edits: tuple[Edit, ...]) -> None:
    instruments, kernel = st.columns([5, 7], gap="large")
    with instruments:
        filter, channel = _chosen(seen, place)
        _instruments(seen.run.id, place, filter, edits)
    with kernel:
        if place.noun == "unit":
            st.caption(
                f"Unit {filter} weighs {place.channels:,} inputs. Scale its weights, or switch it off; "
                "kernels of convolutions can be painted too."
            )
        else:
            _kernel(seen, place, filter, channel, edits)


def _chosen(seen: Seen, place: Operable) -> tuple[int, int]:
    """The filter and the input channel that are operated on; at first the filter whose map is strongest."""
    kept: dict[str, list[int]] = st.session_state.setdefault(_PLACE, {})
    found = kept.setdefault(place.layer, [_strongest(seen.answer.maps), 0])
    # Another run may have a layer of this name with fewer filters.
    filter, channel = min(found[0], place.filters - 1), min(found[1], place.channels - 1)
    first, second = st.columns(2, gap="small")
    with first:
        filter = _number(place, place.noun.capitalize(), 0, filter, place.filters)
    if place.noun == "filter" and place.channels > 1:
        with second:
            channel = _number(place, "Channel", 1, channel, place.channels)
    return filter, channel


def _number(place: Operable, label: str, position: int, value: int, count: int) -> int:
    key = f"w-surgery-{position}-{place.layer}"
    st.session_state[key] = value

    def changed() -> None:
        st.session_state[_PLACE][place.layer][position] = st.session_state[key]

    title = f"{label} (0–{count - 1:,})"
    return int(st.number_input(title, 0, count - 1, key=key, on_change=changed))


def _instruments(run_id: str, place: Operable, filter: int, edits: tuple[Edit, ...]) -> None:
    layer, off = place.layer, is_off(edits, place.layer, filter)
    key = f"w-surgery-factor-{layer}-{filter}"

    def scale(value: float | None = None) -> None:
        wanted = round(st.session_state[key], 6) if value is None else value
        now = surgery_edits.of(run_id)  # an edit may have come since this was drawn
        _change(run_id, added(now, Scale(layer=layer, filter=filter, factor=wanted)))

    assert _FACTOR.slider is not None
    low, high = (float(end) for end in _FACTOR.slider)
    st.session_state[key] = min(max(factor(edits, layer, filter), low), high)
    st.slider(
        _FACTOR.label,
        low,
        high,
        step=float(_FACTOR.step or 0.1),
        format=_FACTOR.format,
        key=key,
        help=_FACTOR.help,
        on_change=scale,
        disabled=off,
    )
    with st.container(horizontal=True, gap="xsmall"):
        _switch(run_id, layer, filter, off=off)
        st.button(
            "Zero the kernel",
            key="w-surgery-zero",
            icon=":material/exposure_zero:",
            help="The kernel becomes 0 and the bias stays.",
            disabled=off,
            on_click=scale,
            args=(0.0,),
        )


def _switch(run_id: str, layer: str, filter: int, *, off: bool) -> None:
    def switch() -> None:
        edits = surgery_edits.of(run_id)
        turned = SwitchOff(layer=layer, filter=filter)
        _change(run_id, without_switch(edits, layer, filter) if off else added(edits, turned))

    st.button(
        "Switch on" if off else "Switch off",
        key="w-surgery-switch",
        icon=":material/power_settings_new:",
        type="primary" if off else "secondary",
        help="Brings kernel and bias back."
        if off
        else "Kernel and bias become 0: nothing of the image gets through.",
        on_click=switch,
    )


def _kernel(seen: Seen, place: Operable, filter: int, channel: int, edits: tuple[Edit, ...]) -> None:
    weights = seen.weights()
    layer_edits = tuple(edit for edit in edits if edit.layer == place.layer)
    after = edited(weights, seen.run.design.architecture, layer_edits)
    trained = weights[place.weight]
    now = after.get(place.weight, trained)

    def paint(painted: Painted) -> None:
        try:
            new = Repaint(**painted)
            check([new], seen.run.design.architecture)
        except SpecError as exc:
            st.toast(str(exc), icon=":material/error:")
            return
        now = surgery_edits.of(seen.run.id)
        if is_off(now, new.layer, new.filter):  # painted before the switch was drawn
            st.toast(f"Filter {new.filter} is switched off. Switch it on to paint.", icon=":material/error:")
            return
        _change(seen.run.id, added(now, new))

    kernel_editor(
        _slice(place, trained, filter, channel),
        _slice(place, now, filter, channel),
        layer=place.layer,
        filter=filter,
        channel=channel,
        # Of the whole layer as trained: a colour means the same on each kernel, and before and after.
        extreme=float(np.abs(trained).max()) or 1.0,
        locked=is_off(edits, place.layer, filter),
        key="w-surgery-kernel",
        on_painted=paint,
    )


def _slice(
    place: Operable, weight: npt.NDArray[np.float32], filter: int, channel: int
) -> npt.NDArray[np.float32]:
    return place.kernel(weight, filter)[:, :, channel]


def _change(run_id: str, edits: tuple[Edit, ...]) -> None:
    try:
        surgery_edits.put(run_id, edits)
    except SpecError as exc:
        st.toast(str(exc), icon=":material/error:")


def _record(run_id: str, edits: tuple[Edit, ...], places: Mapping[str, Operable]) -> None:
    """The edits in words, with the way back."""
    if not edits and not surgery_edits.can_undo(run_id):
        st.caption(
            ":material/healing: Nothing is changed yet. Whatever you do here is tried out on a copy: the run "
            "itself stays as it was trained."
        )
        return
    told, tools = st.columns([8, 4], vertical_alignment="center")
    with told:
        lines = [edit.words(places[edit.layer].noun) for edit in edits[-_SHOWN_EDITS:]]
        more = len(edits) - len(lines)
        head = f"**{len(edits)} {'edit' if len(edits) == 1 else 'edits'}**" if edits else "**No edits**"
        listed = " · ".join(words.plain(line) for line in lines)
        st.caption(f"{head} {f'… {listed}' if more else listed}")
    with tools, st.container(horizontal=True, gap="xsmall", horizontal_alignment="right"):
        st.button(
            "Undo",
            key="w-surgery-undo",
            icon=":material/undo:",
            disabled=not surgery_edits.can_undo(run_id),
            on_click=surgery_edits.undo,
            args=(run_id,),
        )
        st.button(
            "Clear",
            key="w-surgery-clear",
            icon=":material/delete_sweep:",
            help="Without any edit: the network as trained. Undo brings them back.",
            disabled=not edits,
            on_click=surgery_edits.clear,
            args=(run_id,),
        )


def _strongest(maps: npt.NDArray[np.float32]) -> int:
    return int(maps.reshape(-1, maps.shape[-1]).max(axis=0).argmax())
