"""The race as a command: which tutorials, and what its last line holds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench import tutorials
from cnnlab import settings


@pytest.fixture
def few_images(tmp_path, monkeypatch):
    """A folder with 120 images in the place of CIFAR-10, whose class a bright bar tells."""
    rng = np.random.default_rng(0)
    labels = np.arange(160, dtype=np.uint8) % 10
    images = rng.integers(0, 40, (160, 32, 32, 3), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[3 * label : 3 * label + 3] = 220
    data = tmp_path / "data"
    data.mkdir()
    np.savez(
        data / "cifar10.npz",
        x_train=images[:120], y_train=labels[:120], x_test=images[120:], y_test=labels[120:],
    )  # fmt: skip
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNLAB_DATA", raising=False)
    settings.get.cache_clear()
    yield data
    settings.get.cache_clear()


@pytest.mark.parametrize("name", ["T1", "t1", "cifar10"])
def test_a_tutorial_is_known_by_its_name_and_its_preset(name):
    assert tutorials.by_name(name).preset == "cifar10"


def test_an_unknown_tutorial_is_refused(capsys):
    with pytest.raises(SystemExit):
        tutorials.main(["--tutorial", "T9"])
    assert "argument --tutorial: there is no tutorial 'T9'" in capsys.readouterr().err


def test_without_data_nothing_is_raced_and_the_last_line_says_so(few_images, capsys):
    tutorials.main(["--data", str(few_images), "--tutorial", "T3"])
    out, err = capsys.readouterr()
    assert "T3 is left out: mnist is not on this machine." in err
    told = json.loads(out.splitlines()[-1])
    assert (told["speedup"], told["tutorials"], told["kept"]) == (None, [], False)


@pytest.mark.slow
def test_a_race_on_a_part_of_the_data_finds_its_target_and_tells_it_last(few_images, capsys):
    tutorials.main(["--data", str(few_images), "--tutorial", "T1", "--seeds", "1"])
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines[-1])
    assert " ".join(lines[0].split()) == "target % published s fast s speedup images/s ratio reached"
    assert lines[1].split()[0] == "T1"
    assert told["data"] == {"name": "cifar10", "whole": False, "train_images": 120, "test_images": 40}
    assert told["published"]["epochs"] == [15]
    assert told["target"] == told["published"]["best_accuracy"]
    assert told["published"]["parameters"] == told["fast"]["parameters"] == 315_722
    before, after = (told[side]["seconds_to_target"][0] for side in ("published", "fast"))
    assert told["speedup"] == (pytest.approx(before / after, abs=1e-2) if after else 0.0)
    assert told["seeds_that_reach_the_target"] == int(after is not None)
    assert told["images_per_second_ratio"] > 0
    assert told["published"]["process_seconds"][0] > before
