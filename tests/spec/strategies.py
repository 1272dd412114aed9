"""Hypothesis strategies made from the declarations: a new layer kind is generated without a word here."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from cnnlab.spec.architecture import Architecture
from cnnlab.spec.augmentation import AUGMENTATIONS, MAX_AUGMENTATIONS, Augmentation
from cnnlab.spec.design import Design
from cnnlab.spec.fields import Control, Spec, controls
from cnnlab.spec.layers import KINDS, Layer
from cnnlab.spec.training import TrainingConfig

LARGEST_WIDTH = 6
"""Filters and units of generated networks: shapes do not get truer with more."""


def values(control: Control, *, small: bool = False) -> st.SearchStrategy[Any]:
    """Every value that a field accepts; with `small`, those that make a network quick to build."""
    if control.kind == "switch":
        return st.booleans()
    if control.kind == "choice":
        return st.sampled_from(control.options)
    if control.kind == "real":
        return st.floats(control.low, control.high)
    high = LARGEST_WIDTH if small else control.high
    numbers = st.integers(control.low, high)
    return st.none() | numbers if control.none is not None else numbers


def specs(model: type[Spec], *, small: bool = False) -> st.SearchStrategy[Any]:
    """Every value of a class made of declared fields."""
    fields = {name: values(control, small=small) for name, control in controls(model).items()}
    return st.builds(model, **fields)


def layers(*, small: bool = True) -> st.SearchStrategy[Layer]:
    """A layer of any kind."""
    return st.one_of([specs(kind, small=small) for kind in KINDS.values()])


def augmentations() -> st.SearchStrategy[tuple[Augmentation, ...]]:
    """Stacks of any kinds of augmentation in any order."""
    kinds = st.one_of([specs(kind) for kind in AUGMENTATIONS.values()])
    return st.lists(kinds, max_size=MAX_AUGMENTATIONS).map(tuple)


def shapes(most: int = 24) -> st.SearchStrategy[tuple[int, int, int]]:
    """Image shapes."""
    return st.tuples(st.integers(1, most), st.integers(1, most), st.integers(1, 4))


def architectures(most_layers: int = 8) -> st.SearchStrategy[Architecture]:
    """Stacks of any kinds in any order: most of them have a problem."""
    stacks = st.lists(layers(), max_size=most_layers).map(tuple)
    return st.builds(Architecture, input_shape=shapes(), classes=st.integers(2, 12), layers=stacks)


def designs() -> st.SearchStrategy[Design]:
    """Designs with any training."""
    names = st.from_regex(r"\A[a-z0-9][a-z0-9_.-]{0,20}\Z")
    return st.builds(
        Design,
        dataset=names,
        architecture=architectures(),
        training=specs(TrainingConfig),
        preset=st.none() | names,
    )


def mended(architecture: Architecture) -> Architecture:
    """The architecture after following the mends, for at most as many steps as it has problems to meet."""
    for _ in range(4 * len(architecture.layers) + 4):
        problems = architecture.trace().problems
        if not problems:
            break
        mend = problems[0].mend
        assert mend is not None, problems[0]
        architecture = architecture.with_layers(mend.layers)
    return architecture
