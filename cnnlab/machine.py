"""What this machine has left: memory and disk, and whether a training fits into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from cnnlab import settings
from cnnlab.runs.retention import kept_values
from cnnlab.spec.design import Design
from cnnlab.spec.walk import FLOAT32_BYTES

_MEMORY_FILE = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")

DISK_RESERVE_BYTES = 100 * 2**20
"""Left free in any case: the record of events, and whatever else shares the disk."""


def available_memory_bytes() -> int | None:
    """Memory that a new process can have without swapping; None where the system does not say.

    The smaller of what the machine has and what the control group (a container's limit) leaves. Pages of
    files that the group holds count as free: the system gives them up when memory is asked for.
    """
    known = [number for number in (_machine_memory(), _group_memory()) if number is not None]
    return min(known, default=None)


def free_disk_bytes(folder: Path) -> int | None:
    """Free space of the disk on which a folder is or will be; None where the system does not say."""
    for place in (folder, *folder.absolute().parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:  # not made yet: its parent tells
            continue
    return None


def obstacle(design: Design) -> str | None:
    """Why a training of this design does not fit on this machine now, in words; None where it does."""
    needed, there = design.training_bytes(), available_memory_bytes()
    if there is not None and needed > there:
        return (
            f"Not enough memory: a step of {design.training.batch_size} images needs about {_size(needed)}, "
            f"{_size(there)} are free. Use a smaller batch or a smaller network, or end other programs."
        )
    parameters = design.architecture.trace().total_parameters
    needed = FLOAT32_BYTES * kept_values(parameters, design.training.epochs) + DISK_RESERVE_BYTES
    home = settings.get().home
    there = free_disk_bytes(home)
    if there is not None and needed > there:
        return (
            f"Not enough disk space: the weights and states of this training take up to {_size(needed)}, "
            f"{_size(there)} are free in {home}. Delete old runs, train fewer epochs or set CNNLAB_HOME to a "
            f"folder on another disk."
        )
    return None


def _machine_memory() -> int | None:
    return _named(_MEMORY_FILE, "MemAvailable:", unit=1024)


def _group_memory() -> int | None:
    """What the control group's limit leaves."""
    limit = settings.memory_limit_bytes()
    used = _number(_GROUP / "memory.current")
    files = _named(_GROUP / "memory.stat", "inactive_file", unit=1)
    if used is None:  # the older form of control groups
        used = _number(_GROUP / "memory" / "memory.usage_in_bytes")
        files = _named(_GROUP / "memory" / "memory.stat", "total_inactive_file", unit=1)
    if limit is None or used is None:
        return None
    return max(0, limit - used + (files or 0))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _named(path: Path, name: str, unit: int) -> int | None:
    """The number behind a name in a file of "name number" lines, in bytes."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.split()[:1] == [name]]
    return unit * int(found[0]) if found else None


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.0f} MB"
