"""The walk down a stack: one row a layer with its shape, parameters, cost, receptive field and problem.

`Architecture.trace()` is its face. The walk checks every value before it computes with it, so that half-built
or hostile data gives rows and problems, never an exception or a number of a thousand digits.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnnlab.spec.fields import shown
from cnnlab.spec.layers import Dense, Layer, Part, Shape, numbered
from cnnlab.spec.receptive import View

MAX_LAYERS = 64
"""Deeper stacks of plain layers do not train, and no page can show them."""
MAX_PARAMETERS = 50_000_000
"""200 MB of weights in float32, 600 MB with Adam's moments: what a worker can hold on a small machine."""
MAX_ACTIVATION_BYTES = 64 * 2**20
"""Of one image: a batch of 32 then takes 2 GB before any gradient."""
MAX_SIDE = 1024
MAX_CHANNELS = 16
MAX_CLASSES = 1000

FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Mend:
    """A change that was traced and does remove its problem.

    Attributes:
        label: text of a button: "Add Flatten before it".
        layers: the whole stack after the change.
    """

    label: str
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or the stack as a whole, cannot work.

    Attributes:
        code: "input", "layer", "value", "needs_flatten", "needs_map", "too_many_layers",
            "too_many_parameters", "too_much_memory", or the code of a layer's own fault: "window",
            "dilation", "softmax".
        message: where, what was expected, what came and what to do.
        index: the row's index.
        mend: the smallest change found that removes it, if there is one.
    """

    code: str
    message: str
    index: int
    mend: Mend | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One layer in place, or the output.

    Attributes:
        index: position in the stack; the output's is the number of layers.
        name: Keras's automatic name within this model: `conv2d_1`.
        kind: class name of the layer.
        title: what a textbook calls it.
        input_shape: shape that it takes, without the batch axis; None behind a problem.
        output_shape: shape that it gives; None at and behind a problem.
        parameters: number of weights' values, trainable or not.
        trainable_parameters: those that the optimizer changes.
        weight_shapes: shapes of the weights under Keras's names.
        macs: multiply–accumulates for one image.
        activation_bytes: size of the output for one image in float32; of a composite kind, of all its parts'.
        receptive_field: (height, width) of the image that one output value depends on, at most all of it.
        is_output: whether this is the locked last row.
        problem: what keeps it from working, if anything does.
        parts: of a composite kind the rows of what it is made of, in the order in which they are computed;
            the last has the name of the whole.
    """

    index: int
    name: str
    kind: str
    title: str
    input_shape: Shape | None = None
    output_shape: Shape | None = None
    parameters: int = 0
    trainable_parameters: int = 0
    weight_shapes: dict[str, Shape] = dataclasses.field(default_factory=dict)
    macs: int = 0
    activation_bytes: int = 0
    receptive_field: tuple[int, int] | None = None
    is_output: bool = False
    problem: Problem | None = None
    parts: tuple[Row, ...] = ()

    @property
    def primitives(self) -> tuple[Row, ...]:
        """The rows that are one Keras layer each: its parts, or itself."""
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Trace:
    """All rows, the output's last, and their totals.

    Totals count the rows before the first problem that stops the walk.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    total_parameters: int
    trainable_parameters: int
    total_macs: int
    activation_bytes: int

    @property
    def ok(self) -> bool:
        """Whether Keras can build and this machine can hold it."""
        return not self.problems

    @property
    def non_trainable_parameters(self) -> int:
        """Weights' values that training does not change by gradient."""
        return self.total_parameters - self.trainable_parameters

    @property
    def blocked(self) -> int:
        """Number of rows whose output shape is not known."""
        return sum(row.output_shape is None for row in self.rows)


def walk(input_shape: object, classes: object, layers: object) -> Trace:
    """Trace a stack without looking for mends.

    Args:
        input_shape: (height, width, channels) of one image; anything else is a problem.
        classes: number of classes; anything but a whole number from 2 is a problem.
        layers: sequence of layers; anything else in it is a problem of its row.
    """
    stack: Sequence[object] = layers if isinstance(layers, tuple | list) else ()
    wrong_input = input_fault(input_shape, classes)
    units = classes if isinstance(classes, int) and wrong_input is None else 0
    output = Dense.model_construct(units=units, activation="linear")
    everything = [*stack, output]
    names = numbered([type(layer) if isinstance(layer, Layer) else Layer for layer in everything])
    shape: Shape | None = tuple(input_shape) if wrong_input is None else None  # type: ignore[arg-type]
    view = View(shape or ())
    rows: list[Row] = []
    for index, (layer, name) in enumerate(zip(everything, names, strict=True)):
        is_output = index == len(stack)
        fault = _fault(index, layer, is_output, shape, rows, len(stack))
        row, view = _row(
            Row(index, name, _kind(layer), _title(layer), shape, is_output=is_output), layer, view, fault
        )
        shape = row.output_shape
        rows.append(row)
    if wrong_input is not None:
        rows[0] = dataclasses.replace(rows[0], problem=Problem("input", wrong_input, 0))
    return _totals(rows)


def input_fault(input_shape: object, classes: object) -> str | None:
    """Why this input shape or number of classes cannot be used."""
    limits = (MAX_SIDE, MAX_SIDE, MAX_CHANNELS)
    fits = (
        isinstance(input_shape, tuple | list)
        and len(input_shape) == len(limits)
        and all(type(n) is int and 1 <= n <= limit for n, limit in zip(input_shape, limits, strict=True))
    )
    if not fits:
        return (
            f"Input: expected height and width from 1 to {MAX_SIDE} and 1 to {MAX_CHANNELS} channels. "
            f"Received {shown(input_shape)}. Choose a data set."
        )
    if type(classes) is not int or not 2 <= classes <= MAX_CLASSES:
        return f"Input: expected 2 to {MAX_CLASSES} classes. Received {shown(classes)}. Choose a data set."
    return None


def vector_maker(rows: Sequence[Row]) -> Row | None:
    """The first row that turns a map into a vector, whatever its kind; None where there is none."""
    ranks = ((row, len(row.input_shape or ()), len(row.output_shape or ())) for row in rows)
    return next((row for row, before, after in ranks if (before, after) == (3, 1)), None)


def place(index: int, kind: str, is_output: bool) -> str:
    """The start of a message about a row."""
    return f"Output ({kind})" if is_output else f"Layer {index + 1} ({kind})"


def _kind(layer: object) -> str:
    return type(layer).__name__


def _title(layer: object) -> str:
    """What a textbook calls the layer; of what is none, its class."""
    return getattr(type(layer), "title", _kind(layer)) if isinstance(layer, Layer) else _kind(layer)


def _row(row: Row, layer: object, view: View, fault: tuple[str, str] | None) -> tuple[Row, View]:
    """A row, of which only place and input are known, filled in, and the view of its output."""
    if fault is not None:
        code, words = fault
        problem = Problem(code, f"{place(row.index, row.kind, row.is_output)}: {words}", row.index)
        return dataclasses.replace(row, problem=problem), view
    if row.input_shape is None:
        return row, view
    assert isinstance(layer, Layer)
    parts = layer.expand(row.input_shape)
    return _composite(row, parts, view) if parts else _primitive(row, layer, view)


def _primitive(row: Row, layer: Layer, view: View) -> tuple[Row, View]:
    """The row of a layer that is one layer of Keras."""
    shape = row.input_shape
    assert shape is not None
    output = layer.output_shape(shape)
    weights = layer.weight_shapes(shape)
    sizes = {weight: math.prod(dimensions) for weight, dimensions in weights.items()}
    view = view.behind(layer, shape)
    row = Row(
        row.index,
        row.name,
        row.kind,
        row.title,
        input_shape=shape,
        output_shape=output,
        parameters=sum(sizes.values()),
        trainable_parameters=sum(n for weight, n in sizes.items() if weight not in layer.not_trainable),
        weight_shapes=weights,
        macs=layer.macs(shape),
        activation_bytes=FLOAT32_BYTES * math.prod(output),
        receptive_field=view.field,
        is_output=row.is_output,
    )
    return row, view


def _composite(row: Row, parts: Sequence[Part], view: View) -> tuple[Row, View]:
    """The row of a layer made of parts: their sums, the shape and the view of the last."""
    shape = row.input_shape
    assert shape is not None
    values: dict[str, tuple[Shape, View]] = {}
    rows: list[Row] = []
    for part in parts:
        taken = [values.get(name, (shape, view)) for name in part.takes]
        seen = functools.reduce(View.united, (of for _, of in taken))
        name = part_name(row.name, part)
        head = Row(row.index, name, part.layer.kind, part.layer.title, taken[0][0])
        done, seen = _primitive(head, part.layer, seen)
        assert done.output_shape is not None
        values[part.gives] = done.output_shape, seen
        rows.append(done)
    row = dataclasses.replace(
        row,
        output_shape=rows[-1].output_shape,
        parameters=sum(part.parameters for part in rows),
        trainable_parameters=sum(part.trainable_parameters for part in rows),
        weight_shapes={f"{part.name}/{w}": size for part in rows for w, size in part.weight_shapes.items()},
        macs=sum(part.macs for part in rows),
        activation_bytes=sum(part.activation_bytes for part in rows),
        receptive_field=rows[-1].receptive_field,
        parts=tuple(rows),
    )
    return row, seen


def part_name(block: str, part: Part) -> str:
    """Name of a part's Keras layer: the last part bears the name of its block."""
    return f"{block}_{part.name}" if part.name else block


def program(layer: Layer, row: Row) -> list[tuple[Part, str]]:
    """What Keras computes for a layer that has no problem: its parts, or itself as one, with their names."""
    assert row.input_shape is not None
    parts = layer.expand(row.input_shape) or (Part("", layer),)
    return [(part, part_name(row.name, part)) for part in parts]


def _fault(
    index: int, layer: object, is_output: bool, shape: Shape | None, above: Sequence[Row], depth: int
) -> tuple[str, str] | None:
    """Code and words of what is wrong with a row: with its own values first, then with what comes to it."""
    if index == MAX_LAYERS and not is_output:
        return "too_many_layers", f"the stack has {depth} layers, {MAX_LAYERS} are allowed. Remove the rest."
    if not is_output:
        own = own_fault(layer)
        if own is not None:
            return own
    if shape is None:
        return None
    assert isinstance(layer, Layer)
    words = "×".join(map(str, shape))
    if layer.rank == 1 and len(shape) == 3:
        return (
            "needs_flatten",
            f"it takes a vector and gets a map of {words}: Keras would apply it to each pixel alone. "
            f"Add Flatten before it.",
        )
    if layer.rank == 3 and len(shape) == 1:
        maker = vector_maker(above)
        assert maker is not None  # the input is a map
        return "needs_map", f"it takes a map and gets a vector of {words}. It belongs before {maker.kind}."
    fault = layer.fault(shape)
    return None if fault is None else (fault.code, fault.message)


def own_fault(layer: object) -> tuple[str, str] | None:
    """What is wrong with a layer wherever it stands: it is none, or a field holds what it does not accept."""
    if not isinstance(layer, Layer) or not hasattr(type(layer), "title"):
        return "layer", f"expected a layer. Received {shown(layer)}. Remove it."
    for name, control in layer.controls().items():
        value = getattr(layer, name, ...)  # no field accepts an ellipsis
        if not control.accepts(value):
            return "value", f"{name}: expected {control.expected}. Received {shown(value)}."
    return None


def _totals(rows: list[Row]) -> Trace:
    """The trace of these rows, with the problems of the stack as a whole put at the row that weighs most."""
    parameters = sum(row.parameters for row in rows)
    activation_bytes = sum(row.activation_bytes for row in rows)
    if parameters > MAX_PARAMETERS:
        words = (
            f"the network has {parameters:,} parameters, most of them here; {MAX_PARAMETERS:,} are allowed. "
            f"Use a smaller layer, or pool before it."
        )
        _weigh(rows, "too_many_parameters", words, [row.parameters for row in rows])
    if activation_bytes > MAX_ACTIVATION_BYTES:
        words = (
            f"the outputs for one image take {activation_bytes / 2**20:,.0f} MB, most of it here; "
            f"{MAX_ACTIVATION_BYTES // 2**20} MB are allowed. Use fewer filters, or pool before it."
        )
        _weigh(rows, "too_much_memory", words, [row.activation_bytes for row in rows])
    return Trace(
        rows=tuple(rows),
        problems=tuple(row.problem for row in rows if row.problem is not None),
        total_parameters=parameters,
        trainable_parameters=sum(row.trainable_parameters for row in rows),
        total_macs=sum(row.macs for row in rows),
        activation_bytes=activation_bytes,
    )


def _weigh(rows: list[Row], code: str, words: str, weights: list[int]) -> None:
    """Put a problem of the whole stack at the heaviest row; one row says one problem, the first it has."""
    index = weights.index(max(weights))
    row = rows[index]
    if row.problem is None:
        problem = Problem(code, f"{place(index, row.kind, row.is_output)}: {words}", index)
        rows[index] = dataclasses.replace(row, problem=problem)
