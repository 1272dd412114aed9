"""A training played epoch by epoch, in the browser itself: probabilities, kernels and feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnnlab.analysis.over_time import Film, leading_classes
from cnnlab.ui.components._source import component

_MOUNT = component("over_time", '<div class="root"></div>')


@dataclass(frozen=True, slots=True)
class Titled:
    """A film with its title and how many more tiles there are that it does not show."""

    film: Film
    title: str
    left_out: int = 0


def over_time(
    maps: Titled,
    kernels: Titled | None,
    probabilities: npt.NDArray[np.floating],
    *,
    key: str,
    subject: str,
    epochs: Sequence[float],
    names: Sequence[str],
    actual: int | None,
    initial: int,
) -> None:
    """Show an epoch slider with play over films that travel once; nothing reruns while it plays.

    Args:
        maps: Feature maps, a moment an epoch.
        kernels: Kernels of a convolution at the same moments; None for another layer.
        probabilities: ``(moments, classes)``, 0–1.
        key: Of this component on the page.
        subject: What is shown; the place in time stays while this does.
        epochs: How many epochs were done at each moment.
        names: One name a class.
        actual: The image's class where it is known.
        initial: The moment that is shown at first.
    """
    shares = np.nan_to_num(np.asarray(probabilities, np.float64))
    _MOUNT(
        key=key,
        data={
            "subject": subject,
            "epochs": list(epochs),
            "initial": initial,
            "probabilities": shares.tolist(),
            "names": list(names),
            "actual": -1 if actual is None else actual,
            "shown": leading_classes(shares, actual),
            "maps": [_plain(maps)],
            "kernels": [] if kernels is None else [_plain(kernels)],
        },
    )


def _plain(titled: Titled) -> dict[str, object]:
    film = titled.film
    return {
        "title": titled.title,
        "leftOut": titled.left_out,
        "uri": film.sprite.uri,
        "columns": film.sprite.columns,
        "width": film.sprite.tile_width,
        "height": film.sprite.tile_height,
        "tiles": film.tiles,
        "low": film.low,
        "high": film.high,
        "ends": [list(ends) for ends in film.ends],
        "palette": list(film.palette),
    }
