"""Editing a design: add, remove, move, duplicate, change, undo and redo.

An `Editor` is a value: every edit returns a new one, so undoing is keeping the old one. Layers are named by
ids that stay theirs while they move, because widgets and the diagram refer to them between two reruns.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from cnnlab.spec.architecture import Mend
from cnnlab.spec.design import Design
from cnnlab.spec.layers import KINDS, Layer

OUTPUT = "output"
"""The id of the locked output row, which is no layer of the design."""

Packed = tuple[str, tuple[str, ...], str]
"""A snapshot as plain data: the design's JSON, the layers' ids, the selected id."""

HISTORY = 100
"""How many steps can be undone; a design is under 5 kB, a session's history under half a megabyte."""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A design with the ids of its layers and the id of the selected one."""

    design: Design
    ids: tuple[str, ...]
    selected: str

    @property
    def position(self) -> int | None:
        """Index of the selected layer, None where the output is selected."""
        return self.ids.index(self.selected) if self.selected in self.ids else None

    @property
    def layer(self) -> Layer | None:
        """The selected layer, None where the output is selected."""
        return None if self.position is None else self.design.architecture.layers[self.position]

    def pack(self) -> Packed:
        """This snapshot as plain data, which a session may keep while modules are reloaded."""
        return self.design.to_json(), self.ids, self.selected

    @classmethod
    def unpack(cls, packed: Packed) -> Self:
        """The snapshot that was packed."""
        text, ids, selected = packed
        return cls(Design.from_json(text), tuple(ids), selected)


@dataclasses.dataclass(frozen=True)
class Editor:
    """What is being designed now, what it was before, and what was undone."""

    now: Snapshot
    past: tuple[Packed, ...] = ()
    future: tuple[Packed, ...] = ()

    @classmethod
    def open(cls, design: Design) -> Self:
        """An editor on `design`, with nothing to undo."""
        return cls(now=_fresh(design))

    def load(self, design: Design) -> Self:
        """Replace the whole design; undo brings the old one back."""
        return self._step(_fresh(design))

    def select(self, layer_id: str) -> Self:
        """Select a layer or the output; an id that is gone selects nothing new."""
        if layer_id not in (*self.now.ids, OUTPUT):
            return self
        return dataclasses.replace(self, now=dataclasses.replace(self.now, selected=layer_id))

    def add(self, kind: str) -> Self:
        """Add a layer of this kind with its defaults behind the selected one (before the output)."""
        position = self.now.position
        at = len(self.now.ids) if position is None else position + 1
        return self._insert(at, KINDS[kind]())

    def duplicate(self) -> Self:
        """Add a copy of the selected layer behind it."""
        position = self.now.position
        if position is None:
            return self
        return self._insert(position + 1, self._layers[position])

    def remove(self) -> Self:
        """Remove the selected layer and select the one that takes its place."""
        position = self.now.position
        if position is None:
            return self
        ids = _without(self.now.ids, position)
        selected = (*ids, OUTPUT)[position]
        return self._step(self._snapshot(_without(self._layers, position), ids, selected))

    def move(self, by: int) -> Self:
        """Move the selected layer towards the input (by < 0) or the output (by > 0), as far as can be."""
        position = self.now.position
        if position is None:
            return self
        to = min(max(position + by, 0), len(self.now.ids) - 1)
        if to == position:
            return self
        layers, ids = list(self._layers), list(self.now.ids)
        layers.insert(to, layers.pop(position))
        ids.insert(to, ids.pop(position))
        return self._step(self._snapshot(layers, ids, self.now.selected))

    def change(self, layer_id: str, **fields: Any) -> Self:
        """Set fields of one layer.

        Raises:
            SpecError: a value that the layer's declaration does not allow.
        """
        if layer_id not in self.now.ids:
            return self
        position = self.now.ids.index(layer_id)
        old = self._layers[position]
        new = old.replace(**fields)
        layers = [*self._layers[:position], new, *self._layers[position + 1 :]]
        return self if new == old else self._step(self._snapshot(layers, self.now.ids, layer_id))

    def apply(self, mend: Mend) -> Self:
        """Take over the layers of a mend; layers that it keeps or replaces keep their ids."""
        left = list(zip(self._layers, self.now.ids, strict=True))
        ids: list[str | None] = []
        for layer in mend.layers:
            kept = next((pair for pair in left if pair[0] == layer), None)
            ids.append(kept[1] if kept else None)
            if kept:
                left.remove(kept)
        # A layer that the mend changed is still that layer: it takes the id of the one that is gone.
        spare = itertools.chain((layer_id for _, layer_id in left), _new_ids(self.now.ids))
        whole = [next(spare) if layer_id is None else layer_id for layer_id in ids]
        selected = self.now.selected if self.now.selected in (*whole, OUTPUT) else OUTPUT
        return self._step(self._snapshot(mend.layers, whole, selected))

    def with_design(self, **fields: Any) -> Self:
        """Set fields of the design itself (data set, training, architecture of the same layers)."""
        design = self.now.design.model_copy(update=fields)
        return self if design == self.now.design else self._step(dataclasses.replace(self.now, design=design))

    def undo(self) -> Self:
        """Go back one edit."""
        if not self.past:
            return self
        *past, before = self.past
        return dataclasses.replace(
            self, now=Snapshot.unpack(before), past=tuple(past), future=(self.now.pack(), *self.future)
        )

    def redo(self) -> Self:
        """Do again what was undone last."""
        if not self.future:
            return self
        after, *future = self.future
        return dataclasses.replace(
            self, now=Snapshot.unpack(after), past=(*self.past, self.now.pack()), future=tuple(future)
        )

    @property
    def _layers(self) -> tuple[Layer, ...]:
        return self.now.design.architecture.layers

    def _insert(self, at: int, layer: Layer) -> Self:
        new = next(_new_ids(self.now.ids))
        layers = [*self._layers[:at], layer, *self._layers[at:]]
        ids = [*self.now.ids[:at], new, *self.now.ids[at:]]
        return self._step(self._snapshot(layers, ids, new))

    def _snapshot(self, layers: Iterable[Layer], ids: Iterable[str], selected: str) -> Snapshot:
        architecture = self.now.design.architecture.replace(layers=tuple(layers))
        return Snapshot(
            self.now.design.model_copy(update={"architecture": architecture}), tuple(ids), selected
        )

    def _step(self, snapshot: Snapshot) -> Self:
        return dataclasses.replace(
            self, now=snapshot, past=(*self.past, self.now.pack())[-HISTORY:], future=()
        )


def _fresh(design: Design) -> Snapshot:
    ids = tuple(itertools.islice(_new_ids(()), len(design.architecture.layers)))
    return Snapshot(design, ids, ids[0] if ids else OUTPUT)


def _new_ids(taken: Sequence[str]) -> Iterator[str]:
    """Ids that no layer has now."""
    used = [int(name[1:]) for name in taken]
    return (f"L{number}" for number in itertools.count(max(used, default=0) + 1))


def _without(items: Sequence[Any], position: int) -> tuple[Any, ...]:
    return (*items[:position], *items[position + 1 :])
