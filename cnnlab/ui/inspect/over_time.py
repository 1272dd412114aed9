"""Over time: the layer, its kernels and the network's answer as they were after each kept epoch."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cnnlab import api
from cnnlab.analysis.over_time import Film, film
from cnnlab.api.over_time import over_time as ask
from cnnlab.spec.architecture import Row
from cnnlab.spec.layers import KINDS
from cnnlab.ui.components.over_time import Titled, over_time
from cnnlab.ui.inspect.seen import Seen


class _Course(NamedTuple):
    """What the browser is sent, painted: it is asked for and painted once."""

    steps: tuple[int, ...]
    epochs: tuple[float, ...]
    maps: Film
    maps_left_out: int
    kernels: Film | None
    kernels_left_out: int
    probabilities: NDArray[np.float32]
    damage: tuple[str, ...]


def draw(seen: Seen) -> None:
    """Show the epoch slider and what it moves, or say why there is nothing to play."""
    kept = tuple(checkpoint.step for checkpoint in seen.run.checkpoints())
    if len(kept) < 2:
        st.caption(
            "Only one epoch's weights are kept so far. With those of a second there is a course to play."
        )
        return
    name = seen.row.name
    course = _course(seen.run.id, kept, seen.image, name, seen.run)
    if course.damage:
        st.warning(course.damage[0], icon=":material/warning:")
    if len(course.steps) < len(kept):
        st.caption(f"{len(course.steps)} of the {len(kept)} kept epochs, evenly chosen.")
    nearest = min(range(len(course.steps)), key=lambda place: abs(course.steps[place] - seen.step))
    noun = "Feature maps" if seen.answer.maps.ndim == 3 else "Values"
    kernels = None
    if course.kernels is not None:
        kernels = Titled(course.kernels, _kernels_title(seen.row), course.kernels_left_out)
    over_time(
        Titled(course.maps, f"{noun} of {name}", course.maps_left_out),
        kernels,
        course.probabilities,
        key=f"w-over-time-{name}",
        subject=f"{seen.run.id} {seen.step} {name} {_image_mark(seen.image)}",
        epochs=course.epochs,
        names=seen.data.class_names,
        actual=seen.answer.label,
        initial=nearest,
    )


@st.cache_data(max_entries=12, show_spinner="Looking back over the training…")
def _course(
    run_id: str, kept: tuple[int, ...], image: int | NDArray[np.uint8], layer: str, _run: api.Run
) -> _Course:
    """Asked for again only when another epoch's weights were kept (`kept`)."""
    found = ask(_run, image, layer)
    kernels = found.kernels
    return _Course(
        found.steps,
        found.epochs,
        film(found.maps),
        found.channels - found.maps.shape[-1],
        None if kernels is None else film(kernels, signed=True),
        0 if kernels is None else found.filters - kernels.shape[-1],
        found.probabilities,
        found.damage,
    )


def _kernels_title(row: Row) -> str:
    """What the kernels are; over several input channels their mean is shown."""
    name, shape = next((name, shape) for name, shape in row.weight_shapes.items() if len(shape) == 4)
    several = shape[2] > 1 and name not in KINDS[row.kind].depthwise
    return f"Kernels of {row.name}" + (f", mean over {shape[2]} channels" if several else "")


def _image_mark(image: int | NDArray[np.uint8]) -> str:
    """An image in a few characters."""
    return str(image) if isinstance(image, int) else hashlib.sha256(image.tobytes()).hexdigest()[:12]
