"""A design as Keras source: a plain script that defines `model`, as a student would write it."""

from __future__ import annotations

import json

from cnnlab.errors import SpecError
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Dense, Layer
from cnnlab.spec.training import TrainingConfig

_TRAINING_IMAGES_OF_KERAS = {"mnist": 60_000, "fashion_mnist": 60_000, "cifar10": 50_000}
"""Training images of the data sets that Keras can load by itself."""
_UNKNOWN_IMAGES = 1_000
_LONGEST_LINE = 96


def keras_source(what: Design | Architecture, *, train_images: int | None = None) -> str:
    """A runnable Python script that defines `model`, with the names that the trace shows.

    The output gives logits: there is no softmax. From a design come also the optimizer with its schedule,
    `compile`, and commented lines that load the data and call `fit`.

    Args:
        what: the design, or its architecture alone.
        train_images: images that it trains on, where they are known: a schedule counts its steps from them.

    Raises:
        SpecError: the architecture has a problem; the message is the problem's.
    """
    architecture = what.architecture if isinstance(what, Design) else what
    trace = architecture.trace()
    if trace.problems:
        raise SpecError(trace.problems[0].message)
    output = Dense(units=architecture.classes, activation="linear")
    layers: tuple[Layer, ...] = (*architecture.layers, output)
    lines = ["import keras", "from keras import layers", "", "model = keras.Sequential(", "    ["]
    lines.append(f"        keras.Input(shape={tuple(architecture.input_shape)}),")
    for layer, row in zip(layers, trace.rows, strict=True):
        lines += _call(layer, row.name)
    lines[-1] += "  # logits: the loss applies the softmax"
    lines += ["    ]", ")"]
    if isinstance(what, Design):
        lines += ["", *_training(what, train_images)]
    return "\n".join(lines) + "\n"


def _call(layer: Layer, name: str) -> list[str]:
    """One layer: what has no default in Keras by position, then what differs from its defaults by name."""
    values = layer.keras_arguments()
    arguments = [_literal(value) for key, value in values.items() if key not in layer.keras_defaults]
    changed = {key: value for key, value in layer.keras_defaults.items() if values[key] != value}
    arguments += [f"{key}={_literal(values[key])}" for key in changed]
    arguments.append(f"name={_literal(name)}")
    line = f"        layers.{layer.kind}({', '.join(arguments)}),"
    if len(line) <= _LONGEST_LINE:
        return [line]
    return [
        f"        layers.{layer.kind}(",
        *(f"            {argument}," for argument in arguments),
        "        ),",
    ]


def _literal(value: object) -> str:
    """A value as source, strings in double quotes."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def _training(design: Design, train_images: int | None) -> list[str]:
    """The optimizer, `compile`, and how to load the data and train."""
    config = design.training
    arguments = ["learning_rate=learning_rate"]
    arguments += [f"{name}={value!r}" for name, value in config.optimizer_arguments().items()]
    images = train_images
    if images is None:
        images = _TRAINING_IMAGES_OF_KERAS.get(design.dataset, _UNKNOWN_IMAGES)
        images -= round(images * config.validation_share)
    return [
        *_schedule(config, images),
        "model.compile(",
        f"    optimizer=keras.optimizers.{config.optimizer}({', '.join(arguments)}),",
        "    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),",
        '    metrics=["accuracy"],',
        ")",
        "",
        *(f"# {line}" for line in _fit(design)),
    ]


def _schedule(config: TrainingConfig, images: int) -> list[str]:
    """`learning_rate`: a number, or the Keras schedule that `TrainingConfig.learning_rate_at` follows."""
    if config.schedule == "constant":
        return [f"learning_rate = {config.learning_rate!r}"]
    steps_per_epoch = config.steps_per_epoch(images)
    counted = (
        f"steps_per_epoch = {steps_per_epoch}  # {images} training images in batches of {config.batch_size}"
    )
    if config.schedule == "step":
        return [
            counted,
            "learning_rate = keras.optimizers.schedules.ExponentialDecay(",
            f"    {config.learning_rate!r},",
            f"    decay_steps={config.drop_every} * steps_per_epoch,",
            f"    decay_rate={config.drop_factor!r},",
            "    staircase=True,",
            ")",
        ]
    warmup_steps = config.warmup_steps(config.epochs * steps_per_epoch)
    lines = [counted, "learning_rate = keras.optimizers.schedules.CosineDecay("]
    if not warmup_steps:
        return [
            *lines,
            f"    {config.learning_rate!r},",
            f"    decay_steps={config.epochs} * steps_per_epoch,",
            ")",
        ]
    return [
        *lines,
        f"    {config.learning_rate!r} / {warmup_steps},",
        f"    decay_steps={config.epochs} * steps_per_epoch - {warmup_steps},",
        f"    warmup_target={config.learning_rate!r},",
        f"    warmup_steps={warmup_steps},",
        ")",
    ]


def _fit(design: Design) -> list[str]:
    """How to load the data and train; commented out in the script, which does not bring the data."""
    config = design.training
    fit = f"model.fit(x_train, y_train, batch_size={config.batch_size}, epochs={config.epochs}"
    if design.dataset in _TRAINING_IMAGES_OF_KERAS:
        height, width, channels = design.architecture.input_shape
        validation = f", validation_split={config.validation_share!r}" if config.validation_share else ""
        load = [
            f"(x_train, y_train), (x_test, y_test) = keras.datasets.{design.dataset}.load_data()",
            f"x_train = x_train.reshape(-1, {height}, {width}, {channels}) / 255",
        ]
    else:
        validation = ", validation_data=(x_val, y_val)" if config.validation_share else ""
        split = f"seed={config.seed}, validation_share={config.validation_share!r}"
        load = [
            "import cnnlab",
            f'data = cnnlab.datasets.load("{design.dataset}", {split})',
            "x_train, y_train = data.train.images / 255, data.train.labels",
        ]
        if validation:
            load.append("x_val, y_val = data.validation.images / 255, data.validation.labels")
    return [
        f"keras.utils.set_random_seed({config.seed})  # before the model is built",
        *load,
        f"{fit}{validation})",
    ]
