from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.datasets.splits import Parts, split
from cnnlab.errors import DatasetError

LABELS = np.repeat(np.arange(5), [100, 40, 20, 10, 3])
FIRST_TEST = [5, 8, 9, 10, 11, 13, 16, 20, 27, 36, 37, 52]
VALIDATION = [0, 2, 14, 31, 32, 44, 60, 88, 122, 129, 134, 149, 158, 166]


def parts(seed: int = 0, validation_share: float = 0.1, test_count: int = 0) -> Parts:
    return split(LABELS, test_count=test_count, seed=seed, validation_share=validation_share)


@given(
    counts=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    seed=st.integers(0, 2**64),
    share=st.floats(0, 0.5),
    own_test=st.booleans(),
)
def test_every_image_is_in_exactly_one_part(
    counts: list[int], seed: int, share: float, own_test: bool
) -> None:
    labels = np.random.default_rng(seed % 1000).permutation(np.repeat(np.arange(len(counts)), counts))
    train, validation, test = split(
        labels, test_count=len(labels) // 3 if own_test else 0, seed=seed, validation_share=share
    )
    assert sorted([*train, *validation, *test]) == list(range(len(labels)))
    assert abs(len(validation) - share * (len(train) + len(validation))) <= 0.5 + 1e-6
    for part in (train, validation, test):
        assert part.dtype == np.int64
        assert list(part) == sorted(part)


def test_the_same_seed_gives_the_same_images_on_every_machine() -> None:
    assert parts().test[:12].tolist() == FIRST_TEST
    assert parts().validation.tolist() == VALIDATION


def test_another_seed_gives_other_images() -> None:
    assert parts(seed=1).test.tolist() != parts(seed=0).test.tolist()
    assert parts(seed=1).validation.tolist() != parts(seed=0).validation.tolist()


def test_every_class_gives_its_share_to_the_test_part() -> None:
    assert np.bincount(LABELS[parts().test]).tolist() == [20, 8, 4, 2, 1]


def test_the_validation_share_is_a_share_of_the_training_part() -> None:
    train, validation, test = parts(validation_share=0.25)
    assert len(test) == 35
    assert len(validation) == round(0.25 * (173 - 35))
    assert len(train) == 173 - 35 - len(validation)


def test_the_validation_share_leaves_the_test_part_alone() -> None:
    assert parts(validation_share=0.5).test.tolist() == parts(validation_share=0).test.tolist()


def test_no_share_gives_an_empty_validation_part() -> None:
    assert len(parts(validation_share=0).validation) == 0


def test_a_sets_own_test_images_stay_its_test_part_whatever_the_seed() -> None:
    for seed in range(5):
        assert parts(seed=seed, test_count=30).test.tolist() == list(range(143, 173))


@pytest.mark.parametrize("share", [-0.1, 0.51, math.nan, math.inf])
def test_a_share_that_cannot_be_used_is_said(share: float) -> None:
    with pytest.raises(DatasetError, match=r"expected a validation share from 0 to 0\.5\. Received"):
        parts(validation_share=share)


def test_a_negative_seed_is_said() -> None:
    with pytest.raises(DatasetError, match=r"expected a seed from 0 up\. Received -1\."):
        parts(seed=-1)
