"""Edits of a trained network's kernels: plain data that says what to change, and what the weights are then.

A list of edits takes effect in its order, on a copy of the weights: a run is never altered. A *filter* is
what makes one feature map of a convolution, or one unit of a dense layer; its kernel is all the weights that
lead to it.

    edits = read([{"kind": "Scale", "layer": "conv2d", "filter": 3, "factor": 0.5}])
    check(edits, architecture)
    edited(weights, architecture, edits)  # {"conv2d/kernel": …}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from cnnlab.errors import SpecError
from cnnlab.spec.architecture import Architecture, Row
from cnnlab.spec.fields import Spec, real, shown
from cnnlab.spec.layers import KINDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = Mapping[str, NDArray[np.float32]]

MAX_EDITS = 200
"""More cannot be told apart on a page, and each request carries them all."""
MAX_WEIGHT = 1e6
"""Far beyond any trained weight; sums of such numbers still fit float32."""
MAX_FACTOR = 100.0

EDITS: dict[str, type[Edit]] = {}
"""Every kind of edit by its class name."""

Weight = Annotated[float, Field(strict=True, ge=-MAX_WEIGHT, le=MAX_WEIGHT, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Operable:
    """A layer whose filters can be operated on.

    Attributes:
        layer: its name in the trace.
        weight: name of the weight that makes its maps: "conv2d/kernel". Of a separable convolution it is the
            pointwise one.
        bias: name of the bias; None where the layer has none.
        filters: feature maps, or units.
        channels: input channels that one filter reads; of a dense layer its inputs.
        size: (rows, columns) of a kernel; (1, 1) for a dense layer.
        depthwise: whether each filter reads one channel alone.
        noun: what one of its filters is called: "filter" or "unit".
    """

    layer: str
    weight: str
    bias: str | None
    filters: int
    channels: int
    size: tuple[int, int]
    depthwise: bool
    noun: str

    def kernel(self, weight: NDArray[np.float32], filter: int) -> NDArray[np.float32]:
        """The kernel of one filter as a view of the layer's weight.

        Args:
            weight: as Keras keeps it: `(height, width, channels, filters)`, depthwise
                `(height, width, channels, multiplier)`, dense `(inputs, units)`.
            filter: place of its map among the layer's outputs.

        Returns:
            `(rows, columns, channels) float32`; writing to it changes `weight`.
        """
        if self.depthwise:
            # TensorFlow lays the maps of a channel side by side: channel 0's first.
            channel, place = divmod(filter, weight.shape[3])
            return weight[:, :, channel, place][:, :, None]
        return weight[..., filter] if weight.ndim == 4 else weight[None, None, :, filter]


class Edit(Spec):
    """Base of every kind of edit: of which filter it is."""

    kind: str = Field(default="", frozen=True)
    layer: str = Field(max_length=200, description="the name of a layer")
    filter: int = Field(strict=True, ge=0, description="a whole number from 0")

    title: ClassVar[str]
    """What it does, in a word or two."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        EDITS[cls.__name__] = cls

    def fault(self, place: Operable) -> str | None:
        """What of it does not fit the layer, in words; None where all does."""
        if self.filter < place.filters:
            return None
        return f"{place.layer} has {place.noun}s 0 to {place.filters - 1}. Received {self.filter}."

    def write(self, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """Change the filter's kernel `(rows, columns, channels)`, and its bias `(1,)`, in place."""
        raise NotImplementedError

    def words(self, noun: str = "filter") -> str:
        """What it does, as a line of a list."""
        raise NotImplementedError


class SwitchOff(Edit):
    """Sets a filter's kernel and its bias to 0: nothing of the input reaches its map any more."""

    kind: Literal["SwitchOff"] = "SwitchOff"
    title = "Switch off"

    def write(self, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """All 0."""
        kernel[...] = 0
        if bias is not None:
            bias[...] = 0

    def words(self, noun: str = "filter") -> str:
        """`conv2d, filter 3: switched off`."""
        return f"{self.layer}, {noun} {self.filter}: switched off"


class Scale(Edit):
    """Multiplies a filter's kernel by a number; its bias stays. 0 leaves the bias alone."""

    kind: Literal["Scale"] = "Scale"
    factor: float = real(
        1.0,
        low=-MAX_FACTOR,
        high=MAX_FACTOR,
        slider=(-2.0, 3.0),
        step=0.1,
        label="Kernel ×",
        help="Multiplies every weight of the kernel; the bias stays. 0 leaves only the bias, −1 turns the "
        "pattern into its opposite.",
        format="%.1f",
    )
    title = "Scale"

    def write(self, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """Each weight times the factor."""
        kernel *= self.factor

    def words(self, noun: str = "filter") -> str:
        """`conv2d, filter 3: kernel × 0.5`."""
        return f"{self.layer}, {noun} {self.filter}: kernel × {self.factor:g}".replace("-", "−")


class Repaint(Edit):
    """Gives a filter's kernel other weights for one input channel."""

    kind: Literal["Repaint"] = "Repaint"
    channel: int = Field(strict=True, ge=0, description="a whole number from 0")
    values: tuple[tuple[Weight, ...], ...] = Field(
        max_length=64, description=f"rows of numbers from {-MAX_WEIGHT:,.0f} to {MAX_WEIGHT:,.0f}"
    )
    title = "Repaint"

    def fault(self, place: Operable) -> str | None:
        """Besides the filter: the channel and the size."""
        fault = super().fault(place)
        if fault is not None:
            return fault
        if self.channel >= place.channels:
            return (
                f"the kernels of {place.layer} have input channels 0 to {place.channels - 1}. "
                f"Received {self.channel}."
            )
        rows, columns = place.size
        if len(self.values) == rows and all(len(row) == columns for row in self.values):
            return None
        lengths = " and ".join(map(str, sorted({len(row) for row in self.values}))) or "0"
        return (
            f"the kernels of {place.layer} have {rows} rows of {columns} numbers. "
            f"Received {len(self.values)} of {lengths}."
        )

    def write(self, kernel: NDArray[np.float32], bias: NDArray[np.float32] | None) -> None:
        """The channel's weights are the new ones."""
        kernel[:, :, self.channel] = self.values

    def words(self, noun: str = "filter") -> str:
        """`conv2d, filter 3: repainted on input channel 0`."""
        return f"{self.layer}, {noun} {self.filter}: repainted on input channel {self.channel}"


@lru_cache(maxsize=32)
def operable(architecture: Architecture) -> Mapping[str, Operable]:
    """The layers whose filters can be operated on, by name, in order; the parts of a block among them."""
    rows = (part for row in architecture.trace().rows for part in row.primitives)
    found = (_operable(row) for row in rows if row.output_shape is not None)
    # Read-only: everything that looks at one edit asks anew, and all get the same.
    return MappingProxyType({place.layer: place for place in found if place is not None})


def _operable(row: Row) -> Operable | None:
    # The last of its kernels: behind the pointwise one of a separable convolution a filter has no other.
    name, shape = next(
        (item for item in reversed(row.weight_shapes.items()) if len(item[1]) in (2, 4)), ("", ())
    )
    if not name:
        return None
    depthwise = name in KINDS[row.kind].depthwise
    return Operable(
        layer=row.name,
        weight=f"{row.name}/{name}",
        bias=f"{row.name}/bias" if "bias" in row.weight_shapes else None,
        filters=shape[-2] * shape[-1] if depthwise else shape[-1],
        channels=1 if depthwise else shape[-2],
        size=(shape[0], shape[1]) if len(shape) == 4 else (1, 1),
        depthwise=depthwise,
        noun="filter" if len(shape) == 4 else "unit",
    )


def read(entries: Iterable[object]) -> tuple[Edit, ...]:
    """Edits from plain dictionaries, as `Edit.model_dump` gives them.

    Raises:
        SpecError: an entry is no edit, or holds what is not accepted; or there are too many.
    """
    entries = tuple(entries)
    if len(entries) > MAX_EDITS:
        raise SpecError(f"Edits: expected at most {MAX_EDITS}. Received {len(entries):,}. Undo some first.")
    return tuple(_read(number, entry) for number, entry in enumerate(entries, start=1))


def _read(number: int, entry: object) -> Edit:
    kind = EDITS.get(str(entry.get("kind"))) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or kind is None:
        what = entry.get("kind") if isinstance(entry, dict) else entry
        raise SpecError(f"Edit {number}: expected one of {', '.join(EDITS)}. Received {shown(what)}.")
    try:
        return kind.from_json(entry)
    except SpecError as exc:
        raise SpecError(f"Edit {number}: {exc}") from exc


def check(edits: Sequence[Edit], architecture: Architecture) -> None:
    """Check that edits are of layers and filters that the network has.

    Raises:
        SpecError: the first that is not; the message says what there is.
    """
    places = operable(architecture)
    for number, edit in enumerate(edits, start=1):
        place = places.get(edit.layer)
        if place is None:
            raise SpecError(
                f"Edit {number} ({edit.title}): no layer {shown(edit.layer)} has kernels. "
                f"There are {', '.join(places)}."
            )
        fault = edit.fault(place)
        if fault is not None:
            raise SpecError(f"Edit {number} ({edit.title}): {fault}")


def edited(
    weights: Weights, architecture: Architecture, edits: Sequence[Edit]
) -> dict[str, NDArray[np.float32]]:
    """What edits make of a network's weights.

    Args:
        weights: by "layer/weight"; not changed. Only those of edited layers are looked up.
        architecture: of the network.
        edits: they take effect in their order.

    Returns:
        The arrays that differ, by the same names: copies.

    Raises:
        SpecError: an edit does not fit the network.
    """
    check(edits, architecture)
    places = operable(architecture)
    changed: dict[str, NDArray[np.float32]] = {}
    for edit in edits:
        place = places[edit.layer]
        for name in (place.weight, place.bias):
            if name is not None and name not in changed:
                changed[name] = weights[name].copy()
        bias = None if place.bias is None else changed[place.bias][edit.filter : edit.filter + 1]
        edit.write(place.kernel(changed[place.weight], edit.filter), bias)
    return changed


def added(edits: Sequence[Edit], new: Edit) -> tuple[Edit, ...]:
    """The list with one more edit behind it, without those that it makes needless.

    A scale takes the place of the scale just before it on the same filter, so that a slider that moves from
    1 to 2 to 3 multiplies by 3. A factor of 1 is no edit. What was edited before a filter was switched off
    stays: switched on again, it is as it was.
    """
    rest = [each for each in edits if not _covers(new, each)]
    if isinstance(new, Scale):
        last = _last(edits, new.layer, new.filter)
        rest = [each for each in edits if each is not last or not isinstance(each, Scale)]
        return tuple(rest) if new.factor == 1 else (*rest, new)
    return (*rest, new)


def without_switch(edits: Sequence[Edit], layer: str, filter: int) -> tuple[Edit, ...]:
    """The list without what switched this filter off."""
    return tuple(
        e for e in edits if not (isinstance(e, SwitchOff) and (e.layer, e.filter) == (layer, filter))
    )


def is_off(edits: Sequence[Edit], layer: str, filter: int) -> bool:
    """Whether a filter is switched off."""
    return len(without_switch(edits, layer, filter)) < len(edits)


def factor(edits: Sequence[Edit], layer: str, filter: int) -> float:
    """The factor that the next scale of this filter takes the place of; 1 where it would be a new one."""
    last = _last(edits, layer, filter)
    return last.factor if isinstance(last, Scale) else 1.0


def _last(edits: Sequence[Edit], layer: str, filter: int) -> Edit | None:
    """The filter's last edit but its switch."""
    found = (each for each in reversed(edits) if (each.layer, each.filter) == (layer, filter))
    return next((each for each in found if not isinstance(each, SwitchOff)), None)


def _covers(new: Edit, old: Edit) -> bool:
    """Whether nothing of an earlier edit is left once the new one took effect."""
    same = (new.layer, new.filter) == (old.layer, old.filter)
    if isinstance(new, Repaint):
        return same and isinstance(old, Repaint) and old.channel == new.channel
    return same and isinstance(new, SwitchOff) and isinstance(old, SwitchOff)
