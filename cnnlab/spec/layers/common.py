"""Fields that several kinds share, with the same words, bounds and sliders wherever they stand."""

from __future__ import annotations

from typing import Any, Literal

from cnnlab.spec.fields import choice, integer, real, switch
from cnnlab.spec.layers.base import KerasObject

ActivationName = Literal[
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "tanh",
    "sigmoid",
    "softplus",
    "softsign",
    "hard_sigmoid",
    "hard_silu",
    "relu6",
    "mish",
    "linear",
]
Padding = Literal["valid", "same"]
Initializer = Literal[
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "orthogonal",
    "zeros",
    "ones",
]


def activation_field(help: str = "Function applied to each value of the output.") -> Any:
    """The function that bends what a layer computed."""
    return choice("relu", label="Activation", help=help)


def bias_field(each: str) -> Any:
    """Whether a learned number is added to each channel or unit."""
    return switch(True, label="Bias", help=f"Adds one learned number to each {each}.", advanced=True)


def initializer_field(label: str = "Initializer", weights: str = "weights") -> Any:
    """How the first weights are drawn."""
    return choice(
        "glorot_uniform",
        label=label,
        help=f"How the first {weights} are drawn: Glorot suits tanh and sigmoid, He suits ReLU.",
        advanced=True,
    )


def penalty_field(norm: Literal["L1", "L2"]) -> Any:
    """How strongly large weights are punished in the loss."""
    effect = "pulls weights to exactly zero" if norm == "L1" else "keeps weights small"
    what = "absolute values" if norm == "L1" else "squares"
    return real(
        0.0,
        low=0.0,
        high=1.0,
        slider=(0.0, 0.1),
        step=1e-5,
        label=norm,
        help=f"Times the sum of the weights' {what}, added to the loss: {effect}.",
        scale="log",
        format="%g",
        advanced=True,
    )


def dilation_field() -> Any:
    """How far apart the values are that a kernel reads."""
    return integer(
        1,
        low=1,
        high=64,
        slider=(1, 4),
        label="Dilation",
        help="Pixels from one value that the kernel reads to the next: sees further with as many weights.",
        advanced=True,
    )


def epsilon_field() -> Any:
    """What keeps a normalization from dividing by zero."""
    return real(
        1e-3,
        low=1e-7,
        high=1.0,
        slider=(1e-5, 1e-1),
        step=1e-5,
        label="Epsilon",
        help="Small number added to the variance, so that nothing is divided by zero.",
        scale="log",
        format="%.0e",
        advanced=True,
    )


def momentum_field(default: float = 0.99, *, advanced: bool = False) -> Any:
    """How slowly a batch normalization's moving averages follow."""
    return real(
        default,
        low=0.0,
        high=0.9999,
        slider=(0.5, 0.99),
        step=0.01,
        label="Momentum",
        help="How slowly the moving mean and variance, used in prediction, follow the batches.",
        advanced=advanced,
    )


def with_regularizer(values: dict[str, Any], *weights: str) -> dict[str, Any]:
    """Keras's arguments of a layer whose fields are `values`: L1 and L2 as the regularizer of its weights."""
    given = {norm: values[norm] for norm in ("l1", "l2") if values[norm]}
    rest = {name: value for name, value in values.items() if name not in ("l1", "l2")}
    path = f"regularizers.{'L1L2' if len(given) == 2 else ''.join(given).upper()}"
    regularizer = KerasObject(path, given) if given else None
    return rest | {f"{weight}_regularizer": regularizer for weight in weights}
