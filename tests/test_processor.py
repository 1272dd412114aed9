from __future__ import annotations

import pytest

from cnnlab import processor


@pytest.mark.parametrize(
    ("cpuinfo", "gains"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16\n", True),
        ("flags\t\t: fpu amx_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("model name\t: avx512_bf16\nflags\t\t: fpu\n", False),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_the_flags_of_a_processor_tell_whether_it_has_bfloat16(cpuinfo, gains):
    assert processor.has_bfloat16(cpuinfo) is gains


def test_a_processor_that_cannot_be_asked_has_none(monkeypatch, tmp_path):
    monkeypatch.setattr(processor, "_CPUINFO", tmp_path / "none")
    assert processor.gains_from_bfloat16.__wrapped__() is False
