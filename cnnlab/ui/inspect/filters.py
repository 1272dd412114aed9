"""What a filter wants: the test images that excite it most, and an image made to its liking."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnnlab.analysis.excitation import Image, cropped, field_at, filter_tiles, marked, pixels_of, view_behind
from cnnlab.analysis.maps import TILES_LIMIT, Tiles
from cnnlab.api.excitation import Excitation, WantedImage, excitation, wanted_image
from cnnlab.errors import CNNLabError
from cnnlab.spec.receptive import View
from cnnlab.ui import words
from cnnlab.ui.components.images import Picture, images
from cnnlab.ui.components.maps import maps
from cnnlab.ui.enlarged import enlarged
from cnnlab.ui.inspect.seen import Seen

_IN_IMAGE, _CROP = "In the image", "Cut out"
_NAMED = 12
"""So many dead or constant filters are named; more are only counted."""
_WANTED_HELP = (
    "Gradient ascent on the pixels, from grey noise with a fixed seed (Erhan et al. 2009); small differences "
    "between neighbours are preferred (total variation, Mahendran and Vedaldi 2016), so a test image may "
    "excite it a little more."
)


def draw(seen: Seen) -> None:
    """Show the layer's filters by what excites them, and one of them in depth."""
    name = seen.row.name
    with st.spinner(f"Showing all {len(seen.data.test):,} test images to {name}", show_time=True):
        found = excitation(seen.run, name, step=seen.step)
    view = view_behind(seen.run.design.architecture, name)
    noun = _noun(seen)
    st.caption(_counted(seen, found, noun, view))
    key = f"cnnlab-filter-{name}"
    chosen = st.session_state.get(key, -1)
    if not 0 <= chosen < len(found.dead):  # nothing chosen, or in a network with more of them
        chosen = _first(found)

    def choose(index: int) -> None:
        st.session_state[key] = index

    maps(
        _grid(seen.run.id, seen.step, name, seen, found, view),
        key=f"w-filters-{name}",
        label=f"What excites the {noun}s of {name}",
        noun=noun,
        selected=chosen,
        on_select=choose,
    )
    _depth(seen, found, view, chosen)


def _noun(seen: Seen) -> str:
    return "filter" if seen.answer.maps.ndim == 3 else "unit"


def _first(found: Excitation) -> int:
    """The filter that is shown first: the one with the largest value, of those that have a tile."""
    return int(np.where(found.dead, -np.inf, found.maximum)[:TILES_LIMIT].argmax())


def _number(value: float) -> str:
    return f"{value:.3g}".replace("-", "−")


def _counted(seen: Seen, found: Excitation, noun: str, view: View) -> str:
    tile = f"the {'' if view.everything else 'part of a '}test image that excites it most"
    if not view.everything and min(view.begin) < 0:
        tile += " (slate: outside the image)"
    dead = np.flatnonzero(found.dead)
    start = f"**{seen.row.title}** · {len(found.dead):,} {noun}s · "
    if not len(dead):
        return f"{start}none is dead · each tile: {tile}"
    named = ", ".join(map(str, dead[:_NAMED])) + (", …" if len(dead) > _NAMED else "")
    if found.maximum[dead].any():  # a saturated tanh, say: it answers, and tells nothing
        told = f"**{len(dead):,} constant** (the same everywhere, whatever the test image, crossed out)"
    else:
        told = f"**{len(dead):,} dead** (never active on the {found.count:,} test images, crossed out)"
    return f"{start}{told}: {named} · each other tile: {tile}"


@st.cache_data(max_entries=32, show_spinner=False)
def _grid(run_id: str, step: int, layer: str, _seen: Seen, _found: Excitation, _view: View) -> Tiles:
    """The tiles of a layer; the arguments that Streamlit does not compare follow from the others."""
    data = _seen.data
    crops: list[Image | None] = [None] * len(_found.dead)
    for index in np.flatnonzero(~_found.dead[:TILES_LIMIT]):
        image = data.images[data.test.indices[_found.images[index, 0]]]
        crops[index] = cropped(image, field_at(_view, _found.places[index, 0]))
    shape = cropped(data.images[0], field_at(_view, (0, 0))).shape
    return filter_tiles(crops, shape[:2])


def _depth(seen: Seen, found: Excitation, view: View, chosen: int) -> None:
    """One filter: its words, its nine images, the image that it wants."""
    left, right = st.columns([4, 5], gap="large")
    with left:
        st.markdown(_told(seen, found, chosen))
        cut = not view.everything and _cut_out()
    with right:  # first: what is made takes longer
        if found.dead[chosen]:
            st.caption("No test image excites it more than another: there are none to show.")
        else:
            _nine(seen, found, view, chosen, cut=cut)
    with left:
        _wanted(seen, found, view, chosen, cut=cut)


def _told(seen: Seen, found: Excitation, chosen: int) -> str:
    title = f"**{_noun(seen).capitalize()} {chosen}**"
    if seen.row.is_output:
        title += f" ({words.plain(seen.data.class_names[chosen])})"
    largest = _number(found.maximum[chosen])
    if found.dead[chosen]:
        what = "is constant" if found.maximum[chosen] else "is dead"
        return f"{title} {what}: it gives {largest} everywhere, whatever the test image."
    return (
        f"{title} is above 0 {'' if _noun(seen) == 'unit' else 'somewhere '}in "
        f"**{words.percent(float(found.active[chosen]))}** of the {found.count:,} test images and reaches "
        f"**{largest}**."
    )


def _cut_out() -> bool:
    choice = st.segmented_control(
        "Receptive field of the largest value",
        [_IN_IMAGE, _CROP],
        default=_IN_IMAGE,
        required=True,
        key="w-filter-crop",
        help="The part of the image on which the filter's largest value depends.",
    )
    return choice == _CROP


def _nine(seen: Seen, found: Excitation, view: View, chosen: int, *, cut: bool) -> None:
    data = seen.data
    pictures = []
    for index, place, value in zip(
        found.images[chosen], found.places[chosen], found.values[chosen], strict=True
    ):
        image, field = data.images[data.test.indices[index]], field_at(view, place)
        pictures.append(
            Picture(
                id=str(index),
                pixels=cropped(image, field) if cut else marked(image, field),
                title=_number(value),
                caption=data.class_names[int(data.test.labels[index])],
            )
        )
    st.caption(f"Its {len(pictures)} strongest test images, with the values:")
    images(
        pictures,
        key=f"w-nine-{seen.row.name}",
        label=f"Test images that excite {_noun(seen)} {chosen} of {seen.row.name} most",
        action="Look at this image",
        on_click=_look_at,
        across=3,
    )


def _look_at(index: str) -> None:
    st.query_params["image"] = index


def _wanted(seen: Seen, found: Excitation, view: View, chosen: int, *, cut: bool) -> None:
    st.caption("What it wants, made from noise:", help=_WANTED_HELP)
    try:
        with st.spinner("Making it"):
            wanted = _asked(seen.run.id, seen.step, seen.row.name, chosen, seen)
    except CNNLabError as exc:
        st.error(str(exc), icon=":material/error:")
        return
    image, field = pixels_of(wanted.image), field_at(view, wanted.place)
    value = _number(wanted.value)
    enlarged(
        cropped(image, field) if cut else marked(image, field),
        f"Image made to excite {_noun(seen)} {chosen} of {seen.row.name}: it reaches {value}",
    )
    if wanted.value > wanted.start:
        st.caption(f"It reaches **{value}**; the noise gave {_number(wanted.start)}.")
    else:
        st.caption(f"No change of the noise moves it: it stays at {value}.")


@st.cache_data(max_entries=64, show_spinner=False)
def _asked(run_id: str, step: int, layer: str, filter_index: int, _seen: Seen) -> WantedImage:
    return wanted_image(_seen.run, layer, filter_index, step=step)
