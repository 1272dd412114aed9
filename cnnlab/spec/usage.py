"""How what was taken away is used: the text beside an exported file, and the code in it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cnnlab.spec.formats import ExportReport, Format


@dataclass(frozen=True)
class About:
    """What there is to say of a run to someone who has only its file.

    Attributes:
        run: The run's name.
        run_id: Its id.
        data: Title of its data set.
        image_shape: (height, width, channels) of an image.
        class_names: One name a class, in the order of the probabilities.
        step: Step of the weights; None where there are none in the file.
        accuracy: Share of the test images that the run got right, 0–1, where it is known.
        crop: Whether pictures are cut to an image's shape; else they are fitted into it, with black bars.
    """

    run: str
    run_id: str
    data: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    step: int | None = None
    accuracy: float | None = None
    crop: bool = True


def contract(form: Format, about: About) -> str:
    """What goes in and what comes out, in one or two sentences."""
    height, width, channels = about.image_shape
    colours = {1: "grey", 3: "red, green, blue"}.get(channels, f"{channels} channels")
    count = "1" if form.name.startswith("litert") else "n"
    image, answer = f"({count}, {height}, {width}, {channels})", f"({count}, {len(about.class_names)})"
    if form.name == "litert-int8":
        return (
            f"In: the pixels {image} uint8, {colours}. Out: {answer} uint8, a probability is a 256th of it. "
            "The exact scale and zero point of both are written in the file. The division by 255 and the "
            "softmax are inside."
        )
    return (
        f"In: pixels as they are, {image} float32, 0–255, {colours}. Out: probabilities {answer} float32 "
        "that add up to 1. The division by 255 and the softmax are inside."
    )


def snippet(form: Format, about: About, file_name: str) -> str:
    """Code that uses the file; for the curves, the command that shows them. Empty where none is needed."""
    if form.name == "tensorboard":
        return f"pip install tensorboard\ntensorboard --logdir {file_name}"
    if form.name == "csv":
        return f'import pandas\n\nepochs = pandas.read_csv("{file_name}/epochs.csv")\nprint(epochs)'
    call = _CALLS.get(form.name)
    if call is None:
        return ""
    imports, load, ask = call
    height, width, channels = about.image_shape
    mode = "L" if channels == 1 else "RGB"
    return "\n".join(
        [
            *sorted([*imports, "import numpy as np"]),
            "from PIL import Image",
            "",
            f"class_names = {json.dumps(list(about.class_names), ensure_ascii=False)}",
            load.format(name=file_name),
            f'image = Image.open("photo.png").convert("{mode}").resize(({width}, {height}))',
            f'pixels = np.asarray(image, "float32").reshape(1, {height}, {width}, {channels})  # 0–255',
            *ask,
            "print(class_names[probabilities.argmax()], probabilities.max())",
        ]
    )


_LITERT = (
    ["from ai_edge_litert.interpreter import Interpreter  # pip install ai-edge-litert"],
    'network = Interpreter("{name}")\nnetwork.allocate_tensors()',
)

_CALLS: dict[str, tuple[list[str], str, list[str]]] = {
    "keras": (
        ["import keras"],
        'network = keras.models.load_model("{name}")',
        ["probabilities = network.predict(pixels)[0]"],
    ),
    "savedmodel": (
        ["import tensorflow as tf"],
        'network = tf.saved_model.load("{name}")',
        ["probabilities = network.serve(pixels).numpy()[0]"],
    ),
    "litert": (
        *_LITERT,
        [
            'network.set_tensor(network.get_input_details()[0]["index"], pixels)',
            "network.invoke()",
            'probabilities = network.get_tensor(network.get_output_details()[0]["index"])[0]',
        ],
    ),
    "litert-int8": (
        *_LITERT,
        [
            "into, out = network.get_input_details()[0], network.get_output_details()[0]",
            'scale, zero = into["quantization"]',
            'whole = np.clip(np.round(pixels / scale + zero), 0, 255).astype("uint8")',
            'network.set_tensor(into["index"], whole)',
            "network.invoke()",
            'scale, zero = out["quantization"]',
            'probabilities = (network.get_tensor(out["index"])[0].astype("float32") - zero) * scale',
        ],
    ),
    "onnx": (
        ["import onnxruntime  # pip install onnxruntime"],
        'network = onnxruntime.InferenceSession("{name}")',
        ['probabilities = network.run(["probabilities"], {"image": pixels})[0][0]'],
    ),
}
"""Format → imports, how the file is opened, how it is asked."""


def readme(form: Format, about: About, report: ExportReport, file_name: str) -> str:
    """The text that lies beside an exported file, in Markdown."""
    trained = f"Weights of step {about.step:,}" if about.step is not None else "A training"
    if about.accuracy is not None:
        trained += f"; the run got {about.accuracy:.1%} of its test images right"
    parts = [
        f"# {file_name}",
        f"{trained}. Run {about.run_id} ({about.run}) of CNN Lab on {about.data}.",
    ]
    if form.content == "network":
        classes = ", ".join(about.class_names)
        parts += [contract(form, about), report.words()]
        parts.append(f"Classes, in the order of the probabilities: {classes}.")
    if form.name == "keras":
        parts.append(
            "To train it further, use a loss on probabilities, such as "
            "`keras.losses.SparseCategoricalCrossentropy()`."
        )
    code = snippet(form, about, file_name)
    if code:
        parts.append(f"```{'sh' if form.name == 'tensorboard' else 'python'}\n{code}\n```")
    return "\n\n".join(part for part in parts if part) + "\n"
