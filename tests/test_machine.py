"""Whether a training fits into the memory and onto the disk that are left."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cnnlab import api, machine
from cnnlab.errors import EngineError
from cnnlab.runs import get_store
from cnnlab.spec import presets

DIGITS = presets.preset("digits").design


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made system: 3,000 kB free, and a control group whose limit leaves what its files say."""
    group = tmp_path / "cgroup"
    group.mkdir()
    (tmp_path / "meminfo").write_text("MemTotal:  8000 kB\nMemAvailable:   3000 kB\n")
    monkeypatch.setattr(machine, "_MEMORY_FILE", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "_GROUP", group)
    monkeypatch.setattr("cnnlab.settings.memory_limit_bytes", lambda: 2_000_000)
    return group


def test_without_a_group_s_figures_the_machine_s_count(system: Path) -> None:
    assert machine.available_memory_bytes() == 3000 * 1024


def test_the_group_s_limit_counts_and_its_file_pages_are_free(system: Path) -> None:
    (system / "memory.current").write_text("1500000\n")
    (system / "memory.stat").write_text("anon 900000\ninactive_file 400000\nactive_file 7\n")
    assert machine.available_memory_bytes() == 2_000_000 - 1_500_000 + 400_000


def test_the_older_form_of_control_groups_is_read_too(system: Path) -> None:
    (system / "memory").mkdir()
    (system / "memory" / "memory.usage_in_bytes").write_text("1500000")
    (system / "memory" / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 250000\n")
    assert machine.available_memory_bytes() == 750_000


def test_free_space_is_that_of_the_nearest_folder_that_is_there(tmp_path: Path) -> None:
    found = machine.free_disk_bytes(tmp_path / "not" / "made" / "yet")
    assert found == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.05)


def test_what_fits_has_no_obstacle() -> None:
    assert machine.obstacle(DIGITS) is None


def test_too_little_memory_is_said_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory_bytes", lambda: 2**20)
    needed = DIGITS.training_bytes() / 2**20
    words = rf"Not enough memory: a step of 64 images needs about {needed:.0f} MB, 1 MB are free\."
    with pytest.raises(EngineError, match=words):
        api.start(DIGITS)
    assert get_store().runs() == []


def test_too_little_disk_is_said_before_the_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "free_disk_bytes", lambda _: 50 * 2**20)
    with pytest.raises(EngineError, match=r"Not enough disk space: .* 50 MB are free in .*home\. Delete old"):
        api.start(DIGITS)
    assert get_store().runs() == []


def test_a_system_that_says_nothing_hinders_nobody(
    system: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").unlink()
    assert machine.available_memory_bytes() is None
    monkeypatch.setattr(machine, "free_disk_bytes", lambda _: None)
    assert machine.obstacle(DIGITS) is None
