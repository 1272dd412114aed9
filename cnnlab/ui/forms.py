"""Forms made from declarations: a widget for each field of a layer or of the training configuration.

A widget always shows what the design says. Its own state is set from the design before it is drawn, so that
undo, a preset or a mend moves the sliders too; what a user does reaches the design by the callback alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import streamlit as st

from cnnlab.spec.fields import Control, Spec, controls

Change = Callable[[str, Any], None]
"""Called with a field's name and its new value."""

_MOVED = "cnnlab-moved"

_MOST_BUTTONS = 3
"""A choice of more options than this is a list that opens."""


def form(
    model: Spec, key: str, change: Change, *, only: Iterable[str] | None = None, disabled: bool = False
) -> None:
    """Draw a widget for each field of `model`: those of every day, and behind "More" the others.

    Args:
        model: what is being edited; its class declares the fields.
        key: prefix of the widgets' keys, unique on the page and stable for this model.
        change: called with the field's name and new value when a user moves a widget.
        only: names of the fields to draw, in this order; all by default.
        disabled: whether the widgets are shown greyed.
    """
    declared = controls(type(model))
    shown = [declared[name] for name in (only if only is not None else declared)]

    def draw(control: Control) -> None:
        value = getattr(model, control.name)
        widget(control, value, f"w-{key}-{control.name}", change, disabled=disabled)

    for control in shown:
        if not control.advanced:
            draw(control)
    rest = [control for control in shown if control.advanced]
    if rest:
        # What is closed is not drawn: the browser redraws every widget at each move of a slider, seen or not.
        more = st.expander("More", key=f"w-{key}-more", on_change="rerun")
        changed = sum(getattr(model, control.name) != control.default for control in rest)
        if more.open:
            with more:
                for control in rest:
                    draw(control)
        elif changed:
            st.caption(f"{changed} changed behind More")


def widget(control: Control, value: Any, key: str, change: Change, *, disabled: bool = False) -> None:
    """Draw the widget of one field, which shows `value`."""
    origin = _origin(key, value)

    def changed() -> None:
        new = st.session_state[key]
        if control.accepts(new):  # a list or a row of buttons reports None when a user clears it
            st.session_state[f"{_MOVED}-{key}"] = new, origin
            change(control.name, new)

    st.session_state[key] = value
    shared: dict[str, Any] = {"key": key, "help": control.help, "on_change": changed, "disabled": disabled}
    if control.kind == "switch":
        st.toggle(control.label, **shared)
    elif control.kind == "choice" and len(control.options) <= _MOST_BUTTONS:
        st.segmented_control(control.label, list(control.options), required=True, **shared)
    elif control.kind == "choice":
        st.selectbox(control.label, list(control.options), **shared)
    elif control.none is not None or control.scale == "log":
        st.select_slider(
            control.label, stops(control, value, origin), format_func=_stop_name(control), **shared
        )
    else:
        low, high = slider_range(control, value, origin)
        st.slider(control.label, low, high, step=control.step, format=control.format, **shared)


def _origin(key: str, value: Any) -> Any:
    """The value that a widget was moved from, if that is how it came to `value`; else this value itself.

    What a link or a preset brought widens a slider, which must not shrink under the hand that moves it.
    """
    moved, origin = st.session_state.get(f"{_MOVED}-{key}", (value, value))
    return origin if moved == value else value


def stops(control: Control, *values: Any) -> list[Any]:
    """What a slider with stops offers: the declared stops and these values, in order, None first."""
    assert control.slider is not None
    if control.scale == "log":
        declared: set[Any] = set(control.ticks())
    else:
        declared = set(range(int(control.slider[0]), int(control.slider[1]) + 1))
    numbers = sorted(declared | ({*values} - {None}))
    return [None, *numbers] if control.none is not None else numbers


def slider_range(control: Control, *values: float) -> tuple[float, float]:
    """The declared range, widened so that these values, from a link or a preset say, are on it."""
    assert control.slider is not None
    return min(control.slider[0], *values), max(control.slider[1], *values)


def plain_number(value: float) -> str:
    """A number as a person writes it: 0.001, 0.00005, 3."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def _stop_name(control: Control) -> Callable[[Any], str]:
    return lambda stop: str(control.none) if stop is None else plain_number(stop)
