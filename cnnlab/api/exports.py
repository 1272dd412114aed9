"""Taking a run away: in another form of its network, as its curves, as a script or a notebook."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

from cnnlab import runs as record
from cnnlab.engine import get_engine
from cnnlab.errors import ExportError
from cnnlab.files import make_folder, require_writable, total_bytes, written_beside
from cnnlab.runs.rows import RunRow
from cnnlab.runs.tables import Tables
from cnnlab.spec import formats
from cnnlab.spec.formats import ExportReport, Format
from cnnlab.spec.notebook import notebook
from cnnlab.spec.source import keras_source

EXPORT_SECONDS = 300.0
"""How long a worker may take to write and check a network; a small one takes seconds."""


_REPORT = "report.json"


def export(
    run_id: str, format: str, path: str | Path, step: int | None = None, *, replace: bool = False
) -> ExportReport:
    """Write a run in another form; see `Run.export`.

    Args:
        run_id: The run.
        format: Name of the form.
        path: File or folder to write; a file without an ending gets that of its form.
        step: Of the weights; None: the last kept.
        replace: Whether a folder with content may be replaced.
    """
    form = formats.get(format)
    form.require()
    row = record.get_store().run(run_id)
    place = Path(path).expanduser().absolute()
    if not form.folder and place.is_dir():
        place /= form.file_name(row.name)
    elif not form.folder and not place.suffix:
        place = place.with_name(place.name + form.suffix)
    if form.name == "keras" and place.suffix != form.suffix:
        raise ExportError(f"A Keras file's name ends in {form.suffix}. Received {place.name!r:.80}.")
    if not needs_worker(form):
        return _write(form, row, place, replace)
    if form.content == "network":
        step = record.get_store().files(run_id).kept_step(step)
    require_writable(place, replace=replace)  # a worker would refuse too, but it may have to start first
    return get_engine().ask(
        "export",
        timeout=EXPORT_SECONDS,
        run_id=run_id,
        format_name=form.name,
        path=str(place),
        step=step,
        replace=replace,
    )


def needs_worker(form: Format) -> bool:
    """Whether the form takes TensorFlow to write."""
    return form.content == "network" or form.name == "tensorboard"


def text(form: Format, row: RunRow) -> str:
    """A form that is one text: the Keras script or the notebook.

    Raises:
        SpecError: The design has a problem.
    """
    return notebook(row.design, row.name) if form.name == "notebook" else keras_source(row.design)


def _write(form: Format, row: RunRow, place: Path, replace: bool) -> ExportReport:
    """Write a form that takes no TensorFlow."""
    with written_beside(place, replace=replace) as part:
        if form.name == "csv":
            part.mkdir()
            Tables(record.get_store().events(row.id)).write_csv(part)
        else:
            part.write_text(text(form, row), encoding="utf-8")
        size = total_bytes(part)
    return ExportReport(form.name, str(place), size)


# What a page keeps of a run until it is made again


@dataclasses.dataclass(frozen=True)
class Made:
    """An export that lies ready beside the run's other files, and goes with them.

    Attributes:
        path: One file; a folder is packed as a zip.
        report: What was written, and how it compares.
    """

    path: Path
    report: ExportReport


def made(run_id: str, form: Format, step: int) -> Made | None:
    """The export of these weights, where it was made before."""
    folder = _kept(run_id, form, step)
    try:
        report = ExportReport(**json.loads((folder / _REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or one of another version
        return None
    path = folder / Path(report.path).name
    return Made(path, report) if path.is_file() else None


def make(run_id: str, form: Format, step: int) -> Made:
    """Write an export to be downloaded; the same form of other weights makes room for it.

    Raises:
        CNNLabError: As `export`.
    """
    folder = _kept(run_id, form, step)
    make_folder(folder.parent)
    with written_beside(folder, replace=True) as part:
        part.mkdir()
        name = form.file_name(record.get_store().run(run_id).name)
        report = export(run_id, form.name, part / name, step)
        file = packed(part / name)
        if form.folder:
            shutil.rmtree(part / name)
        report = dataclasses.replace(report, path=str(folder / file.name), bytes=file.stat().st_size)
        kept = dataclasses.asdict(report)
        (part / _REPORT).write_text(json.dumps(kept), encoding="utf-8")
    for other in folder.parent.glob(f"{form.name}-*"):
        if other.name.removeprefix(f"{form.name}-").isdigit() and other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return Made(folder / file.name, report)


def packed(path: Path) -> Path:
    """A file as it is; a folder as a zip beside it, which unpacks to a folder of its name."""
    if path.is_file():
        return path
    return Path(shutil.make_archive(str(path), "zip", path.parent, path.name))


def _kept(run_id: str, form: Format, step: int) -> Path:
    return record.get_store().files(run_id).folder / "exports" / f"{form.name}-{step}"
