"""What differs between designs and between results: the rows of a comparison, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cnnlab.spec.design import Design
from cnnlab.spec.fields import Control
from cnnlab.spec.layers import Layer
from cnnlab.spec.training import TrainingConfig

NOTHING = "–"
"""What stands where a run has no such layer, setting or number."""
_FIELDS_SHOWN = 2
"""Of a layer that only some runs have, so many fields are told: the first ones are what it is."""

Group = Literal["Data", "Network", "Training", "Result"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of a comparison.

    Attributes:
        group: What it belongs to.
        what: What differs, such as "Convolution 2, filters".
        values: One a run, in words.
    """

    group: Group
    what: str
    values: tuple[str, ...]


def design_differences(designs: Sequence[Design]) -> list[Difference]:
    """Return what differs between designs: data set, layers, settings. What they share is left out."""
    rows = [
        _row("Data", "Data set", [design.dataset for design in designs]),
        *_layers([design.architecture.layers for design in designs]),
        *_training([design.training for design in designs]),
    ]
    return _differing(rows)


def result_differences(
    results: Sequence[Mapping[str, Any]],
    words: Mapping[str, tuple[str, Callable[[Any], str]]],
    group: Group = "Result",
) -> list[Difference]:
    """Return what differs between results.

    Args:
        results: One mapping a run, of names to numbers; one that is missing or None is not known.
        words: Name → how a row is called, and how its numbers are told.
        group: What the rows belong to.
    """
    rows = []
    for name, (what, tell) in words.items():
        values = [result.get(name) for result in results]
        rows.append(_row(group, what, [NOTHING if value is None else tell(value) for value in values]))
    return _differing(rows)


def aligned(stacks: Sequence[Sequence[str]]) -> list[tuple[int | None, ...]]:
    """Lay stacks side by side so that equal entries share a row, as a diff does.

    Args:
        stacks: The kinds of each stack's layers.

    Returns:
        One tuple a row: each stack's position there, or None where it has no such entry.

    Example:
        >>> aligned([("Conv2D", "Flatten"), ("Conv2D", "Dropout", "Flatten")])
        [(0, 0), (None, 1), (1, 2)]
    """
    rows: list[tuple[str, list[int | None]]] = []
    for place, stack in enumerate(stacks):
        merged: list[tuple[str, list[int | None]]] = []
        row = position = 0
        for shared_row, shared_position in [*_shared(rows, stack), (len(rows), len(stack))]:
            merged += [(kind, [*held, None]) for kind, held in rows[row:shared_row]]
            merged += [(stack[k], [*[None] * place, k]) for k in range(position, shared_position)]
            if shared_row < len(rows):
                kind, held = rows[shared_row]
                merged.append((kind, [*held, shared_position]))
            row, position = shared_row + 1, shared_position + 1
        rows = merged
    return [tuple(held) for _, held in rows]


def _shared(rows: Sequence[tuple[str, list[int | None]]], stack: Sequence[str]) -> list[tuple[int, int]]:
    """Which entry of a stack shares which row, both rising.

    The longest common subsequence, in which a row counts as often as stacks already have it: a third stack
    then lies where most of the others do.
    """
    weights = [sum(position is not None for position in held) for _, held in rows]
    best = [[0] * (len(stack) + 1) for _ in range(len(rows) + 1)]
    for i in reversed(range(len(rows))):
        for j in reversed(range(len(stack))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            if rows[i][0] == stack[j]:
                best[i][j] = max(best[i][j], weights[i] + best[i + 1][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(rows) and j < len(stack):
        if rows[i][0] == stack[j] and best[i][j] == weights[i] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _layers(stacks: Sequence[Sequence[Layer]]) -> Iterable[Difference]:
    """A row a field where all have the layer, else a row a layer."""
    numbers: dict[str, int] = {}
    for positions in aligned([[layer.kind for layer in stack] for stack in stacks]):
        held = [
            None if position is None else stack[position]
            for stack, position in zip(stacks, positions, strict=True)
        ]
        present = [layer for layer in held if layer is not None]
        kind, title = present[0].kind, present[0].title
        numbers[kind] = numbers.get(kind, 0) + 1
        name = f"{title} {numbers[kind]}"
        if len(present) == len(held):
            for control in present[0].controls().values():
                values = [_value(control, getattr(layer, control.name)) for layer in present]
                yield _row("Network", f"{name}, {_lower(control.label)}", values)
        else:
            yield _row("Network", name, [NOTHING if layer is None else _layer(layer) for layer in held])


def _layer(layer: Layer) -> str:
    """A layer that others lack, by its first fields: "filters 32, kernel size 3"."""
    held = [(control, getattr(layer, control.name)) for control in layer.controls().values()]
    shown = [(control, value) for control, value in held if value is not None][:_FIELDS_SHOWN]
    return ", ".join(f"{_lower(control.label)} {_value(control, value)}" for control, value in shown) or "yes"


def _training(configs: Sequence[TrainingConfig]) -> Iterable[Difference]:
    relevant = [config.relevant() for config in configs]
    for name, control in TrainingConfig.controls().items():
        values = [
            _value(control, getattr(config, name)) if name in used else NOTHING
            for config, used in zip(configs, relevant, strict=True)
        ]
        yield _row("Training", control.label, values)
    yield _row("Training", "Augmentation", [_augmentation(config) for config in configs])


def _augmentation(config: TrainingConfig) -> str:
    told = []
    for kind in config.augmentation:
        values = [_value(control, getattr(kind, control.name)) for control in kind.controls().values()]
        told.append(f"{kind.title} {' × '.join(values)}")
    return ", ".join(told) or NOTHING


def _value(control: Control, value: object) -> str:
    """A field's value as its form shows it."""
    if value is None:
        return control.none or NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if control.format and isinstance(value, int | float):
        return control.format % value
    return str(value)


def _row(group: Group, what: str, values: Sequence[str]) -> Difference:
    return Difference(group, what, tuple(values))


def _differing(rows: Iterable[Difference]) -> list[Difference]:
    return [row for row in rows if len(set(row.values)) > 1]


def _lower(label: str) -> str:
    """A label within a sentence; L1, and other capitals that are not a first letter, stay."""
    return label if label[1:2].isupper() or label[1:2].isdigit() else label[:1].lower() + label[1:]
