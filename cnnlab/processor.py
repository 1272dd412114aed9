"""What this machine's processor is good at, as far as a training's settings depend on it."""

from __future__ import annotations

import functools
from pathlib import Path

BFLOAT16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
"""Instructions that multiply bfloat16 numbers; without them float32 is the faster one."""

_CPUINFO = Path("/proc/cpuinfo")


@functools.cache
def gains_from_bfloat16() -> bool:
    """Whether training in `mixed_bfloat16` is faster here; False where the processor cannot be asked."""
    try:
        return has_bfloat16(_CPUINFO.read_text(encoding="utf-8"))
    except OSError:  # macOS and Windows have no such file
        return False


def has_bfloat16(cpuinfo: str) -> bool:
    """Whether a Linux description of the processors names instructions for bfloat16.

    Example:
        >>> has_bfloat16("flags : fpu avx512f avx512_bf16")
        True
    """
    lines = (line.partition(":") for line in cpuinfo.splitlines())
    return any(key.strip() == "flags" and BFLOAT16_FLAGS & set(value.split()) for key, _, value in lines)
