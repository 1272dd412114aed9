"""Mends: for each problem of a trace, the change that was traced and does remove it.

Candidates are tried in the order of how little they change; of those that work, the one that leaves the
fewest rows without a shape is offered.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

from cnnlab.spec.layers import Flatten, Layer, MaxPooling2D, Shape
from cnnlab.spec.walk import MAX_LAYERS, Mend, Problem, Trace, own_fault, vector_maker, walk

Stack = tuple[Any, ...]
Candidate = tuple[str, Stack]

_SIMPLY_GONE = frozenset({"layer", "value", "too_many_parameters", "too_much_memory"})
"""Problems of which a mend leaves fewer. At the others the walk stops, and a mend lets it come further."""
_LEAST_WIDTH = 4
"""A layer halved below this would be a different network, not a smaller one."""


def with_mends(trace: Trace, input_shape: object, classes: object, layers: object) -> Trace:
    """The same trace with the mend of each problem that has one."""
    stack = tuple(layers) if isinstance(layers, tuple | list) else ()
    rows = list(trace.rows)
    for problem in trace.problems:
        mend = _best(trace, problem, input_shape, classes, stack)
        mended = dataclasses.replace(problem, mend=mend)
        rows[problem.index] = dataclasses.replace(rows[problem.index], problem=mended)
    problems = tuple(row.problem for row in rows if row.problem is not None)
    return dataclasses.replace(trace, rows=tuple(rows), problems=problems)


def _best(before: Trace, problem: Problem, input_shape: object, classes: object, stack: Stack) -> Mend | None:
    """The candidate that removes the problem and leaves the fewest rows blocked; of equals, the first."""
    best: tuple[int, Mend] | None = None
    for label, layers in _candidates(before, problem, stack):
        after = walk(input_shape, classes, layers)
        if _removes(problem, before, after) and (best is None or after.blocked < best[0]):
            best = (after.blocked, Mend(label, layers))
            if after.blocked == 0:
                break
    return None if best is None else best[1]


def _removes(problem: Problem, before: Trace, after: Trace) -> bool:
    """Whether the problem of `before` is gone in `after`."""
    if problem.code not in _SIMPLY_GONE:
        return after.blocked < before.blocked
    return _count(after, problem.code) < _count(before, problem.code) and after.blocked <= before.blocked


def _count(trace: Trace, code: str) -> int:
    return sum(problem.code == code for problem in trace.problems)


def _candidates(trace: Trace, problem: Problem, stack: Stack) -> Iterator[Candidate]:
    """Changes that may remove the problem, the smallest first."""
    index = problem.index
    row = trace.rows[index]
    before, layer, behind = stack[:index], stack[index : index + 1], stack[index + 1 :]
    match problem.code:
        case "layer":
            yield "Remove it", before + behind
        case "value":
            yield "Use an allowed value", (*before, _with_allowed_values(layer[0]), *behind)
        case "needs_flatten":
            yield "Add Flatten before it", (*before, Flatten(), *layer, *behind)
        case "needs_map":
            yield from _map_candidates(trace, index, stack)
        case "too_many_layers":
            yield f"Keep the first {MAX_LAYERS} layers", before
        case "too_many_parameters" | "too_much_memory":
            yield from _smaller_candidates(trace, index, stack)
        case "input":
            return
        case _:
            assert row.input_shape is not None
            fault = layer[0].fault(row.input_shape)
            for label, replacement in fault.mends if fault else ():
                yield label, before + replacement + behind


def _with_allowed_values(layer: Layer) -> Layer:
    """The layer with each value that it does not accept moved to the nearest one that it does."""
    kind = type(layer)
    values = {name: getattr(layer, name, ...) for name, c in kind.controls().items()}
    return kind(**{name: kind.controls()[name].nearest(value) for name, value in values.items()})


def _map_candidates(trace: Trace, index: int, stack: Stack) -> Iterator[Candidate]:
    """For a layer that needs a map and stands behind one that turned it into a vector."""
    maker = vector_maker(trace.rows[:index])
    assert maker is not None
    assert maker.input_shape is not None
    first, layer, behind = maker.index, stack[index], stack[index + 1 :]
    if first == index - 1 and any(_makes_vector(other, maker.input_shape) for other in behind):
        yield f"Remove the {maker.kind} before it", (*stack[:first], layer, *behind)
    yield f"Move it before {maker.kind}", (*stack[:first], layer, *stack[first:index], *behind)
    yield f"Remove {layer.kind}", stack[:index] + behind


def _makes_vector(layer: Any, shape: Shape) -> bool:
    """Whether a layer of the stack would turn this map into a vector; a dense layer takes none."""
    return own_fault(layer) is None and layer.rank != 1 and len(layer.output_shape(shape)) == 1


def _smaller_candidates(trace: Trace, index: int, stack: Stack) -> Iterator[Candidate]:
    """For a network that is too large: the heaviest layer narrower, or its input pooled."""
    width = None if trace.rows[index].is_output else stack[index].width
    if width is not None:
        value = getattr(stack[index], width)
        for power in range(1, int(math.log2(max(1, value // _LEAST_WIDTH))) + 1):
            narrower = stack[index].replace(**{width: value >> power})
            yield f"Use {width} {value >> power}", (*stack[:index], narrower, *stack[index + 1 :])
    maker = vector_maker(trace.rows[:index])
    at, name = (index, "it") if maker is None else (maker.index, maker.kind)
    for size in (2, 4, 8):
        label = f"Add {size}×{size} max pooling before {name}"
        yield label, (*stack[:at], MaxPooling2D(pool_size=size), *stack[at:])
