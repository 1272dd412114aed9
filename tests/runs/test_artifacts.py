from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnlab.errors import RunNotFound, RunStateError, StorageError
from cnnlab.runs import Checkpoint, RunFiles, npz
from cnnlab.runs.retention import states_to_keep, steps_to_keep

ID = "0123456789"
ONE = {"dense/kernel": np.ones((2, 3), np.float32)}


@pytest.fixture
def files(home: Path) -> RunFiles:
    return RunFiles(ID)


@pytest.mark.parametrize("run_id", ["../0123456", "..", "", "/etc/passwd", "012345678/", "０123456789", None])
def test_an_id_that_is_none_never_becomes_a_path(run_id: str) -> None:
    with pytest.raises(RunNotFound, match="There is no run"):
        RunFiles(run_id)


def test_files_lie_in_the_home_of_the_settings_or_in_a_given_one(home: Path, tmp_path: Path) -> None:
    assert RunFiles(ID).folder == home / "runs" / ID
    assert RunFiles(ID, home=tmp_path).folder == tmp_path / "runs" / ID


def test_looking_at_a_run_without_files_makes_none(files: RunFiles, home: Path) -> None:
    assert files.states() == []
    assert files.checkpoints() == []
    assert files.read_evaluation(3) is None
    assert not files.locked()
    files.prune()
    files.remove()
    assert not home.exists()


@pytest.mark.parametrize("epoch", [0.0, 1 / 45_000, 1e-12, 0.1 + 0.2, 2.5, 7.0, 123456789.125, 1e22])
def test_what_was_kept_at_any_share_of_an_epoch_is_found_again(epoch: float, files: RunFiles) -> None:
    files.write_weights(1, epoch, ONE)
    files.write_state(1, ONE, {"epoch": epoch})
    assert files.checkpoints() == [Checkpoint(1, epoch)]
    assert files.states() == [1]


def test_a_state_comes_back_bit_by_bit_and_in_order(files: RunFiles) -> None:
    generator = np.random.default_rng(0)
    arrays: dict[str, Any] = {
        "file": generator.normal(size=(3, 4)).astype(np.float32),
        "model/2/seed": np.array([1, 2**32 - 1], dtype=np.uint32),
        "../up": np.array(7, dtype=np.int64),
        "a": np.zeros((0, 5), dtype=np.float64),
        "transposed": generator.normal(size=(5, 6)).T,
        "nan": np.array([np.nan, -0.0, np.inf], dtype=np.float16),
        "flags.npy": np.array([True, False]),
    }
    meta = {"epoch": 2.5, "sums": [1.0, 2.0], "name": "é"}
    files.write_state(120, arrays, meta)
    read, read_meta = files.read_state(120)
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        assert read[name].dtype == array.dtype
        assert read[name].shape == array.shape
        assert read[name].tobytes() == array.tobytes()
        assert read[name].flags.writeable
    assert read_meta == meta
    assert files.states() == [120]


def test_weights_are_listed_with_their_epochs(files: RunFiles) -> None:
    for step, epoch in ((150, 1.25), (0, 0), (120, 1.0)):
        files.write_weights(step, epoch, ONE)
    assert files.checkpoints() == [Checkpoint(0, 0.0), Checkpoint(120, 1.0), Checkpoint(150, 1.25)]
    np.testing.assert_array_equal(files.read_weights(150)["dense/kernel"], ONE["dense/kernel"])
    assert files.states() == []


def test_a_step_written_again_replaces_the_first(files: RunFiles) -> None:
    files.write_weights(10, 1.0, ONE)
    files.write_weights(10, 2.0, {"dense/kernel": np.zeros((1, 1), np.float32)})
    assert files.checkpoints() == [Checkpoint(10, 2.0)]
    assert files.read_weights(10)["dense/kernel"].shape == (1, 1)


def test_an_evaluation_comes_back(files: RunFiles) -> None:
    probabilities = np.array([[0.25, 0.75], [1, 0]])
    files.write_evaluation(12, probabilities, np.array([1, 0], dtype=np.uint8), 0.125)
    evaluation = files.read_evaluation(12)
    assert evaluation is not None
    np.testing.assert_array_equal(evaluation.probabilities, probabilities)
    assert (evaluation.probabilities.dtype.name, evaluation.labels.dtype.name) == ("float32", "int64")
    assert (evaluation.labels.tolist(), evaluation.loss, evaluation.step) == ([1, 0], 0.125, 12)
    assert files.read_evaluation(13) is None


@pytest.mark.parametrize("content", [b"", b"no zip", None], ids=["empty", "garbage", "half"])
def test_a_damaged_evaluation_is_none_and_is_written_anew(files: RunFiles, content: bytes | None) -> None:
    answers = np.full((2, 2), 0.5), np.array([1, 0])
    files.write_evaluation(12, *answers, 0.125)
    (path,) = files.folder.glob("evaluation-*.npz")
    path.write_bytes(path.read_bytes()[:300] if content is None else content)
    assert files.read_evaluation(12) is None
    files.write_evaluation(12, *answers, 0.25)
    evaluation = files.read_evaluation(12)
    assert evaluation is not None
    assert evaluation.loss == 0.25


def test_weights_that_were_taken_away_are_named_but_not_those_that_were_thinned(files: RunFiles) -> None:
    ends = [Checkpoint(10 * epoch, float(epoch)) for epoch in range(1, 151)]
    for end in ends[:4]:
        files.write_weights(end.step, end.epoch, ONE)
    assert files.missing_weights(ends[:4]) == []
    (files.folder / "weights-00000020-2.0.npz").unlink()
    assert files.missing_weights(ends[:4]) == ["weights-00000020-2.0.npz"]
    for end in ends[4:]:
        files.write_weights(end.step, end.epoch, ONE)
        files.prune()
    assert len(files.checkpoints()) < len(ends)
    assert files.missing_weights(ends) == []


def test_an_evaluation_of_other_shapes_is_refused(files: RunFiles) -> None:
    with pytest.raises(ValueError, match=r"labels of shape \(n,\)\. Received \(3, 2\) and \(2,\)\."):
        files.write_evaluation(1, np.zeros((3, 2), np.float32), np.zeros(2, np.int64), 0.0)


@pytest.mark.parametrize(("step", "epoch"), [(-1, 0.0), (1, -1.0), (1, float("nan")), (1, float("inf"))])
def test_a_place_that_cannot_be_is_refused(files: RunFiles, step: int, epoch: float) -> None:
    with pytest.raises(ValueError, match="Expected a step and an epoch of 0 or more"):
        files.write_weights(step, epoch, ONE)


def test_a_step_that_is_not_kept_is_named_with_those_that_are(files: RunFiles) -> None:
    with pytest.raises(StorageError, match=r"keeps no state of step 7\. Kept steps: none\."):
        files.read_state(7)
    files.write_weights(3, 1, ONE)
    files.write_weights(6, 2, ONE)
    with pytest.raises(StorageError, match=r"keeps no weights of step 7\. Kept steps: 3, 6\."):
        files.read_weights(7)


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, object, "U3", "datetime64[s]"])
def test_a_type_that_is_not_numpys_own_number_is_refused(files: RunFiles, dtype: Any) -> None:
    array = np.zeros(3, dtype=dtype)
    with pytest.raises(
        StorageError, match=r"'dense/kernel' has the type .*, expected one of NumPy's own number"
    ):
        files.write_state(1, {"dense/kernel": array}, {})
    assert files.states() == []


def test_a_pickle_in_a_file_is_never_loaded(files: RunFiles) -> None:
    files.write_weights(1, 1, ONE)
    path = next(files.folder.iterdir())
    np.savez(path, meta=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StorageError, match="is damaged"):
        files.read_weights(1)


def test_every_damaged_byte_is_noticed_or_harmless(files: RunFiles) -> None:
    files.write_state(1, {"a": np.arange(4, dtype=np.int32)}, {"epoch": 1})
    path = next(files.folder.iterdir())
    whole = path.read_bytes()
    damaged = 0
    for place in range(len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 0xFF
        path.write_bytes(broken)
        outcome = _read_or_error(files)
        if isinstance(outcome, StorageError):
            assert f"{path.parent.name}/{path.name}" in str(outcome)
            assert "is damaged" in str(outcome)
            damaged += 1
        else:  # a date or a permission inside the zip
            assert outcome[0]["a"].tolist() == [0, 1, 2, 3]
            assert outcome[1] == {"epoch": 1}
    assert damaged > len(whole) / 2


def _read_or_error(files: RunFiles) -> tuple[dict[str, Any], dict[str, Any]] | StorageError:
    try:
        return files.read_state(1)
    except StorageError as error:
        return error


def test_every_cut_is_noticed(files: RunFiles) -> None:
    files.write_state(1, {"a": np.arange(4, dtype=np.int32)}, {"epoch": 1})
    path = next(files.folder.iterdir())
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(StorageError, match="is damaged"):
            files.read_state(1)


def test_a_file_that_vanishes_while_it_is_read_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="is not there any more"):
        npz.read(tmp_path / "gone.npz")
    with pytest.raises(StorageError, match="cannot be used"):
        npz.read(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on a file system of 256 KB; where none may be mounted, writes fail as they would there."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if mounted:
        yield folder
        subprocess.run(["umount", "-l", str(folder)], check=True)
        return

    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    yield folder


def test_a_full_disk_is_said_in_words_and_leaves_the_last_state(small_disk: Path) -> None:
    files = RunFiles(ID, home=small_disk)
    with pytest.raises(
        StorageError, match=r"state-00000010-1\.0\.npz cannot be written: the disk is full\. Free"
    ):
        files.write_state(10, {"a": np.zeros(1_000_000)}, {"epoch": 1})
    assert files.states() == []
    assert list(files.folder.iterdir()) == []


def test_a_writer_that_fails_leaves_the_file_that_was_there(
    files: RunFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write_state(10, {"a": np.arange(3)}, {"epoch": 1})

    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="cannot be used: Input/output error"):
        files.write_state(10, {"a": np.arange(9)}, {"epoch": 1})
    assert files.read_state(10)[0]["a"].tolist() == [0, 1, 2]
    assert len(list(files.folder.iterdir())) == 1


def test_files_that_cannot_be_removed_are_named(files: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write_weights(1, 1, ONE)

    def fail(_: Path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("shutil.rmtree", fail)
    with pytest.raises(
        StorageError, match=rf"The folder {files.folder} cannot be removed: Permission denied\."
    ):
        files.remove()


def test_the_lock_excludes_within_a_process_too(files: RunFiles) -> None:
    with files.lock():
        assert files.locked()
        with pytest.raises(filelock.Timeout):
            files.lock(timeout=0).acquire()
        with files.try_lock() as free:
            assert not free
        assert files.locked()
    assert not files.locked()
    with files.try_lock() as free:
        assert free
        assert files.locked()


def test_prune_keeps_the_last_five_states_and_every_tenth_epoch(files: RunFiles) -> None:
    for epoch in range(1, 28):
        files.write_state(epoch * 4, {"a": np.zeros(1)}, {"epoch": epoch})
    files.write_state(27 * 4 + 1, {"a": np.zeros(1)}, {"epoch": 27.25})
    files.prune()
    assert files.states() == [40, 80, 92, 96, 100, 104, 108, 109]
    files.prune()
    assert files.states() == [40, 80, 92, 96, 100, 104, 108, 109]


def test_the_states_of_pauses_do_not_drive_out_those_of_epochs(files: RunFiles) -> None:
    for epoch in (1, 2, 3, 3.25, 3.5, 3.75, 3.875):
        files.write_state(round(epoch * 8), {"a": np.zeros(1)}, {"epoch": epoch})
    files.prune()
    assert files.states() == [8, 16, 24, 31]


def test_the_chosen_weights_are_those_of_the_run(files: RunFiles) -> None:
    for step in (4, 8, 12):
        files.write_weights(step, step / 4, {"a": np.zeros(1, np.float32)})
    assert files.kept_step() == 12
    files.choose(Checkpoint(8, 2.0))
    assert files.kept_step() == 8
    assert files.kept_step(12) == 12
    files.write_weights(8, 2.0, {})
    assert [checkpoint.step for checkpoint in files.checkpoints()] == [4, 8, 12]


def test_weights_that_are_spared_stay(files: RunFiles) -> None:
    for step in range(1, 120):
        files.write_weights(step, step, {"a": np.zeros(1, np.float32)})
        files.prune(spare=(2,))
    assert {1, 2, 119} < {checkpoint.step for checkpoint in files.checkpoints()}


def test_prune_thins_the_weights_and_their_evaluations(files: RunFiles) -> None:
    for epoch in range(104):
        files.write_weights(epoch, epoch, {"b": np.zeros(1, np.float32)})
        if epoch < 4:
            files.write_evaluation(epoch, np.ones((1, 1)), np.zeros(1), 0.0)
    files.prune()
    steps = [checkpoint.step for checkpoint in files.checkpoints()]
    assert len(steps) == 100
    assert (steps[0], steps[-1]) == (0, 103)
    assert [step for step in range(4) if files.read_evaluation(step)] == [
        step for step in range(4) if step in steps
    ]
    assert 1 not in steps


def test_prune_removes_what_a_dead_writer_left_but_not_a_living_one(files: RunFiles) -> None:
    files.folder.mkdir(parents=True)
    dead, living = files.folder / ".state-1.npz.aa.part", files.folder / ".state-2.npz.bb.part"
    for part in (dead, living):
        part.write_bytes(b"half")
    os.utime(dead, (0, 0))
    files.prune()
    assert list(files.folder.iterdir()) == [living]


def test_files_of_other_names_are_none_of_ours(files: RunFiles) -> None:
    files.folder.mkdir(parents=True)
    (files.folder / "state-final-1.0.npz").write_bytes(b"")
    (files.folder / "notes.txt").write_text("mine")
    assert files.states() == []
    files.prune()
    assert len(list(files.folder.iterdir())) == 2


def test_states_that_are_gone_on_before_are_forgotten_and_weights_are_not(files: RunFiles) -> None:
    for step in (10, 20, 30):
        files.write_state(step, {}, {"epoch": step / 10})
        files.write_weights(step, step / 10, {})
    files.forget_states_after(20)
    assert files.states() == [10, 20]
    assert [checkpoint.step for checkpoint in files.checkpoints()] == [10, 20, 30]


def test_the_kept_step_is_the_one_asked_for_or_the_last(files: RunFiles) -> None:
    with pytest.raises(RunStateError, match=rf"^Run {files.run_id} has no weights yet\. Train it first\.$"):
        files.kept_step()
    for step in range(12):
        files.write_weights(step, step / 10, {})
    assert (files.kept_step(), files.kept_step(3)) == (11, 3)
    with pytest.raises(
        RunStateError, match=r"keeps no weights of step 12\. Kept are those of 0, 1, 2, 3, 4, 5, 6, …, 11\.$"
    ):
        files.kept_step(12)


def test_the_last_state_is_always_kept() -> None:
    assert states_to_keep([(3, 0.5)]) == {3}
    assert states_to_keep([]) == set()


@given(st.integers(2, 12), st.integers(1, 200))
def test_thinning_epoch_by_epoch_stays_even(most: int, epochs: int) -> None:
    kept: list[int] = []
    for epoch in range(epochs):
        kept = steps_to_keep([*kept, epoch], most)
    assert len(kept) == min(most, epochs)
    assert kept[0] == 0
    assert kept[-1] == epochs - 1
    gaps = np.diff(kept)
    if len(gaps) > 2:
        assert max(gaps) <= 2.1 * max(1, np.median(gaps))
