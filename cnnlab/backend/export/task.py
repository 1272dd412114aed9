"""The task "export": a run's network, or its curves, in another form, checked, whole or not at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnlab import datasets
from cnnlab.backend.export import service, tensorboard
from cnnlab.backend.export.deployable import Deployable
from cnnlab.backend.export.writers import WRITERS
from cnnlab.datasets.own import shelf
from cnnlab.errors import ExportError
from cnnlab.files import total_bytes, written_beside
from cnnlab.runs import RunRow, get_store
from cnnlab.spec import formats, usage
from cnnlab.spec.formats import ExportReport, Format
from cnnlab.spec.usage import About

TOLERANCE = 0.01
"""Largest difference of a probability that rounding can explain in float32; beyond it the file is wrong."""


def export(
    run_id: str, format_name: str, path: str, step: int | None = None, replace: bool = False
) -> ExportReport:
    """Write a run in another form.

    Args:
        run_id: the run.
        format_name: the name of one of `cnnlab.spec.formats.FORMATS` with the network or the record in it.
        path: the file or folder to write; its README lies beside it, or in the folder.
        step: one of the steps whose weights are kept; None: the last of them.
        replace: whether a folder with content may be replaced.

    Raises:
        ExportError: a package is missing, or what was written does not say what the network says.
        StorageError: it cannot be written there, or the weights are damaged.
        RunStateError: no weights of this step are kept.
        DatasetUnavailable: the data set is not there any more.
    """
    form = formats.get(format_name)
    form.require()
    row = get_store().run(run_id)
    place = Path(path)
    with written_beside(place, replace=replace) as part:
        if form.name == "tensorboard":
            tensorboard.write(part, get_store().events(run_id))
            report = ExportReport(form.name, str(place), total_bytes(part))
            _describe(form, row, None, report, part)
        else:
            network = Deployable(run_id, step)
            report = _write_network(form, network, row, part)
    return dataclasses.replace(report, path=str(place))


def _write_network(form: Format, network: Deployable, row: RunRow, part: Path) -> ExportReport:
    served = form.name == "serve"
    write, read = WRITERS["litert" if served else form.name]
    file = part / service.MODEL if served else part
    if served:
        part.mkdir()
    write(network, file)
    images = network.test_images()
    report = _compare(form, network.probabilities(images), read(file, images))
    if served:
        service.write(part, about(row, network.step), report)
    report = dataclasses.replace(report, bytes=total_bytes(part))
    if not served:
        _describe(form, row, network.step, report, part)
    return report


def _compare(form: Format, wanted: NDArray[np.float32], found: NDArray[np.float32]) -> ExportReport:
    """What the written file says beside what the network says, both `(n, classes)`."""
    difference = float(np.abs(wanted - found).max())
    equal = float((wanted.argmax(axis=1) == found.argmax(axis=1)).mean())
    # Whole numbers are coarse: how far an 8-bit file is off is said, and is for the reader to judge.
    if not difference <= TOLERANCE and form.name != "litert-int8":
        raise ExportError(
            f"{form.title}: the written file does not say what the network says. On {len(wanted)} test "
            f"images probabilities differ by up to {difference:.2g}, expected at most {TOLERANCE:g}. "
            "Nothing was kept."
        )
    return ExportReport(form.name, "", 0, len(wanted), difference, equal)


def _describe(form: Format, row: RunRow, step: int | None, report: ExportReport, part: Path) -> None:
    """Write the README: into a folder, beside a file."""
    place = part / "README.md" if form.folder else part.with_name(f"{part.name}.README.md")
    place.write_text(usage.readme(form, about(row, step), report, part.name), encoding="utf-8")


def about(row: RunRow, step: int | None) -> About:
    """What there is to say of a run."""
    info = datasets.info(row.design.dataset)
    return About(
        run=row.name,
        run_id=row.id,
        data=info.title,
        image_shape=info.image_shape,
        class_names=info.class_names,
        step=step,
        crop=not shelf.is_own(info.name) or shelf.card(info.name).preparation.crop,
        accuracy=row.result.get("test_accuracy") if step in (None, row.result.get("step")) else None,
    )
