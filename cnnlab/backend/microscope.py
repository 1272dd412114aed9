"""The task "microscope": what one channel of a layer computes for an image, with all that enters it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnlab.backend.load import Loaded, loaded
from cnnlab.backend.probe import ImageOf, pixels_of, scaled
from cnnlab.errors import RunError
from cnnlab.spec.layers import Layer
from cnnlab.spec.places import IMAGE, OPERATIONS, SILENT, Place, can_magnify, places

Array = NDArray[np.float32]


def microscope(
    run_id: str, step: int | None, image: ImageOf, layer_name: str, channel: int
) -> dict[str, Any]:
    """What one channel of a layer computes for one image, by the run's weights at a step.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        image: place among the run's test images; or pixels of the network's input shape, uint8, 0–255.
        layer_name: the name of a row of the architecture's trace.
        channel: of the layer's output: a filter, a unit, a class.

    Returns:
        The fields of `cnnlab.api.microscope.Magnified`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such image, layer or channel, or the layer's kind cannot be looked into.
    """
    run = loaded(run_id, step)
    found = places(run.design.architecture)
    place = _checked(found, layer_name, channel)
    pixels, _ = pixels_of(run.design, image)
    batch = scaled(pixels[np.newaxis])
    values = _outputs(run, batch)
    weights = _weights(run, place)
    operation = OPERATIONS[place.layer.kind]
    steps = _steps(run, place, weights, channel)
    told = [layer_name]
    for name in _behind(found, layer_name):
        more = _steps(run, found[name], _weights(run, found[name]), channel)
        told += [name] if more else []  # a linear activation does nothing
        steps += more
    is_output = place.row.is_output
    return {
        "operation": operation,
        "channel": channel,
        "image": pixels,
        "steps": steps,
        "outputs": {name: np.ascontiguousarray(values[name][..., channel]) for name in told},
        "logits": values[layer_name] if is_output else None,
        **_entering(place, values[place.takes[0]], weights, channel),
    }


def _checked(found: dict[str, Place], name: str, channel: int) -> Place:
    if name not in found:
        raise RunError(f"The network has no layer {name!r}. It has {', '.join(found)}.")
    place = found[name]
    if not can_magnify(place.layer):
        raise RunError(f"Layer {name}: the microscope does not look into {place.row.title.lower()}.")
    assert place.row.output_shape is not None
    count = place.row.output_shape[-1]
    if not 0 <= channel < count:
        raise RunError(f"Layer {name} has the channels 0 to {count - 1}. Received {channel}.")
    return place


def _outputs(run: Loaded, batch: Array) -> dict[str, Array]:
    """Each layer's output for the one image, by name; the image itself under `IMAGE`."""
    names = [layer.name for layer in run.model.layers[1:]]
    outputs: list[Any] = run.every_output(batch, training=False)
    given = {name: np.array(output[0]) for name, output in zip(names, outputs, strict=True)}
    return {IMAGE: batch[0], **given}


def _weights(run: Loaded, place: Place) -> dict[str, Array]:
    values = run.model.get_layer(place.row.name).get_weights()
    return dict(zip(place.row.weight_shapes, values, strict=True))


def _entering(place: Place, taken: Array, weights: dict[str, Array], channel: int) -> dict[str, Any]:
    """What the numbers of a channel are computed from: input, first channel of it, kernel and window."""
    layer, kernel = place.layer, weights.get("kernel")
    first = 0
    if taken.ndim == 1 and layer.kind != "Dense":
        taken, first = taken[np.newaxis, np.newaxis, channel : channel + 1], channel
    elif layer.kind == "DepthwiseConv2D":
        assert kernel is not None
        first, multiple = divmod(channel, kernel.shape[3])
        taken, kernel = taken[..., first : first + 1], kernel[:, :, first : first + 1, multiple]
    elif layer.kind == "SeparableConv2D":
        kernel = _composed(weights["depthwise_kernel"], weights["pointwise_kernel"][0, 0, :, channel])
    elif layer.kind in ("Dense", "Conv2D"):
        assert kernel is not None
        kernel = kernel[..., channel]
    else:
        taken, first = taken[..., channel : channel + 1], channel
    return {
        "input": np.ascontiguousarray(taken),
        "input_channel": first,
        "kernel": None if kernel is None else np.ascontiguousarray(kernel),
        "window": _window(layer, taken),
    }


def _composed(depthwise: Array, mix: Array) -> Array:
    """The one kernel that a separable convolution's two stages amount to for one of its filters.

    Args:
        depthwise: `(rows, columns, channels, multiplier)`.
        mix: `(channels × multiplier,)`, the 1×1 weights of the filter.

    Returns:
        `(rows, columns, channels)`: each depthwise kernel times its weight in the mix.
    """
    return np.einsum("ijcm,cm->ijc", depthwise, mix.reshape(depthwise.shape[2:]))


def _window(layer: Layer, taken: Array) -> dict[str, Any]:
    """How the layer's window moves over its input, for the browser's arithmetic; none for a vector."""
    if taken.ndim == 1:
        return {}
    window = layer.window()
    if window is not None:
        return {
            "rows": window.kernel,
            "columns": window.kernel,
            "stride": window.stride,
            "padding": window.padding,
            "dilation": window.dilation,
        }
    whole = layer.kind.startswith("Global")
    rows, columns = taken.shape[:2] if whole else (1, 1)
    return {"rows": rows, "columns": columns, "stride": 1, "padding": "valid", "dilation": 1}


def _behind(found: dict[str, Place], name: str) -> list[str]:
    """Layers that change each number by itself and take nothing but this layer's output, in their order.

    They are followed as far as a batch normalisation and one activation reach: what a convolution's numbers
    become before the next layer weighs them.
    """
    behind: list[str] = []
    while True:
        takers = [other for other, place in found.items() if name in place.takes]
        if len(takers) != 1:
            return [each for each in behind if found[each].layer.kind not in SILENT]
        name = takers[0]
        layer = found[name].layer
        pointwise = OPERATIONS.get(layer.kind) == "value" and can_magnify(layer)
        if not pointwise and layer.kind not in SILENT:
            return [each for each in behind if found[each].layer.kind not in SILENT]
        behind.append(name)


def _steps(run: Loaded, place: Place, weights: dict[str, Array], channel: int) -> list[dict[str, Any]]:
    """What happens to a number once it is summed or pooled, in order; the fields of `Step`, by name."""
    steps: list[dict[str, Any]] = []
    name = place.row.name
    if "bias" in weights:
        steps.append({"layer": name, "kind": "bias", "numbers": {"bias": float(weights["bias"][channel])}})
    if place.layer.kind == "BatchNormalization":
        numbers = {key: float(values[channel]) for key, values in weights.items()}
        numbers["epsilon"] = float(run.model.get_layer(name).epsilon)
        numbers = {"gamma": 1.0, "beta": 0.0} | numbers
        steps.append({"layer": name, "kind": "normalization", "numbers": numbers})
    activation = getattr(place.layer, "activation", "linear")
    if activation != "linear":
        steps.append({"layer": name, "kind": "activation", "numbers": {}, "function": activation})
    return steps
