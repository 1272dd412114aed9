"""A folder that serves a network: app, page, model, what it needs, and how to start it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from cnnlab.spec.formats import ExportReport
from cnnlab.spec.usage import About

MODEL = "model.tflite"
"""Name of the network's file in the folder, which `served_app.py` opens."""

_HERE = Path(__file__).parent

REQUIREMENTS = """\
fastapi>=0.120,<1
uvicorn>=0.35,<1
python-multipart>=0.0.20
ai-edge-litert>=2.1,<3
numpy>=2.1,<3
pillow>=12,<14
"""

DOCKERFILE = """\
FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py index.html model.json model.tflite ./
RUN useradd --create-home served
USER served
EXPOSE 8000
CMD ["uvicorn", "app:app", "--host", "0.0.0.0", "--port", "8000"]
"""


def write(folder: Path, about: About, report: ExportReport) -> None:
    """Write everything but the model, which lies in the folder already."""
    shutil.copyfile(_HERE / "served_app.py", folder / "app.py")
    shutil.copyfile(_HERE / "served_page.html", folder / "index.html")
    (folder / "requirements.txt").write_text(REQUIREMENTS, encoding="utf-8")
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    (folder / "model.json").write_text(_facts(about), encoding="utf-8")
    (folder / "README.md").write_text(_readme(about, report), encoding="utf-8")


def _facts(about: About) -> str:
    height, width, channels = about.image_shape
    facts = {
        "name": about.run,
        "data": about.data,
        "height": height,
        "width": width,
        "channels": channels,
        "crop": about.crop,
        "class_names": list(about.class_names),
        "test_accuracy": about.accuracy,
    }
    return json.dumps(facts, indent=2, ensure_ascii=False) + "\n"


def _readme(about: About, report: ExportReport) -> str:
    height, width, channels = about.image_shape
    colours = "grey" if channels == 1 else "colour"
    fit = "cut to its middle" if about.crop else "fitted between black bars"
    accuracy = (
        "" if about.accuracy is None else f" It got {about.accuracy:.1%} of the run's test images right."
    )
    return f"""\
# {about.run}, served

A web service around the network of run {about.run_id} of CNN Lab, trained on {about.data}.{accuracy}
{report.words()}

## Start it

```sh
pip install -r requirements.txt
uvicorn app:app --port 8000
curl -F image=@photo.png http://localhost:8000/predict  # in a second terminal
```

Then open <http://localhost:8000>: a page that takes a picture and shows the probabilities. It needs Python
3.11, 3.12 or 3.13, and no TensorFlow.

## Or as a container

```sh
docker build -t cnn .
docker run --rm -p 8000:8000 cnn
```

## What it does

- `POST /predict` takes a picture as the form field `image` (PNG, JPEG, WebP, GIF or BMP, at most 10 MB) and
  answers with JSON: `class`, `probability`, and `probabilities` by class. With the form field `invert=true`
  light and dark are swapped first: for dark strokes on white paper, where the network learnt light strokes on
  black.
- `GET /health` says that it is ready, and its classes.
- The picture is turned upright, made {colours}, {fit} and resized to {height}×{width} pixels, as the training
  images were. A picture of exactly {height}×{width} is taken as it is. The division by 255 and the softmax
  are inside `model.tflite`.

| file | what it is |
| --- | --- |
| `app.py` | the service, about a hundred lines |
| `index.html` | the page |
| `model.tflite` | the network, LiteRT in float32 |
| `model.json` | size of an image, class names |
"""
