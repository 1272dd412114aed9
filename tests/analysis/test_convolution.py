"""Convolution by hand against SciPy and Keras, and the browser's arithmetic against this one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlab.analysis import convolution as by_hand
from cnnlab.errors import SpecError

MATHS = Path(by_hand.__file__).parents[1] / "ui" / "components" / "convolution_math.mjs"
POOLS = ("max", "average", "sum", "l2")
CASES = 120

WORK = """
import { readFileSync } from "node:fs";
import { explain, layOut, namedKernel, normalised, rotated, whole } from "%s";
const answers = JSON.parse(readFileSync(0, "utf8")).map(({ kernelOf, rework, image, kernel, settings }) => {
  if (kernelOf) return namedKernel(...kernelOf).values;
  if (rework) return { rotated: rotated(rework), normalised: normalised(rework.values) };
  const plan = layOut(image, settings);
  const output = whole(image, kernel, settings, plan);
  const single = [];
  for (let k = 0; k < output.values.length; k += 1) {
    const [place, channel] = [Math.floor(k / output.channels), k %% output.channels];
    const at = [Math.floor(place / output.width), place %% output.width];
    single.push(explain(image, kernel, settings, plan, ...at, channel).value);
  }
  return { ...output, values: [...output.values], single, down: plan.down, across: plan.across };
});
process.stdout.write(JSON.stringify(answers));
"""


def in_the_browser(cases: list[dict[str, Any]], folder: Path) -> list[Any]:
    """What the browser's own arithmetic file makes of these cases."""
    node = shutil.which("node")
    if node is None:
        assert os.environ.get("CI") != "true", "Node is missing: .ci/run installs it."
        pytest.skip("There is no Node on this machine; tests/test_components_js.py says what to do.")
    script = folder / "work.mjs"
    script.write_text(WORK % MATHS.as_uri(), encoding="utf-8")
    result = subprocess.run(
        [node, str(script)], input=json.dumps(cases), capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout))


def generated(number: int) -> dict[str, Any]:
    """Any image, window and settings that work; the same for the same number."""
    draw = np.random.default_rng(number)
    rows, columns = draw.integers(1, 6, 2)
    dilation, stride = draw.integers(1, 4, 2)
    spans = (np.array([rows, columns]) - 1) * dilation + 1
    height, width = spans + draw.integers(0, 9, 2)
    channels = int(draw.choice([1, 3]))
    return {
        "pixels": draw.integers(0, 256, (height, width, channels)).astype(float),
        "weights": draw.normal(size=(rows, columns, channels)).round(3),
        "stride": int(stride),
        "dilation": int(dilation),
        "padding": str(draw.choice(["valid", "same"])),
        "operation": str(draw.choice(["convolution", *POOLS])),
        "each": bool(draw.integers(2)),
        "bias": round(float(draw.normal()), 2),
        "activation": str(draw.choice([*by_hand.ACTIVATIONS])),
    }


def for_the_browser(case: dict[str, Any]) -> dict[str, Any]:
    pixels, weights = case["pixels"], case["weights"]
    names = ("height", "width", "channels"), ("rows", "columns", "channels")
    image = dict(zip(names[0], pixels.shape, strict=True), values=pixels.ravel().tolist())
    kernel = dict(zip(names[1], weights.shape, strict=True), values=weights.ravel().tolist())
    settings = {name: value for name, value in case.items() if name not in ("pixels", "weights")}
    window = {"rows": weights.shape[0], "columns": weights.shape[1]}
    return {"image": image, "kernel": kernel, "settings": settings | window}


def computed(case: dict[str, Any]) -> np.ndarray:
    ways = {name: case[name] for name in ("stride", "padding")}
    if case["operation"] != "convolution":
        return by_hand.pool2d(case["pixels"], case["weights"].shape[:2], case["operation"], **ways)
    ways |= {name: case[name] for name in ("dilation", "bias", "activation", "each")}
    return by_hand.conv2d(case["pixels"], case["weights"], **ways)


def test_the_browser_computes_what_numpy_computes(tmp_path: Path) -> None:
    cases = [generated(number) for number in range(CASES)]
    answers = in_the_browser([for_the_browser(case) for case in cases], tmp_path)
    for case, answer in zip(cases, answers, strict=True):
        expected = computed(case)
        assert (answer["height"], answer["width"], answer["channels"]) == expected.shape, case
        np.testing.assert_allclose(answer["values"], expected.ravel(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(answer["single"], expected.ravel(), rtol=1e-9, atol=1e-9)
        dilation = case["dilation"] if case["operation"] == "convolution" else 1
        for side, way in enumerate(("down", "across")):
            laid = by_hand.axis(
                case["pixels"].shape[side],
                case["weights"].shape[side],
                stride=case["stride"],
                padding=case["padding"],
                dilation=dilation,
            )
            assert answer[way] == vars(laid)


def test_the_browser_has_the_same_kernels(tmp_path: Path) -> None:
    asked = [(name, size) for name in by_hand.KERNELS for size in (1, 2, 3, 5, 8, 11)]
    answers = in_the_browser([{"kernelOf": each} for each in asked], tmp_path)
    for (name, size), answer in zip(asked, answers, strict=True):
        np.testing.assert_allclose(answer, by_hand.kernel(name, size).ravel(), rtol=1e-12)


def test_the_browser_rotates_and_normalises_alike(tmp_path: Path) -> None:
    kernels = [np.random.default_rng(k).integers(-4, 5, (2 + k % 3, 4)).astype(float) for k in range(9)]
    kernels.append(by_hand.kernel("sobel_x"))
    asked = [
        {"rework": {"rows": len(each), "columns": each.shape[1], "values": each.ravel().tolist()}}
        for each in kernels
    ]
    for values, answer in zip(kernels, in_the_browser(asked, tmp_path), strict=True):
        turned = by_hand.rotate(values)
        assert (answer["rotated"]["rows"], answer["rotated"]["columns"]) == turned.shape
        assert answer["rotated"]["values"] == turned.ravel().tolist()
        np.testing.assert_allclose(answer["normalised"], by_hand.normalise(values).ravel(), rtol=1e-12)


@given(
    size=st.tuples(st.integers(1, 14), st.integers(1, 14)),
    kernel=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
    seed=st.integers(0, 999),
)
@settings(max_examples=80)
def test_valid_convolution_is_scipys_correlation(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, dilation: int, seed: int
) -> None:
    from scipy import signal

    draw = np.random.default_rng(seed)
    image, weights = draw.normal(size=size), draw.normal(size=kernel)
    spread = np.zeros([(k - 1) * dilation + 1 for k in kernel])
    spread[::dilation, ::dilation] = weights
    if any(span > length for span, length in zip(spread.shape, size, strict=True)):
        with pytest.raises(SpecError, match="does not fit"):
            by_hand.conv2d(image[..., None], weights[..., None], stride=stride, dilation=dilation)
        return
    expected = signal.correlate2d(image, spread, mode="valid")[::stride, ::stride]
    result = by_hand.conv2d(image[..., None], weights[..., None], stride=stride, dilation=dilation)
    np.testing.assert_allclose(result[..., 0], expected, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@given(
    size=st.tuples(st.integers(6, 13), st.integers(6, 13)),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    ways=st.sampled_from([(1, 1), (1, 2), (2, 1), (3, 1), (4, 1)]),
    padding=st.sampled_from(["valid", "same"]),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 999),
)
@settings(max_examples=40)
def test_convolution_and_pooling_are_what_keras_computes(
    size: tuple[int, int],
    kernel: tuple[int, int],
    ways: tuple[int, int],
    padding: str,
    channels: int,
    seed: int,
) -> None:
    from keras import ops

    stride, dilation = ways
    draw = np.random.default_rng(seed)
    image = draw.normal(size=(*size, channels)).astype(np.float32)
    weights = draw.normal(size=(*kernel, channels)).astype(np.float32)
    batch = image[None]
    ours = by_hand.conv2d(image, weights, stride=stride, padding=padding, dilation=dilation)
    theirs = ops.conv(batch, weights[..., None], strides=stride, padding=padding, dilation_rate=dilation)
    np.testing.assert_allclose(ours, np.asarray(theirs)[0], rtol=1e-4, atol=1e-4)
    if dilation == 1:
        ours = by_hand.conv2d(image, weights, stride=stride, padding=padding, each=True)
        theirs = ops.depthwise_conv(batch, weights[..., None], strides=stride, padding=padding)
        np.testing.assert_allclose(ours, np.asarray(theirs)[0], rtol=1e-4, atol=1e-4)
        for kind, pool in (("max", ops.max_pool), ("average", ops.average_pool)):
            pooled = by_hand.pool2d(image, kernel, kind, stride=stride, padding=padding)
            expected = pool(batch, kernel, strides=stride, padding=padding)
            np.testing.assert_allclose(pooled, np.asarray(expected)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", by_hand.EXAMPLES)
def test_a_worked_example_gives_exactly_the_tutorials_numbers(name: str) -> None:
    example = by_hand.EXAMPLES[name]
    ways = dict(example.settings)
    image, operation = np.array(example.image)[..., None], ways.pop("operation")
    if example.kernel is None:
        result = by_hand.pool2d(image, (ways.pop("rows"), ways.pop("columns")), operation, **ways)
    else:
        result = by_hand.conv2d(image, np.array(example.kernel)[..., None], **ways)
    assert result[..., 0].tolist() == [list(row) for row in example.output]


def test_the_tutorials_numbers_are_those_of_their_texts() -> None:
    t2, t3, pooled = (by_hand.EXAMPLES[name].output for name in ("t2", "t3", "t3_pooling"))
    assert t2[0][0] == 35
    assert (len(t2), len(t2[0])) == (2, 2)
    assert t3 == ((4.25, 2.5),)
    assert (len(pooled), len(pooled[0])) == (3, 3)


def test_same_puts_the_odd_zero_after_the_input() -> None:
    assert vars(by_hand.axis(5, 2, stride=2, padding="same")) == {
        "size": 5, "kernel": 2, "stride": 2, "dilation": 1, "span": 2, "before": 0, "after": 1, "output": 3,
    }  # fmt: skip


def test_blurs_keep_brightness_and_edges_see_nothing_in_a_plain_wall() -> None:
    wall = np.full((9, 9, 1), 40.0)
    for name in ("identity", "box", "gaussian", "sharpen", "emboss"):
        kept = by_hand.conv2d(wall, by_hand.kernel(name)[..., None])
        np.testing.assert_allclose(kept, 40.0, err_msg=name)
    for name in ("sobel_x", "sobel_y", "laplacian", "outline"):
        assert not by_hand.conv2d(wall, by_hand.kernel(name)[..., None]).any(), name


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: by_hand.axis(5, 3, stride=0),
            "Convolution, stride: expected a whole number of at least 1. ",
        ),
        (lambda: by_hand.axis(5, 3, padding="full"), "expected valid or same. Received 'full'."),
        (lambda: by_hand.kernel("sepia"), "there is no kernel 'sepia'. Choose one of sobel_x"),
        (
            lambda: by_hand.conv2d(np.zeros((8, 8, 1)), np.zeros((5, 5, 1)), dilation=2),
            "A 5×5 window, which spans 9×9 with dilation 2, does not fit the 8×8 input. "
            "Choose a smaller one, less dilation, or padding same.",
        ),
        (
            lambda: by_hand.conv2d(np.zeros((8, 8, 3)), np.zeros((3, 3, 1))),
            "expected a kernel of 3 channels, as the image has.",
        ),
    ],
)
def test_what_cannot_work_is_said_in_words(call: Any, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        call()
    assert said in str(caught.value)
