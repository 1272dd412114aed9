"""Fields that declare everything about themselves once: default, hard bounds, slider range, label and help.

A model of the spec is a frozen Pydantic class whose fields are made by `integer`, `real`, `choice` and
`switch`. Validation reads the hard bounds, forms read the `Control` of each field, error messages read both.

    class Dropout(Layer):
        rate: float = real(0.25, low=0.0, high=0.95, slider=(0.0, 0.8), step=0.05, label="Rate", help="…")

    controls(Dropout)["rate"].high  # 0.95
"""

from __future__ import annotations

import dataclasses
import functools
import math
import typing
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnnlab.errors import SpecError

Value = int | float | str | bool | None
ControlKind = Literal["integer", "real", "choice", "switch"]

_STACKS = {"layers": "Layer", "augmentation": "Augmentation"}
"""Fields that hold a list of kinds, and what one entry is called in a message."""
_LONGEST_SHOWN = 60
_KEY = "control"


@dataclass(frozen=True, slots=True)
class Control:
    """What a form, a check and a help text need to know about one field.

    Attributes:
        name: the field's name, Keras's own where Keras has one.
        label: the short name on the page.
        help: one line.
        kind: "integer", "real", "choice" or "switch".
        default: the value of a field that was not given.
        low: least value that is accepted, for numbers.
        high: greatest value that is accepted, for numbers.
        slider: the narrower range that a slider offers, for numbers.
        step: the slider's step.
        options: the values of a choice.
        scale: "linear" or "log", how a slider is laid out.
        format: printf-style format of a number, such as "%.2f".
        none: what the value None means in words ("same as pool size"); None where None is not accepted.
        advanced: whether a form shows it only when more is asked for, and a link leaves its default out. Such
            a default must stay what it is: links that were shared rely on it.
    """

    name: str
    label: str
    help: str
    kind: ControlKind
    default: Value
    low: int | float | None = None
    high: int | float | None = None
    slider: tuple[int, int] | tuple[float, float] | None = None
    step: int | float | None = None
    options: tuple[str, ...] = ()
    scale: Literal["linear", "log"] = "linear"
    format: str | None = None
    none: str | None = None
    advanced: bool = False

    @property
    def expected(self) -> str:
        """What the field accepts, in words that follow "expected"."""
        if self.kind == "switch":
            return "true or false"
        if self.kind == "choice":
            return "one of " + ", ".join(self.options)
        noun = "a whole number" if self.kind == "integer" else "a number"
        words = f"{noun} from {self.low} to {self.high}"
        return words if self.none is None else f"{words}, or none ({self.none})"

    def accepts(self, value: object) -> bool:
        """Whether a value may stand in this field: right type, finite, within the hard bounds."""
        if value is None:
            return self.none is not None
        if self.kind == "switch":
            return type(value) is bool
        if self.kind == "choice":
            return type(value) is str and value in self.options
        if type(value) is not int and (self.kind == "integer" or type(value) is not float):
            return False
        # Only compared, so that neither NaN nor a number of a thousand digits can do harm.
        assert self.low is not None
        assert self.high is not None
        return self.low <= value <= self.high

    def nearest(self, value: object) -> Value:
        """The accepted value closest to this one; the default where closeness has no meaning."""
        if self.accepts(value):
            return typing.cast("Value", value)
        number = type(value) is int or (type(value) is float and math.isfinite(value))
        if not number or self.low is None or self.high is None:
            return self.default
        if self.kind == "integer" and type(value) is float:
            return self.default
        return self.low if typing.cast("float", value) < self.low else self.high

    def ticks(self) -> tuple[int | float, ...]:
        """What a control on a log scale offers: doublings for whole numbers, the 1–2–5 series for others.

        A scale that starts at 0 goes on with its step.
        """
        if self.slider is None or self.scale == "linear":
            return ()
        first, last = self.slider
        if first <= 0:
            assert self.step is not None
            return (first, *dataclasses.replace(self, slider=(self.step, last)).ticks())
        if self.kind == "integer":
            return tuple(int(first) << power for power in range(int(last // first).bit_length()))
        powers = range(math.floor(math.log10(first)) - 1, math.ceil(math.log10(last)) + 1)
        series = (float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5))
        return tuple(value for value in series if first <= value <= last)


def integer(
    default: int | None,
    *,
    low: int,
    high: int,
    slider: tuple[int, int],
    step: int = 1,
    label: str,
    help: str,
    scale: Literal["linear", "log"] = "linear",
    none: str | None = None,
    advanced: bool = False,
) -> Any:
    """A whole number. `none` says what None means, for a field annotated `int | None`."""
    extra = {"kind": "integer", "label": label, "help": help, "low": low, "high": high}
    extra |= {"slider": slider, "step": step, "scale": scale, "format": "%d", "none": none}
    extra |= {"advanced": advanced}
    return Field(default, strict=True, ge=low, le=high, json_schema_extra={_KEY: extra})  # type: ignore[dict-item]


def real(
    default: float,
    *,
    low: float,
    high: float,
    slider: tuple[float, float],
    step: float,
    label: str,
    help: str,
    scale: Literal["linear", "log"] = "linear",
    format: str = "%.2f",
    advanced: bool = False,
) -> Any:
    """A finite number."""
    extra = {"kind": "real", "label": label, "help": help, "low": low, "high": high}
    extra |= {"slider": slider, "step": step, "scale": scale, "format": format, "advanced": advanced}
    return Field(
        default,
        strict=True,
        ge=low,
        le=high,
        allow_inf_nan=False,
        json_schema_extra={_KEY: extra},  # type: ignore[dict-item]
    )


def choice(default: str, *, label: str, help: str, advanced: bool = False) -> Any:
    """One of the strings of the field's `Literal` annotation, which is where the options are declared."""
    extra: dict[str, Any] = {"kind": "choice", "label": label, "help": help, "advanced": advanced}
    return Field(default, json_schema_extra={_KEY: extra})


def switch(default: bool, *, label: str, help: str, advanced: bool = False) -> Any:
    """True or false."""
    extra: dict[str, Any] = {"kind": "switch", "label": label, "help": help, "advanced": advanced}
    return Field(default, strict=True, json_schema_extra={_KEY: extra})


@functools.cache
def controls(model: type[BaseModel]) -> dict[str, Control]:
    """The controls of a model's declared fields, in their order.

    Raises:
        TypeError: a choice whose annotation says no options.
    """
    found = {}
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and _KEY in extra:
            declared: dict[str, Any] = dict(typing.cast("dict[str, Any]", extra[_KEY]))
            if declared["kind"] == "choice":
                declared["options"] = _options(model, name, field.annotation)
            found[name] = Control(name=name, default=field.default, **declared)
    return found


def _options(model: type[BaseModel], name: str, annotation: object) -> tuple[str, ...]:
    """The strings of a choice's `Literal`.

    Another class of the same name hides an alias without a word: the form would then offer nothing at all.
    """
    options = typing.get_args(annotation) if typing.get_origin(annotation) is Literal else ()
    if not options or not all(type(option) is str for option in options):
        raise TypeError(
            f"{model.__name__}, {name}: expected a choice annotated with a Literal of its options. "
            f'Received {shown(annotation)}. Declare the options as Literal["…", "…"].'
        )
    return options


class Spec(BaseModel):
    """Base of all plain data that a user designs: frozen, nothing unknown accepted, errors in our words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, /, **values: Any) -> None:
        """Check the values against the declarations.

        Raises:
            SpecError: a value is not accepted; the message names the field, what it expects and what came.
        """
        try:
            super().__init__(**values)
        except ValidationError as exc:
            raise SpecError(explain(exc, type(self))) from exc

    # Pydantic then validates nested data without this method, so that an error keeps its full place.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @classmethod
    def from_json(cls, source: str | bytes | dict[str, Any]) -> typing.Self:
        """Read the JSON text, or the dictionary parsed from it.

        Raises:
            SpecError: in one message, the first thing that is wrong.
        """
        try:
            if isinstance(source, dict):
                return cls.model_validate(source)
            return cls.model_validate_json(source)
        except ValidationError as exc:
            raise SpecError(explain(exc, cls)) from exc

    def to_json(self) -> str:
        """Compact JSON that `from_json` reads back to an equal value."""
        return self.model_dump_json()

    def replace(self, **changes: Any) -> typing.Self:
        """The same with some fields changed, checked like new.

        Raises:
            SpecError: a changed value is not accepted.
        """
        return type(self)(**{name: getattr(self, name) for name in type(self).model_fields} | changes)


def explain(exc: ValidationError, model: type[BaseModel]) -> str:
    """The first error of a failed validation in one sentence: where, what was expected, what came."""
    first = exc.errors(include_url=False)[0]
    where, owner, field = _place(model, first["loc"])
    kind, received, context = first["type"], shown(first["input"]), first.get("ctx", {})
    if kind in ("json_invalid", "string_unicode") and not first["loc"]:
        return f"{where}: the text is not JSON in UTF-8."
    if kind == "extra_forbidden":
        known = ", ".join(name for name in owner.model_fields if name != "kind") or "none"
        return f"{where}: {shown(field)} is not one of its fields ({known})."
    if kind == "missing" and first["loc"][-1] == field:
        return f"{where}: {field} is missing."
    noun = _STACKS.get(field or "", "")
    is_entry = noun and where.startswith(noun)
    if is_entry and not (kind == "union_tag_invalid" and isinstance(first["input"], dict)):
        return f"{where}: expected {_a(noun.lower())} with its kind. Received {received}."
    if kind == "union_tag_invalid":
        known = str(context["expected_tags"]).replace("'", "")
        unknown = shown(first["input"].get("kind"))
        return f"{where}: {unknown} is not a kind of {noun.lower()}. Known are {known}."
    if kind == "too_long":
        received = f"{context['actual_length']:,}"
    place = where if field is None else f"{where}, {field}"
    return f"{place}: expected {_expected(owner, field, first['msg'])}. Received {received}."


def _expected(owner: type[BaseModel], field: str | None, message: str) -> str:
    """What a field accepts, from its control, else from its description, else in Pydantic's words."""
    control = controls(owner).get(field or "")
    if control is not None:
        return control.expected
    description = owner.model_fields[field].description if field in owner.model_fields else None
    if description is not None:
        return description
    words = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return words[:1].lower() + words[1:]


def _place(model: type[BaseModel], loc: tuple[int | str, ...]) -> tuple[str, type[BaseModel], str | None]:
    """Where an error is in words, the model that declares the field, and the field."""
    where, owner, field = model.__name__, model, None
    for part in loc:
        inner = _inner(owner, field, part)
        if inner is not None:
            where = f"{where} ({part})" if field in _STACKS else inner.__name__
            owner, field = inner, None
        elif isinstance(part, int):
            where = f"{_STACKS[field]} {part + 1}" if field in _STACKS else where
        else:
            field = part
            annotation = owner.model_fields[part].annotation if part in owner.model_fields else None
            if isinstance(annotation, type) and issubclass(annotation, BaseModel) and part != loc[-1]:
                where, owner, field = annotation.__name__, annotation, None
    return where, owner, field


def _inner(owner: type[BaseModel], field: str | None, part: int | str) -> type[BaseModel] | None:
    """The class of the spec that the tag of a union names, or None where the part is no such tag."""
    if field is None or not isinstance(part, str):
        return None
    stack = list(Spec.__subclasses__())
    while stack:
        candidate = stack.pop()
        if candidate.__name__ == part:
            return candidate
        stack.extend(candidate.__subclasses__())
    return None


def shown(value: object) -> str:
    """A value as a message shows it: its repr, never longer than a line."""
    try:
        text = repr(value)
    except Exception:  # a number of over 4,300 digits, a half-built model: a message must not fail for it
        return f"{type(value).__name__} too long to print"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def an(number: int) -> str:
    """A number behind its article, as it is spoken: "a 4", "an 8", "an 11", "an 18", "an 80"."""
    vowel = str(number).startswith("8") or number in (11, 18)
    return f"{'an' if vowel else 'a'} {number}"
