"""The forms in which a run can be taken away: declared once for the command line, the page and the engine."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from typing import Literal

from cnnlab.errors import ExportError, RunError

Content = Literal["network", "record", "design"]


@dataclass(frozen=True)
class Format:
    """One form of a run.

    Attributes:
        name: What it is called on the command line.
        title: What a page calls it.
        purpose: What it is for, in one line.
        icon: A Material icon.
        suffix: Ending of its file's name; for a folder, of the folder's.
        content: What of the run is in it: the network with its weights, the record of the training, or the
            design alone.
        folder: Whether it is a folder, and not one file.
        packages: Packages that it needs beside those of CNN Lab, by their names on PyPI and in an import.
    """

    name: str
    title: str
    purpose: str
    icon: str
    suffix: str
    content: Content
    folder: bool = False
    packages: tuple[str, ...] = ()

    def file_name(self, run_name: str) -> str:
        """What the file or folder of a run of this name is called: "digits-2.tflite"."""
        stem = re.sub(r"[^a-z0-9]+", "-", run_name.lower()).strip("-") or "run"
        return stem + self.suffix

    def missing(self) -> str | None:
        """What is to be installed first, in one line; None where nothing is."""
        lacking = [name for name in self.packages if importlib.util.find_spec(name) is None]
        if not lacking:
            return None
        noun = "package" if len(lacking) == 1 else "packages"
        return (
            f"{self.title} needs the {noun} {' and '.join(lacking)}. "
            f"Install with: pip install {' '.join(lacking)}"
        )

    def require(self) -> None:
        """Raise what `missing` says, where something is missing."""
        lacking = self.missing()
        if lacking is not None:
            raise ExportError(lacking)


FORMATS: tuple[Format, ...] = (
    Format(
        "keras",
        "Keras",
        "Load it in Python with Keras, look at its layers, train it further.",
        ":material/deployed_code:",
        ".keras",
        "network",
    ),
    Format(
        "serve",
        "Web service",
        "A folder with a small FastAPI app, an upload page and a Dockerfile: three commands put it online.",
        ":material/cloud_upload:",
        "-service",
        "network",
        folder=True,
    ),
    Format(
        "litert",
        "LiteRT",
        "Run it on a phone or a small computer (TensorFlow Lite), in float32.",
        ":material/smartphone:",
        ".tflite",
        "network",
    ),
    Format(
        "litert-int8",
        "LiteRT, 8 bit",
        "A quarter of the size, whole numbers only: for microcontrollers and accelerators.",
        ":material/memory:",
        "-int8.tflite",
        "network",
    ),
    Format(
        "onnx",
        "ONNX",
        "Run it without TensorFlow, from C++, C#, Java or JavaScript.",
        ":material/swap_horiz:",
        ".onnx",
        "network",
        packages=("tf2onnx", "onnxruntime"),
    ),
    Format(
        "savedmodel",
        "SavedModel",
        "A folder for TensorFlow Serving, TensorFlow.js and other TensorFlow tools.",
        ":material/folder_zip:",
        "-savedmodel",
        "network",
        folder=True,
    ),
    Format(
        "source",
        "Keras script",
        "A Python script that builds and trains the same network.",
        ":material/code:",
        ".py",
        "design",
    ),
    Format(
        "notebook",
        "Notebook",
        "The same in steps, for Jupyter or Colab.",
        ":material/menu_book:",
        ".ipynb",
        "design",
    ),
    Format(
        "tensorboard",
        "TensorBoard",
        "The curves of this training as event files.",
        ":material/show_chart:",
        "-tensorboard",
        "record",
        folder=True,
    ),
    Format(
        "csv",
        "CSV",
        "The numbers of every epoch and of every step, for a spreadsheet.",
        ":material/table:",
        "-history",
        "record",
        folder=True,
    ),
)
"""All forms, in the order in which a page offers them."""

ALIASES = {"tflite": "litert", "tflite-int8": "litert-int8"}
"""Other names by which people know a form."""

_BY_NAME = {each.name: each for each in FORMATS}


def names() -> list[str]:
    """Names of all forms, those known by two names twice."""
    return [*_BY_NAME, *ALIASES]


def get(name: str) -> Format:
    """The form of this name.

    Raises:
        RunError: There is none.
    """
    found = _BY_NAME.get(ALIASES.get(name, name))
    if found is None:
        raise RunError(f"There is no export format {name!r}. There are {', '.join(names())}.")
    return found


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it compares with the network it was made from.

    Attributes:
        format: The form's name.
        path: The file or folder.
        bytes: Its size.
        images: Test images that both were asked about; 0 where there is nothing to ask.
        largest_difference: Of all probabilities of these images, the largest difference; None without images.
        equal_predictions: Share of the images for which both name the same class, 0–1; None without images.
    """

    format: str
    path: str
    bytes: int
    images: int = 0
    largest_difference: float | None = None
    equal_predictions: float | None = None

    def words(self) -> str:
        """The comparison as a sentence; empty where nothing was compared."""
        if self.largest_difference is None or self.equal_predictions is None:
            return ""
        same = "all" if self.equal_predictions == 1 else f"{self.equal_predictions:.0%}"
        return (
            f"Checked on {self.images} test images: {same} predictions equal, probabilities differ by "
            f"{_short(self.largest_difference)} at most."
        )


_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _short(number: float) -> str:
    """Two digits of a number, as 0.024 or 4.8 × 10⁻⁷."""
    if number == 0 or number >= 1e-4:
        return f"{number:.2g}"
    digits, exponent = f"{number:.1e}".split("e")
    return f"{digits}\u00a0×\u00a010{str(int(exponent)).translate(_SUPERSCRIPT)}"
