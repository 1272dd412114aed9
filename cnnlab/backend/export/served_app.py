"""A web service around one network: a page that takes a picture, and the same for programs.

pip install -r requirements.txt
uvicorn app:app --port 8000
"""

from __future__ import annotations

import io
import json
import threading
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI, File, Form, HTTPException, UploadFile
from fastapi.responses import FileResponse
from PIL import Image, ImageOps, UnidentifiedImageError

HERE = Path(__file__).parent
FACTS: dict[str, Any] = json.loads((HERE / "model.json").read_text(encoding="utf-8"))

MOST_BYTES = 10_000_000
"""A picture above this is no photo of one thing."""

MOST_PIXELS = 50_000_000
"""A small file can unpack to a picture that fills the memory."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class Network:
    """The network; one picture at a time, because its interpreter keeps its numbers in one place."""

    def __init__(self, path: Path) -> None:
        self._interpreter = Interpreter(model_path=str(path))
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self._lock = threading.Lock()

    def probabilities(self, pixels: np.ndarray) -> np.ndarray:
        """Probabilities `(classes,) float32` of pixels `(height, width, channels) uint8, 0–255`."""
        with self._lock:
            self._interpreter.set_tensor(self._input, pixels[np.newaxis].astype(np.float32))
            self._interpreter.invoke()
            return np.array(self._interpreter.get_tensor(self._output)[0])


network = Network(HERE / "model.tflite")
app = FastAPI(title=FACTS["name"])


@app.get("/", include_in_schema=False)
def page() -> FileResponse:
    """The page with the upload."""
    return FileResponse(HERE / "index.html", media_type="text/html")


@app.get("/health")
def health() -> dict[str, Any]:
    """Ready, and what the network knows."""
    return {"status": "ready", **FACTS}


@app.post("/predict")
def predict(image: Annotated[UploadFile, File()], invert: Annotated[bool, Form()] = False) -> dict[str, Any]:
    """What the network says about a picture."""
    data = image.file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise HTTPException(413, f"The picture is larger than {MOST_BYTES // 10**6} MB. Send a smaller one.")
    probabilities = network.probabilities(prepared(data, invert))
    best = int(probabilities.argmax())
    names: list[str] = FACTS["class_names"]
    return {
        "class": names[best],
        "probability": float(probabilities[best]),
        "probabilities": dict(zip(names, map(float, probabilities), strict=True)),
    }


def prepared(data: bytes, invert: bool) -> np.ndarray:
    """A picture file as the network was trained on pictures: `(height, width, channels) uint8, 0–255`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP", "GIF", "BMP"])
            opened.load()
            picture = ImageOps.exif_transpose(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise HTTPException(413, f"The picture has more than {MOST_PIXELS // 10**6} million pixels.") from exc
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as exc:
        raise HTTPException(
            415, "This is no picture that can be read. Send PNG, JPEG, WebP, GIF or BMP."
        ) from exc
    size = (FACTS["width"], FACTS["height"])
    picture = in_colour(picture)
    if picture.size != size and FACTS["crop"]:
        picture = ImageOps.fit(picture, size, Image.Resampling.BICUBIC)
    elif picture.size != size:  # the whole picture, between black bars
        whole = ImageOps.contain(picture, size, Image.Resampling.BICUBIC)
        picture = Image.new("RGB", size)
        picture.paste(whole, ((size[0] - whole.width) // 2, (size[1] - whole.height) // 2))
    if FACTS["channels"] == 1:
        picture = picture.convert("L")
    pixels = np.asarray(picture, np.uint8).reshape(*reversed(size), FACTS["channels"])
    return 255 - pixels if invert else pixels


def in_colour(picture: Image.Image) -> Image.Image:
    """Any picture as red, green and blue of 8 bits; what is transparent lies on white paper."""
    if picture.mode.startswith("I"):
        greys = np.asarray(picture).astype(np.int64).clip(0, 65_535) // 257
        return Image.fromarray(greys.astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
    return picture.convert("RGB")
