"""Own images: 2,000 photographs of 1 MB each, from the browser's zip to a data set that is ready.

The zip goes through Chromium and the app's route; the time ends when the page says that the data set is
ready. The server's memory is that of one process, with its peak while it received and watched; all processes
are counted with shared pages divided (PSS). Peers, on the same photographs in a folder: a plain loop of
Pillow that opens, crops, resizes and saves them as one array, and `python -m cnnlab import` of that folder.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.app import running
from bench.common import descendants, machine, proportional_mb, resident_mb, say, tell, verdict
from bench.memory import SAMPLE_SECONDS, Peak
from tests.browser.journey import keyed, press
from tests.browser.server import ROOT
from tests.browser.watch import wait_idle

COUNT = 2_000
BUDGET_SECONDS = 60.0
PATIENCE_MS = 600_000.0
"""For a machine that does something else beside: what is measured then is told with its load."""
PICTURE_BYTES = 1_000_000
SIZE = (4000, 3000)
DISTINCT = 8
CLASSES = ("red mug", "blue mug")

PLAIN = """
import pathlib, sys
import numpy
from PIL import Image, ImageOps

paths = sorted(pathlib.Path(sys.argv[1]).glob("*/*.jpg"))
images = [numpy.asarray(ImageOps.fit(Image.open(path).convert("RGB"), (64, 64))) for path in paths]
numpy.save(sys.argv[2], numpy.stack(images))
"""


def photograph(seed: int) -> bytes:
    """A JPEG of 12 megapixels and about 1 MB: soft colours with noise, as phones take them."""
    draw = np.random.default_rng(seed)
    coarse = draw.integers(0, 256, (30, 40, 3), np.uint8)
    soft = np.asarray(Image.fromarray(coarse).resize(SIZE, Image.Resampling.BICUBIC), np.int16)
    noisy = np.clip(soft + draw.integers(-6, 7, soft.shape, np.int16), 0, 255).astype(np.uint8)
    path = Path(tempfile.gettempdir()) / f"cnnlab-bench-{os.getpid()}.jpg"
    low, high = 5, 95
    while high - low > 1:  # the quality that comes nearest from below
        quality = (low + high) // 2
        Image.fromarray(noisy).save(path, "JPEG", quality=quality)
        low, high = (quality, high) if path.stat().st_size <= PICTURE_BYTES else (low, quality)
    Image.fromarray(noisy).save(path, "JPEG", quality=low)
    content = path.read_bytes()
    path.unlink()
    return content


def make(folder: Path, count: int) -> tuple[Path, Path]:
    """The photographs as a folder and as a zip, filled to 1 MB; some are repeated, to be made in time."""
    photographs = [photograph(seed) for seed in range(min(DISTINCT, count))]
    pictures, archive = folder / "photos", folder / "photos.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(count):
            content = photographs[number % len(photographs)]
            content += os.urandom(max(0, PICTURE_BYTES - len(content)))
            name = f"{CLASSES[number % len(CLASSES)]}/{number:05}.jpg"
            path = pictures / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            packed.writestr(name, content)
    return pictures, archive


class ServerPeak(Peak):
    """The largest resident memory of one process in MB, beside that of all."""

    server = 0.0

    def run(self) -> None:
        """Sample."""
        while not self.stop.wait(SAMPLE_SECONDS):
            try:
                self.server = max(self.server, resident_mb(self.pid))
                self.most = max(self.most, sum(proportional_mb(pid) for pid in descendants(self.pid)))
            except (OSError, RuntimeError):
                continue  # one of them has just ended


def through_the_browser(archive: Path) -> dict[str, Any]:
    """From choosing the zip to the data set: seconds of both parts, memory before and at its peak."""
    with running() as app:
        page = app.page()
        page.goto(f"{app.server.url}/data")
        page.get_by_role("tab", name="Own images").click()
        wait_idle(page)
        app.settle()
        used = processor_seconds(app.server.pid)
        before = resident_mb(app.server.pid), sum(map(proportional_mb, descendants(app.server.pid)))
        peak = ServerPeak(app.server.pid)
        peak.start()
        began = time.perf_counter()
        page.locator("label.button", has_text="Choose a zip").locator("input").set_input_files(archive)
        keyed(page, "w-own-make").get_by_role("button").wait_for(timeout=PATIENCE_MS)
        sent = time.perf_counter()
        press(page, "w-own-make")
        page.get_by_text("is ready:").wait_for(timeout=PATIENCE_MS)
        ended = time.perf_counter()
        peak.stop.set()
        used = processor_seconds(app.server.pid) - used
    return {
        "seconds": round(ended - began, 1),
        "upload_seconds": round(sent - began, 1),
        "import_seconds": round(ended - sent, 1),
        "processor_seconds": round(used, 1),
        "server_mb_before": round(before[0], 1),
        "server_mb_peak": round(peak.server, 1),
        "all_mb_before": round(before[1], 1),
        "all_mb_peak": round(peak.most, 1),
    }


def process(arguments: list[str], environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Seconds and the most memory of a process of its own."""
    began, used = time.perf_counter(), _children_seconds()
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    peak = ServerPeak(started.pid)
    peak.start()
    code = started.wait()
    took = time.perf_counter() - began
    peak.stop.set()
    if code:
        raise RuntimeError(f"{arguments[:2]} ended with {code}")
    return {
        "seconds": round(took, 1),
        "processor_seconds": round(_children_seconds() - used, 1),
        "mb_peak": round(peak.server, 1),
    }


def processor_seconds(pid: int) -> float:
    """Processor time of a process and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _children_seconds() -> float:
    times = os.times()
    return times.children_user + times.children_system


def main() -> None:
    """Print the machine, the way through the browser, and its peers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="photographs (default: %(default)s)")
    options = parser.parse_args()
    tell("machine", **machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        say(f"Making {options.count:,} photographs of 1 MB each.")
        pictures, archive = make(folder, options.count)
        plain = [str(pictures), str(folder / "plain.npy")]
        home = {**os.environ, "CNNLAB_HOME": str(folder / "home")}
        measures: list[tuple[str, Callable[[], dict[str, Any]]]] = [
            ("a zip through the browser", lambda: through_the_browser(archive)),
            (
                "python -m cnnlab import of the folder",
                lambda: process(["-m", "cnnlab", "import", str(pictures)], home),
            ),
            ("a plain Pillow loop over the folder", lambda: process(["-c", PLAIN, *plain])),
        ]
        for what, act in measures:
            say(f"{what}: {options.count:,} photographs.")
            facts = act()
            judged = options.count == COUNT and "plain" not in what
            kept = verdict(facts["seconds"], BUDGET_SECONDS) if judged else {}
            tell(what, unit="s", pictures=options.count, **facts, **kept)


if __name__ == "__main__":
    main()
