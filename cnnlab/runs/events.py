"""What happens in a run: the kinds of payload, and the event that carries one.

A training is the list of its events. The live chart, a replay, a comparison and the report all read this
list; `History` in `history.py` folds it into arrays.

A number that is not finite (the loss of a training that diverged) is written as JSON null, which every
browser reads, and comes back as NaN.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from cnnlab.errors import StorageError

StatusName = Literal["queued", "running", "paused", "finished", "stopped", "failed", "interrupted"]
STATUSES: tuple[str, ...] = get_args(StatusName)
"""Every status, in the order in which a run can pass through them."""

ACTIVE: tuple[str, ...] = ("queued", "running", "paused")
"""Statuses of a run that a worker has or will have."""

ENDED: tuple[str, ...] = tuple(status for status in STATUSES if status not in ACTIVE)
"""Statuses of a run that no worker has."""

RESUMABLE: tuple[str, ...] = tuple(status for status in ENDED if status != "finished")
"""Statuses from which a run can go on; see `RunRow.resumable` for the one failure that repeats itself."""


def _plain(values: Any) -> Any:
    """A NumPy array or scalar as plain Python; anything else as it is."""
    return values.tolist() if hasattr(values, "tolist") else values


def _number(value: Any) -> Any:
    """NaN for None, the form in which JSON carries a number that is not finite."""
    value = _plain(value)
    return math.nan if value is None else value


Number = Annotated[float, BeforeValidator(_number)]
"""A float, NaN and infinities included."""

Numbers = Annotated[tuple[Number, ...], BeforeValidator(_plain)]
"""Floats, one a step."""

Count = Annotated[int, BeforeValidator(_plain), Field(ge=0)]


class Payload(BaseModel):
    """What one event says; frozen, and read by its `kind`."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")
    kind: ClassVar[str]

    def to_json(self) -> str:
        """JSON of the fields, in which null stands for a number that is not finite."""
        return self.model_dump_json()


class Started(Payload):
    """The training starts, or goes on at `step`: whatever was recorded after that step no longer counts."""

    kind: ClassVar[str] = "started"
    step: Count = 0
    total_steps: Count
    steps_per_epoch: Count
    epochs: Count
    batch_size: Count
    train_images: Count


class Steps(Payload):
    """Loss and accuracy of consecutive batches; a step is one update by the optimizer, from 1 on."""

    kind: ClassVar[str] = "steps"
    first_step: Annotated[int, BeforeValidator(_plain), Field(ge=1)]
    loss: Numbers
    accuracy: Numbers
    learning_rate: Number
    images_per_second: Number
    precision: Numbers | None = None
    recall: Numbers | None = None

    @model_validator(mode="after")
    def _same_length(self) -> Self:
        if len(self.loss) != len(self.accuracy):
            raise ValueError(
                f"expected a loss and an accuracy for each step, received {len(self.loss)} losses and "
                f"{len(self.accuracy)} accuracies"
            )
        return self


class Epoch(Payload):
    """An epoch is complete: means over its training images, and over the validation images if any.

    Precision and recall are Keras's: over all images and classes together, a class counting as predicted
    where its probability is above 0.5. They are absent in records of older versions. The seconds are those of
    the steps and of the validation; the images a second are those of the steps alone.
    """

    kind: ClassVar[str] = "epoch"
    epoch: Annotated[int, BeforeValidator(_plain), Field(ge=1)]
    step: Count
    loss: Number
    accuracy: Number
    val_loss: float | None = None
    val_accuracy: float | None = None
    precision: float | None = None
    recall: float | None = None
    val_precision: float | None = None
    val_recall: float | None = None
    seconds: Number
    images_per_second: Number


class Tested(Payload):
    """Loss and accuracy on the test images with the weights of `step`."""

    kind: ClassVar[str] = "tested"
    __test__: ClassVar[bool] = False  # its name begins like a test's; pytest would collect it
    step: Count
    loss: Number
    accuracy: Number


class Status(Payload):
    """The run's status from now on, and what there is to say about it in words."""

    kind: ClassVar[str] = "status"
    status: StatusName
    message: str | None = None


class Changed(Payload):
    """From `step` on, counted from 1, a setting has another value: one of `spec.training.CHANGEABLE`."""

    kind: ClassVar[str] = "changed"
    step: Annotated[int, BeforeValidator(_plain), Field(ge=1)]
    name: str
    value: Number


class LayerHealth(BaseModel):
    """How one layer does at one step, on one batch.

    Attributes:
        name: The layer's name in the trace.
        dead: Share of its units, 0–1, whose ReLU is 0 for every image of the batch; None without a ReLU.
        saturated: Share of its outputs, 0–1, near the flat ends of a sigmoid or tanh; None without.
        gradient: RMS of the gradient ÷ RMS of the weights; None without weights.
        update: RMS of what the step added to the weights ÷ RMS of the weights; None without weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")
    name: str
    dead: float | None = None
    saturated: float | None = None
    gradient: float | None = None
    update: float | None = None


class Health(Payload):
    """How each layer with weights or an activation does at `step`."""

    kind: ClassVar[str] = "health"
    step: Count
    layers: tuple[LayerHealth, ...]


class Snapshot(Payload):
    """The run's pictures of kernels and feature maps now show the weights of `step`."""

    kind: ClassVar[str] = "snapshot"
    step: Count


PAYLOADS: Mapping[str, type[Payload]] = {
    cls.kind: cls for cls in (Started, Steps, Epoch, Tested, Status, Changed, Health, Snapshot)
}


@dataclass(frozen=True)
class Event:
    """One line of a run's record.

    Attributes:
        seq: Place in the run's record; the first event has 1, and no number is left out.
        run_id: The run's id.
        time: When it was written, in UTC.
        kind: One of the keys of `PAYLOADS`.
        payload: The payload's fields as plain data; None stands for a number that is not finite.
    """

    seq: int
    run_id: str
    time: datetime
    kind: str
    payload: dict[str, Any]

    def parsed(self) -> Payload:
        """The payload as an object of its class.

        Raises:
            StorageError: the kind or the fields are not those of this version.
        """
        try:
            return PAYLOADS[self.kind].model_validate(self.payload)
        except (KeyError, ValueError) as exc:
            raise StorageError(
                f"Event {self.seq} of run {self.run_id} (kind {self.kind!r}) cannot be read: expected one of "
                f"{', '.join(PAYLOADS)} with the fields of this version. Was it written by a newer CNN Lab?"
            ) from exc

    def to_json(self) -> str:
        """The event as one line of JSON, as it is sent to browsers."""
        return json.dumps(
            {
                "seq": self.seq,
                "run_id": self.run_id,
                "time": self.time.isoformat(),
                "kind": self.kind,
                "payload": self.payload,
            },
            allow_nan=False,
            separators=(",", ":"),
        )
