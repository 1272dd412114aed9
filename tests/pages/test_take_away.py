"""Take it away, at the end of Evaluate: each form is made once, said to be checked, and offered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api
from cnnlab.errors import EngineError
from cnnlab.files import written_beside
from cnnlab.spec.formats import FORMATS, ExportReport
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, LAST
from tests.pages.stubs import NotingEngine

HELD_BACK = {"source", "notebook", "csv"}
"""Forms that need no worker: their download is there at once."""


def write(run_id: str, format_name: str, path: str, step: int | None, replace: bool) -> ExportReport:
    """What a worker would do, without TensorFlow."""
    with written_beside(Path(path)) as part:
        if format_name in ("serve", "savedmodel", "tensorboard"):
            part.mkdir()
            (part / "content").write_text(f"{format_name} of step {step}")
        else:
            part.write_text(f"{format_name} of step {step}")
    checked = {} if format_name == "tensorboard" else {"images": 100, "equal_predictions": 0.99}
    return ExportReport(format_name, path, 3, largest_difference=0.0123 if checked else None, **checked)  # type: ignore[arg-type]


@pytest.fixture
def maker(engine: NotingEngine) -> NotingEngine:
    engine.answers["export"] = write
    return engine


def downloads(app: AppTest) -> dict[str, str]:
    """Form → label of its download."""
    found = {each.key: each.proto.label for each in app.get("download_button")}
    return {
        key.removeprefix("w-download-"): label for key, label in found.items() if key.startswith("w-download")
    }


def opened(open_page: OpenPage) -> tuple[api.Run, AppTest]:
    run = recorded.finished()
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    return run, app


def test_every_form_has_its_card_and_its_purpose(open_page: OpenPage, engine: NotingEngine) -> None:
    _, app = opened(open_page)
    assert "Take it away" in [element.value for element in app.subheader]
    for form in FORMATS:
        assert screen.says(app, f"**{form.title}**")
        assert screen.says(app, form.purpose)
    made = {
        button.key.removeprefix("w-make-") for button in app.button if (button.key or "").startswith("w-make")
    }
    assert made == {form.name for form in FORMATS} - HELD_BACK
    assert downloads(app) == dict.fromkeys(HELD_BACK, "Download")
    assert engine.asked == []  # nothing is made before it is asked for


def test_a_form_is_made_by_a_worker_and_then_offered(open_page: OpenPage, maker: NotingEngine) -> None:
    run, app = opened(open_page)
    app.button(key="w-make-keras").click().run()
    ((task, arguments),) = maker.asked
    assert (task, arguments["run_id"], arguments["format_name"], arguments["step"]) == (
        "export", run.id, "keras", LAST
    )  # fmt: skip
    assert downloads(app)["keras"] == "Download 16\u00a0B"
    assert screen.says(
        app, "Checked on 100 test images: 99% predictions equal, probabilities differ by 0.012"
    )
    assert "keras.models.load_model" in "".join(element.value for element in app.code)
    # It is kept with the run: another visit finds it.
    again = open_page("evaluate", run=run.id)
    assert downloads(again)["keras"] == "Download 16\u00a0B"
    assert len(maker.asked) == 1


def test_the_weights_of_another_epoch_are_made_anew(open_page: OpenPage, maker: NotingEngine) -> None:
    run, app = opened(open_page)
    app.button(key="w-make-litert").click().run()
    app.select_slider[0].set_value(FIRST).run()
    assert "litert" not in downloads(app)
    app.button(key="w-make-litert").click().run()
    assert [arguments["step"] for _, arguments in maker.asked] == [LAST, FIRST]
    kept = sorted(path.parent.name for path in run_folder(run).rglob("report.json"))
    assert kept == [f"litert-{FIRST}"]  # one set of weights at a time


def test_a_folder_is_offered_as_a_zip(open_page: OpenPage, maker: NotingEngine) -> None:
    import zipfile

    run, app = opened(open_page)
    app.button(key="w-make-serve").click().run()
    (archive,) = run_folder(run).rglob("*.zip")
    assert zipfile.ZipFile(archive).read("digits-service/content") == f"serve of step {LAST}".encode()
    report = json.loads((archive.parent / "report.json").read_text())
    assert report["bytes"] == archive.stat().st_size
    assert {each.name for each in archive.parent.iterdir()} == {archive.name, "report.json"}
    code = "".join(element.value for element in app.code)
    assert "uvicorn app:app" in code


def test_what_went_wrong_is_said_and_can_be_tried_again(open_page: OpenPage, engine: NotingEngine) -> None:
    _, app = opened(open_page)

    def fail(**arguments: Any) -> None:
        raise EngineError("All workers were busy for 30 s. Try again in a moment.")

    engine.answers["export"] = fail
    app.button(key="w-make-litert").click().run()
    assert [error.value for error in app.error] == ["All workers were busy for 30 s. Try again in a moment."]
    assert "litert" not in downloads(app)
    engine.answers["export"] = write
    assert "w-make-litert" not in [button.key for button in app.button]
    app.button(key="w-again-litert").click().run()
    assert not app.error
    assert "litert" in downloads(app)


def test_a_missing_package_is_said_instead_of_a_button(
    open_page: OpenPage, engine: NotingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec",
        lambda name, *rest: None if name in ("tf2onnx", "onnxruntime") else find(name, *rest),
    )
    _, app = opened(open_page)
    assert [info.value for info in app.info] == [
        "ONNX needs the packages tf2onnx and onnxruntime. Install with: pip install tf2onnx onnxruntime"
    ]
    assert "w-make-onnx" not in [button.key for button in app.button]


def test_a_run_that_was_deleted_meanwhile_is_said() -> None:
    def card() -> None:
        from cnnlab import api
        from cnnlab.runs.store import get_store
        from cnnlab.spec import presets
        from cnnlab.ui import take_away_panel

        run = api.Run(get_store().create_run(presets.preset("digits").design, "local"))
        get_store().delete(run.id)
        run._read = 0.0  # long ago
        take_away_panel.panel(run, 1)

    app = AppTest.from_function(card).run()
    assert not app.exception
    assert "no run '" in app.error[0].value


@pytest.mark.parametrize("name", sorted(HELD_BACK))
def test_what_takes_no_worker_is_written_when_it_is_downloaded(name: str) -> None:
    from cnnlab.spec import formats
    from cnnlab.ui.take_away_panel import _written_now

    content = _written_now(recorded.finished().id, formats.get(name))
    begins = {"source": b"import", "notebook": b"{", "csv": b"PK"}[name]
    assert content.startswith(begins)


def run_folder(run: api.Run) -> Path:
    from cnnlab.runs import RunFiles

    return RunFiles(run.id).folder
