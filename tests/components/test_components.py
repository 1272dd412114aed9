"""The components' Python half: what it sends to the browser, what it makes of the answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.analysis.metrics import cell_words
from cnnlab.spec.architecture import Architecture
from cnnlab.spec.layers import KINDS, AveragePooling2D, Conv2D, Flatten, Layer
from cnnlab.ui.components import _source
from cnnlab.ui.components.confusion import _cell
from cnnlab.ui.components.network import _volume

FOLDER = Path(_source.__file__).parent
ENTRIES = sorted(path.stem for path in FOLDER.glob("*.mjs") if "export default" in path.read_text("utf-8"))


def network_page() -> None:
    import streamlit as st

    from cnnlab.spec import presets
    from cnnlab.ui.components.network import network

    trace = presets.get("digits").trace()
    ids = [f"layer-{k}" for k in range(len(trace.rows))]
    st.text(network(trace, ids=ids, selected=ids[1], key="network", on_select=st.write))


def maps_page() -> None:
    import numpy as np
    import streamlit as st

    from cnnlab.analysis.maps import activation_tiles
    from cnnlab.ui.components.maps import maps

    values = np.zeros((4, 4, 6), np.float32)
    values[2, 2, 3] = 9.0
    st.text(maps(activation_tiles(values), key="maps", label="Feature maps of conv2d"))


def images_page() -> None:
    import numpy as np
    import streamlit as st

    from cnnlab.ui.components.images import Picture, images

    pictures = [Picture(str(k), np.full((8, 8, 1), k, np.uint8), "4 91%", "is 9", False) for k in range(5)]
    st.text(images(pictures, key="images", label="Test images", action="Open in Inspect"))
    st.text(images([], key="none", label="Nothing"))


@pytest.mark.parametrize(
    ("page", "said"), [(network_page, ["None"]), (maps_page, ["3"]), (images_page, ["None", "None"])]
)
def test_a_component_mounts_and_answers(page: object, said: list[str]) -> None:
    app = AppTest.from_function(page).run()  # type: ignore[arg-type]
    assert not app.exception
    assert [each.value for each in app.text] == said


@pytest.mark.parametrize("name", ENTRIES)
def test_an_inline_module_has_one_export_and_no_imports(name: str) -> None:
    text = _source.script(f"{name}.mjs")
    assert re.findall(r"^export .*", text, re.MULTILINE) == [
        line for line in text.splitlines() if line.startswith("export default")
    ]
    assert len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    assert not re.search(r"^import[ {]", text, re.MULTILINE)


@pytest.fixture(scope="module")
def node() -> str:
    """Where Node is; it must be where CI is true."""
    found = shutil.which("node")
    if found is None:
        assert os.environ.get("CI") != "true", "Node is missing: .ci/run installs it."
        pytest.skip("There is no Node on this machine; tests/test_components_js.py says what to do.")
    return found


@pytest.mark.parametrize("name", ENTRIES)
def test_an_inline_module_is_valid(name: str, tmp_path: Path, node: str) -> None:
    """Joined helpers must not declare a name twice."""
    file = tmp_path / f"{name}.mjs"
    file.write_text(_source.script(f"{name}.mjs"), encoding="utf-8")
    result = subprocess.run(
        [node, "--check", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_helper_that_two_files_import_is_joined_once() -> None:
    assert _source.script("network.mjs").count("function escapeText") == 1


def test_a_style_carries_the_shared_rules() -> None:
    assert ":focus-visible" in _source.style("maps.css")
    assert ".panel" in _source.style("maps.css")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_of_a_family_with_a_colour(kind: type[Layer]) -> None:
    assert f".{kind.family} {{" in (FOLDER / "network.css").read_text("utf-8")


def test_a_volume_is_of_the_family_that_its_kind_declares() -> None:
    layers = (Conv2D(), AveragePooling2D(), Flatten(), 3)
    trace = Architecture.model_construct(input_shape=(8, 8, 1), classes=2, layers=layers).trace()
    families = [_volume(row, row.name)["family"] for row in trace.rows]
    assert families == ["conv", "pool", "other", "other", "dense"]


def confusion_page() -> None:
    import numpy as np
    import streamlit as st

    from cnnlab.ui.components.confusion import confusion

    matrix = np.array([[43, 17], [4, 56]])
    confusion(matrix, ("shirt", "coat"), key="matrix", selected=(0, 1), on_select=st.write)


def test_the_confusion_matrix_is_sent_whole_with_its_words() -> None:
    app = AppTest.from_function(confusion_page).run()
    assert not app.exception
    (matrix,) = app.get("bidi_component")
    sent = json.loads(matrix.proto.json)
    assert sent["numbers"] == [["43", "17"], ["4", "56"]]
    assert sent["selected"] == [0, 1]
    assert sent["label"].startswith("Confusion matrix of 2 classes: 99 of 120 images right (82.5%).")


@pytest.mark.parametrize("answer", [[0, 2], [-1, 0], [0], [0.0, 1.0], "01", None, [[0], 1]])
def test_an_answer_that_names_no_cell_is_none(answer: object) -> None:
    assert _cell(answer, 2) is None
    assert _cell([1, 0], 2) == (1, 0)


WORDS = """
import { readFileSync } from "node:fs";
import { cellWords } from "%s";
const { counts, names } = JSON.parse(readFileSync(0, "utf8"));
const words = names.map((_, i) => names.map((_, j) => cellWords({ counts, names }, i, j)));
process.stdout.write(JSON.stringify(words));
"""


def test_the_browser_says_a_cell_as_python_does(node: str) -> None:
    names = ("shirt", "coat", "it's", "none", "one", "many")
    matrix = np.random.default_rng(0).integers(0, 3, (6, 6))
    matrix[3], matrix[4], matrix[5, 5] = 0, [0, 0, 0, 0, 1, 0], 1_234_567
    script = WORDS % (FOLDER / "confusion.mjs").as_uri()
    asked = json.dumps({"counts": matrix.tolist(), "names": names})
    result = subprocess.run(
        [node, "--input-type=module", "-e", script],
        input=asked,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    expected = [[cell_words(matrix, names, i, j) for j in range(6)] for i in range(6)]
    assert json.loads(result.stdout) == expected
