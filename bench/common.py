"""What benchmarks share: repeating, summing up, printing, and the facts of the machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

TRIES = 20
"""Fewest tries from which a median and a p95 are told."""


def arguments(description: str, *, tries: int = TRIES) -> argparse.Namespace:
    """The command line of a benchmark: how many tries."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--tries", type=int, default=tries, help="measurements of each kind (default: %(default)s)"
    )
    return parser.parse_args()


def machine() -> dict[str, Any]:
    """The facts of this machine that a figure depends on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "streamlit": _version("streamlit"),
        "tensorflow": _version("tensorflow-cpu", "tensorflow"),
        "keras": _version("keras"),
        "load_1min": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def measure(action: Callable[[], object], *, tries: int = TRIES, warm_up: int = 1) -> list[float]:
    """Seconds that each of `tries` calls took, after `warm_up` calls that do not count."""
    for _ in range(warm_up):
        action()
    return [_timed(action) for _ in range(tries)]


def alternate(
    actions: Sequence[Callable[[], float]], *, tries: int = TRIES, warm_up: int = 1
) -> list[list[float]]:
    """What each action returned, `tries` times in turn, so that all meet the same machine."""
    for _ in range(warm_up):
        for action in actions:
            action()
    rounds = [[action() for action in actions] for _ in range(tries)]
    return [list(results) for results in zip(*rounds, strict=True)]


def summary(values: Iterable[float], *, digits: int = 3) -> dict[str, float | int]:
    """Median, p95, least, most and number of `values`."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), digits),
        "p95": round(percentile(ordered, 0.95), digits),
        "least": round(ordered[0], digits),
        "most": round(ordered[-1], digits),
        "tries": len(ordered),
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the ordered values that at least `share` of all do not exceed (nearest rank)."""
    rank = -(-share * len(ordered) // 1)
    return ordered[max(int(rank), 1) - 1]


def tell(what: str, **facts: Any) -> None:
    """Print one result as one line of JSON."""
    print(json.dumps({"what": what, **facts}, ensure_ascii=False), flush=True)


def verdict(value: float, budget: float, *, at_least: bool = False) -> dict[str, Any]:
    """A budget and whether `value` keeps it."""
    return {"budget": budget, "kept": bool(value >= budget if at_least else value <= budget)}


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (Linux)."""
    return _status_kb(pid, "VmRSS") / 1000 * 1.024


def proportional_mb(pid: int) -> float:
    """Memory of a process in MB with shared pages divided among those who share them (Linux)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000 * 1.024
    raise RuntimeError(f"/proc/{pid}/smaps_rollup names no Pss")


def descendants(pid: int) -> list[int]:
    """A process and all its children's children (Linux)."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _status_kb(pid: int, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/status names no {key}")


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    if path.is_file():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)


def _version(*names: str) -> str | None:
    for name in names:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def say(text: str) -> None:
    """A line for whoever waits, apart from the results."""
    print(text, file=sys.stderr, flush=True)
