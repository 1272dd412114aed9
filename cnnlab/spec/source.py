"""A design as Keras source: a plain script that builds and trains `model`, as a student would write it."""

from __future__ import annotations

import itertools
import json

from cnnlab.errors import SpecError
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.augmentation_source import augmentation_source
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Dense, KerasObject, Layer, Part, Shape
from cnnlab.spec.muon_source import MUON_SOURCE
from cnnlab.spec.training import TrainingConfig
from cnnlab.spec.walk import program

_OF_KERAS = frozenset({"mnist", "fashion_mnist", "cifar10"})
"""Data sets that Keras can load by itself."""
_OF_SCIKIT_LEARN = "digits"
"""The data set that scikit-learn brings."""
_TEST_SHARE = 0.2
"""Share of it that is kept for testing."""
_TAKE = """

def take(share, rows, seed):
    \"\"\"Take a share of each class, as the run did: the rows that are left, and those taken.\"\"\"
    rng, own = np.random.default_rng(seed), labels[rows]
    classes, counts = np.unique(own, return_counts=True)
    quotas = np.floor(counts * share).astype(int)
    missing = round((counts * share).sum()) - quotas.sum()
    quotas[np.argsort(quotas - counts * share, kind="stable")[:missing]] += 1
    taken = [rng.permutation(rows[own == c])[:quota] for c, quota in zip(classes, quotas)]
    return np.setdiff1d(rows, np.concatenate(taken)), np.sort(np.concatenate(taken))


"""
_OWN_OPTIMIZERS = {"Muon": MUON_SOURCE}
"""Optimizers that Keras has not, with the source that a script brings along."""
_LONGEST_LINE = 96
_LOGITS = "  # logits: the loss applies the softmax"


def keras_source(what: Design | Architecture) -> str:
    """A runnable Python script that defines `model`, with the names that the trace shows.

    The output gives logits: there is no softmax. From a design come also the data, the optimizer with its
    schedule, `compile`, `fit` and `evaluate`: executed, the script trains as the design says. What depends on
    the number of images is computed by the script, from the images that it has loaded.

    Args:
        what: the design, or its architecture alone.

    Raises:
        SpecError: the architecture has a problem; the message is the problem's.
    """
    if isinstance(what, Architecture):
        return _text([_imports(), _model(what)])
    config = what.training
    return _text(
        [
            _imports(what),
            [f"keras.utils.set_random_seed({config.seed})", *_precision(config)],
            _model(what.architecture),
            *_optional(augmentation_source(config.augmentation, what.architecture.input_shape)),
            _data(what),
            _learning_rate(config),
            *_optional(_OWN_OPTIMIZERS.get(config.optimizer, "").splitlines()),
            _fit(config),
        ]
    )


def _optional(part: list[str]) -> list[list[str]]:
    """A part of the script, or nothing."""
    return [part] if part else []


def _text(parts: list[list[str]]) -> str:
    """The parts of a script, an empty line between them."""
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _imports(design: Design | None = None) -> list[str]:
    """What the script uses, the standard library apart."""
    lines = ["import keras", "from keras import layers"]
    if design is not None and design.dataset == _OF_SCIKIT_LEARN:
        lines = ["import keras", "import numpy as np", lines[1], "from sklearn.datasets import load_digits"]
    elif design is not None and design.dataset not in _OF_KERAS:
        lines.insert(
            0, 'import cnnlab  # for the images; "pip install ." in the folder of CNN Lab installs it'
        )
    if design is not None and design.training.schedule != "constant":
        lines[:0] = ["import math", ""]
    return lines


def _model(architecture: Architecture) -> list[str]:
    """The stack, with the output row."""
    trace = architecture.trace()
    if trace.problems:
        raise SpecError(trace.problems[0].message)
    output = Dense(units=architecture.classes, activation="linear")
    layers: tuple[Layer, ...] = (*architecture.layers, output)
    programs = [program(layer, row) for layer, row in zip(layers, trace.rows, strict=True)]
    shape = tuple(architecture.input_shape)
    if any(len(parts) > 1 for parts in programs):
        return _functional(shape, programs)
    lines = ["model = keras.Sequential(", "    [", f"        keras.Input(shape={shape}),"]
    for part, name in itertools.chain(*programs):
        lines += _call(part.layer, name, indent=8, end=",")
    lines[-1] += _LOGITS
    return [*lines, "    ]", ")"]


def _functional(shape: Shape, programs: list[list[tuple[Part, str]]]) -> list[str]:
    """A network with branches: each layer is called on what it takes."""
    lines = [f"inputs = keras.Input(shape={shape})", "x = inputs"]
    for parts in programs:
        if len(parts) > 1:
            lines += ["", f"# {parts[-1][1]}"]
        given = {"x"}
        for part, _ in parts:
            lines += [f"{name} = x" for name in part.takes if name not in given]
            given |= {*part.takes, part.gives}
        for part, name in parts:
            taken = part.takes[0] if len(part.takes) == 1 else f"[{', '.join(part.takes)}]"
            lines += _call(part.layer, name, start=f"{part.gives} = ", end=f"({taken})")
        if len(parts) > 1:
            lines.append("")
    lines[-1] += _LOGITS
    return [*lines, "model = keras.Model(inputs, x)"]


def _call(layer: Layer, name: str, *, indent: int = 0, start: str = "", end: str = "") -> list[str]:
    """One layer: what has no default in Keras by position, then what differs from its defaults by name.

    Args:
        layer: of a primitive kind.
        name: its name in the trace.
        indent: spaces before each line.
        start: what stands before the call.
        end: what stands behind it.
    """
    values = layer.keras_arguments()
    arguments = [_literal(value) for key, value in values.items() if key not in layer.keras_defaults]
    changed = [key for key, value in layer.keras_defaults.items() if values[key] != value]
    arguments += [f"{key}={_literal(values[key])}" for key in changed]
    arguments.append(f"name={_literal(name)}")
    space = " " * indent
    line = f"{space}{start}layers.{layer.kind}({', '.join(arguments)}){end}"
    if len(line) <= _LONGEST_LINE:
        return [line]
    inside = [f"{space}    {argument}," for argument in arguments]
    return [f"{space}{start}layers.{layer.kind}(", *inside, f"{space}){end}"]


def _literal(value: object) -> str:
    """A value as source, strings in double quotes."""
    if isinstance(value, KerasObject):
        arguments = ", ".join(f"{name}={_literal(each)}" for name, each in value.arguments.items())
        return f"keras.{value.path}({arguments})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _data(design: Design) -> list[str]:
    """The images as arrays, from where they can be had with the least."""
    if design.dataset in _OF_KERAS:
        return _keras_data(design)
    return _digits(design) if design.dataset == _OF_SCIKIT_LEARN else _our_data(design)


def _keras_data(design: Design) -> list[str]:
    """The data as Keras has it; validation images are set apart from the end, as `validation_split` does."""
    share = design.training.validation_share
    shape = ", ".join(map(str, design.architecture.input_shape))
    lines = [f"(x_train, y_train), (x_test, y_test) = keras.datasets.{design.dataset}.load_data()"]
    lines += [f'{x} = {x}.reshape(-1, {shape}).astype("float32") / 255' for x in ("x_train", "x_test")]
    if share:
        lines += [
            f"kept = len(x_train) - round({share!r} * len(x_train))  # the others are for validation",
            "x_val, y_val = x_train[kept:], y_train[kept:]",
            "x_train, y_train = x_train[:kept], y_train[:kept]",
        ]
    return lines


def _digits(design: Design) -> list[str]:
    """scikit-learn's digits in the very split that a run here trains on: `datasets.splits` in a few lines."""
    seed, share = design.training.seed, design.training.validation_share
    parts = ["train", "val", "test"] if share else ["train", "test"]
    return [
        "digits = load_digits()",
        'images, labels = digits.images[..., np.newaxis].astype("float32") / 16, digits.target',
        *_TAKE.splitlines(),
        f"train, test = take({_TEST_SHARE}, np.arange(len(labels)), [{seed}, 0])",
        *([f"train, val = take({share!r}, train, [{seed}, 1])"] if share else []),
        *(f"x_{part}, y_{part} = images[{part}], labels[{part}]" for part in parts),
    ]


def _our_data(design: Design) -> list[str]:
    """The data and the very split that a run here trains on."""
    config = design.training
    split = f"seed={config.seed}, validation_share={config.validation_share!r}"
    parts = [("x_train", "y_train", "train"), ("x_test", "y_test", "test")]
    if config.validation_share:
        parts.insert(1, ("x_val", "y_val", "validation"))
    return [
        f"data = cnnlab.datasets.load({_literal(design.dataset)}, {split})",
        *(
            f'{x}, {y} = data.{part}.images.astype("float32") / 255, data.{part}.labels'
            for x, y, part in parts
        ),
    ]


def _learning_rate(config: TrainingConfig) -> list[str]:
    """`learning_rate`: a number, or the Keras schedule that `TrainingConfig.learning_rate_at` follows."""
    lines = [f"epochs = {config.epochs}", f"batch_size = {config.batch_size}"]
    peak = repr(config.learning_rate)
    if config.schedule == "constant":
        return [*lines, f"learning_rate = {peak}"]
    lines.append("steps_per_epoch = math.ceil(len(x_train) / batch_size)")
    if config.schedule == "step":
        arguments = [
            peak,
            f"decay_steps={config.drop_every} * steps_per_epoch",
            f"decay_rate={config.drop_factor!r}",
            "staircase=True",
        ]
        return [*lines, *_schedule("ExponentialDecay", arguments)]
    lines.append("total_steps = epochs * steps_per_epoch")
    if not config.warmup:
        return [*lines, *_schedule("CosineDecay", [peak, "decay_steps=total_steps"])]
    lines.append(f"warmup_steps = int({config.warmup!r} * total_steps)")
    arguments = [
        f"{peak} / max(1, warmup_steps)",
        "decay_steps=total_steps - warmup_steps",
        f"warmup_target={peak}",
        "warmup_steps=warmup_steps",
    ]
    return [*lines, *_schedule("CosineDecay", arguments)]


def _schedule(name: str, arguments: list[str]) -> list[str]:
    return [
        f"learning_rate = keras.optimizers.schedules.{name}(",
        *(f"    {argument}," for argument in arguments),
        ")",
    ]


def _precision(config: TrainingConfig) -> list[str]:
    """How to compute as the run did; left to the reader, because it pays only on some processors."""
    if config.precision == "float32":
        return []
    return [f'# The run computed faster, with: keras.config.set_dtype_policy("{config.precision}")']


def _early_stopping(config: TrainingConfig) -> list[str]:
    """The callback that ends the training early, or goes back to the best epoch at its end."""
    watched = {"early_stopping", "keep_best"} <= set(config.relevant())
    if not watched or not (config.early_stopping or config.keep_best):
        return []
    arguments = ['"val_loss"', f"patience={config.early_stopping or 'epochs'}"]
    arguments += ["restore_best_weights=True"] if config.keep_best else []
    return [f"stopping = keras.callbacks.EarlyStopping({', '.join(arguments)})"]


def _fit(config: TrainingConfig) -> list[str]:
    """`compile`, the training and the test."""
    stopping = _early_stopping(config)
    arguments = ["learning_rate=learning_rate"]
    arguments += [f"{name}={value!r}" for name, value in config.optimizer_arguments().items()]
    prefix = "" if config.optimizer in _OWN_OPTIMIZERS else "keras.optimizers."
    fitted = ["x_train", "y_train", "batch_size=batch_size", "epochs=epochs"]
    fitted += ["validation_data=(x_val, y_val)"] if config.validation_share else []
    fitted += ["callbacks=[stopping]"] if stopping else []
    return [
        "model.compile(",
        f"    optimizer={prefix}{config.optimizer}({', '.join(arguments)}),",
        "    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),",
        '    metrics=["accuracy"],',
        ")",
        *stopping,
        *_fit_call(fitted),
        "model.evaluate(x_test, y_test)",
    ]


def _fit_call(arguments: list[str]) -> list[str]:
    """The call that trains; on several lines where one would be too long."""
    line = f"model.fit({', '.join(arguments)})"
    if len(line) <= _LONGEST_LINE + 8:
        return [line]
    return ["model.fit(", *(f"    {argument}," for argument in arguments), ")"]
