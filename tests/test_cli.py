"""The command line as a user meets it: output, exit status, one line for what is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnnlab import api, presets, settings
from cnnlab.__main__ import main
from cnnlab.engine import Engine
from cnnlab.runs import get_store
from cnnlab.spec import links
from cnnlab.spec.design import Design
from cnnlab.spec.training import TrainingConfig
from tests.datasets.own.making import two_classes, zipped
from tests.engine.conftest import MakeEngine, make_engine

__all__ = ["make_engine"]  # the fixture

ROOT = Path(__file__).resolve().parents[1]
DIGITS = presets.preset("digits").design
STACKED = DIGITS.to_json().encode().replace(b'"layers":[', b'"layers":[' + b'{"kind":"Flatten"},' * 9_994)


@pytest.fixture
def engine(make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine that the commands use: one with toy tasks."""
    toy = make_engine()
    for module in ("cnnlab.api", "cnnlab.api.run", "cnnlab.api.exports"):
        monkeypatch.setattr(f"{module}.get_engine", lambda: toy)
    return toy


class Cli:
    """Runs commands in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output, standard error."""
        try:
            status = main(arguments)
        except SystemExit as exc:
            status = int(exc.code or 0)
        out, err = self._capsys.readouterr()
        return status, out, err

    def json(self, *arguments: str) -> Any:
        status, out, err = self(*arguments, "--json")
        assert status == 0, err
        return json.loads(out)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    return Cli(capsys)


def test_presets_are_listed_with_their_parameters(cli: Cli) -> None:
    rows = {row["name"]: row for row in cli.json("presets")}
    assert list(rows) == presets.names()
    assert rows["fashion_mnist"]["parameters"] == 257_162
    assert rows["digits"]["input_shape"] == [8, 8, 1]
    assert rows["cifar10"]["dataset"] == "cifar10"
    status, out, _ = cli("presets")
    assert status == 0
    assert "257,162" in out


def test_datasets_are_listed_with_their_source_and_licence(cli: Cli) -> None:
    rows = {row["name"]: row for row in cli.json("datasets")}
    assert rows["digits"]["installed"]
    assert not rows["mnist"]["installed"]
    assert all(row["source"] and row["licence"] for row in rows.values())
    assert "digits" in cli("datasets")[1]


def test_a_data_folder_that_is_not_there_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_DATA", str(tmp_path / "dta"))
    settings.get.cache_clear()
    status, _, err = cli("datasets")
    assert status == 0
    assert err == f"cnnlab: CNNLAB_DATA names {tmp_path / 'dta'}, which is not there.\n"


BAD = [
    (["train", "--preset", "nope"], "no preset 'nope'"),
    (["train"], "one of the arguments --preset --design --link is required"),
    (["train", "--preset", "digits", "--link", "x"], "not allowed with argument"),
    (["train", "--preset", "digits", "--learning-rate", "nan"], "expected a number from 1e-07 to 10.0"),
    (["train", "--preset", "digits", "--learning-rate", "inf"], "received 'inf'"),
    (["train", "--preset", "digits", "--epochs", "0"], "expected a whole number from 1 to 500, received '0'"),
    (["train", "--preset", "digits", "--epochs", "-3"], "expected a whole number"),
    (["train", "--preset", "digits", "--epochs", "2.5"], "expected a whole number"),
    (["train", "--preset", "digits", "--seed", "9" * 5000], "expected a whole number"),
    (["train", "--preset", "digits", "--optimizer", "Magic"], "invalid choice: 'Magic'"),
    (["train", "--preset", "digits", "--dataset", "nope"], "no data set 'nope'"),
    (["train", "--preset", "tiny_vgg", "--dataset", "digits"], "Layer"),
    (["train", "--preset", "digits", "--recipe", "fast"], "'digits' has no recipes. Those with recipes are"),
    (["train", "--link", "x", "--recipe", "fast"], "--recipe: expected a tutorial's preset to go with it"),
    (["train", "--preset", "cifar10", "--recipe", "slow"], "invalid choice: 'slow'"),
    (["train", "--preset", "digits", "--name", " "], "must have 1 to 80 characters"),
    (["train", "--link", "1nonsense"], "The link holds no design"),
    (["train", "--link", "\udcff"], "The link holds no design"),
    (["train", "--design", "missing.json"], "missing.json cannot be read: No such file"),
    (["evaluate", "0123456789"], "no run '0123456789'"),
    (["evaluate", "../../etc/passwd"], "no run"),
    (["resume", "0123456789"], "no run"),
    (["export", "0123456789", "--format", "hologram"], "invalid choice: 'hologram'"),
    (["evaluate", "0123456789", "--step", "last"], "--step: expected a whole number, received 'last'"),
    (["export", "0123456789", "--format", "csv", "--step", "1.5"], "--step: expected a whole number"),
    (["import", "nowhere", "--size", "big"], "--size: expected a whole number, received 'big'"),
    (["train", "--link", "http://localhost:8501/design?lab=1nonsense"], "The link holds no design"),
    (["sing"], "invalid choice: 'sing'"),
    ([], "required"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(words)[:60] for words, _ in BAD])
def test_bad_input_is_said_in_one_line(
    cli: Cli,
    engine: Engine,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert err.startswith("cnnlab: ")
    assert err.count("\n") == 1
    assert message in err
    assert len(err) < 600
    assert api.runs(None) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe{", "the text is not JSON in UTF-8"),
        (b"{}", "dataset"),
        (b"[" * 100_000, "Design"),
        (
            b" " * 11_000_000,
            "with at most 64 layers. Received more than 10,000,000",
        ),
        (STACKED, "layers: expected a list of at most 64 layers. Received 10,000."),
        (DIGITS.to_json().encode().replace(b'"epochs":', b'"epochs":-'), "expected a whole number"),
    ],
    ids=["not UTF-8", "empty", "nested", "huge", "10,000 layers", "negative"],
)
def test_a_design_that_cannot_be_meant_is_refused(
    cli: Cli, tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "design.json"
    file.write_bytes(content)
    status, _, err = cli("train", "--design", str(file))
    assert (status, err.count("\n")) == (2, 1)
    assert message in err


def test_a_bad_setting_is_said_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnlab import settings

    monkeypatch.setenv("CNNLAB_TRAININGS", "many")
    settings.get.cache_clear()
    status, _, err = cli("runs")
    assert (status, err.count("\n")) == (2, 1)
    assert "The setting CNNLAB_TRAININGS cannot be used" in err


def test_a_data_set_that_cannot_be_had_is_a_failure(cli: Cli, engine: Engine) -> None:
    status, _, err = cli("train", "--preset", "lenet5")
    assert status == 1
    assert "Put mnist.npz" in err
    assert api.runs(None) == []


def test_every_training_setting_is_an_option(cli: Cli, engine: Engine) -> None:
    given = {
        "epochs": 2, "batch_size": 16, "optimizer": "SGD", "learning_rate": 0.05, "momentum": 0.5,
        "weight_decay": 0.01, "schedule": "cosine", "warmup": 0.2, "drop_factor": 0.3, "drop_every": 2,
        "validation_share": 0.2, "seed": 11, "precision": "mixed_bfloat16", "early_stopping": 3,
        "keep_best": True,
    }  # fmt: skip
    assert given.keys() == TrainingConfig.controls().keys()
    *others, switch = given.items()
    assert switch == ("keep_best", True)
    words = [word for name, value in others for word in ("--" + name.replace("_", "-"), str(value))]
    words.append("--keep-best")
    cli("train", "--preset", "digits", "--name", "quick", *words)
    assert api.runs()[0].design.training == TrainingConfig(**given)


@pytest.mark.parametrize("gains", [True, False])
def test_a_tutorial_is_trained_by_each_of_its_recipes(
    gains: bool, cli: Cli, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnlab.processor.gains_from_bfloat16", lambda: gains)
    tutorial = presets.preset("cifar10")
    # Its own images are not on this machine; others do, as nothing is learnt here.
    words = ("train", "--preset", "cifar10", "--dataset", "shapes", "--name", "quick", "--recipe")
    cli(*words, "fast", "--seed", "4")
    trained = api.runs()[0].design.training
    assert trained == tutorial.recipe("fast", bfloat16=gains).replace(seed=4)
    for name, expected in (("published", tutorial.published), ("short", tutorial.design.training)):
        cli(*words, name)
        assert api.runs()[0].design.training == expected


@pytest.mark.parametrize("form", ["text", "link", "design"])
def test_a_design_is_taken_from_a_link_or_a_file(form: str, cli: Cli, engine: Engine, tmp_path: Path) -> None:
    design = DIGITS.replace(preset=None, training=DIGITS.training.replace(seed=42))
    file = tmp_path / "design.json"
    file.write_text(design.to_json())
    text = links.encode(design)
    if form == "design":
        cli("train", "--design", str(file), "--name", "quick")
    else:
        address = f"http://localhost:8501/design?run=0123456789&lab={text}#top"
        cli("train", "--link", address if form == "link" else text, "--name", "quick")
    assert api.runs()[0].design == design


def test_another_data_set_changes_the_input_shape(cli: Cli, engine: Engine) -> None:
    cli("train", "--preset", "fashion_mnist", "--dataset", "shapes", "--name", "quick")
    design = api.runs()[0].design
    assert (design.dataset, design.architecture.input_shape) == ("shapes", (32, 32, 3))


def test_the_last_line_of_a_training_is_its_result(cli: Cli, engine: Engine) -> None:
    status, out, err = cli("train", "--preset", "digits", "--name", "quick", "--json")
    result = json.loads(out.splitlines()[-1])
    assert status == 0, err
    assert result.keys() >= {
        "run", "status", "test_accuracy", "test_loss", "epochs", "seconds", "parameters"
    }  # fmt: skip
    assert (result["status"], result["parameters"]) == ("finished", 43_050)
    assert api.get(result["run"]).status == "finished"


def test_a_failed_training_says_why_and_still_prints_its_result(cli: Cli, engine: Engine) -> None:
    status, out, err = cli("train", "--preset", "digits", "--name", "unrunnable", "--json")
    assert status == 1
    assert json.loads(out)["status"] == "failed"
    assert err.splitlines()[-1] == "cnnlab: The task 'train' failed: ValueError: nothing can be done"


def test_runs_are_listed(cli: Cli, engine: Engine) -> None:
    assert cli.json("runs") == []
    run = api.start(DIGITS, name="quick").wait()
    api.start(DIGITS, owner="bob", name="quick 2").wait()
    assert [row["name"] for row in cli.json("runs")] == ["quick 2", "quick"]
    (row,) = cli.json("runs", "--owner", "local")
    assert (row["run"], row["status"]) == (run.id, "finished")
    assert run.id in cli("runs")[1]


def test_a_finished_run_is_not_resumed(cli: Cli, engine: Engine) -> None:
    run = api.start(DIGITS, name="quick").wait()
    status, _, err = cli("resume", run.id)
    assert (status, err.count("\n")) == (2, 1)
    assert "is finished" in err


def test_the_data_of_a_run_are_installed_before_it_is_resumed(
    cli: Cli, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    monkeypatch.setattr("cnnlab.datasets.install", lambda name, progress: installed.append(name))
    row = get_store().create_run(DIGITS, "local", "quick")
    get_store().set_status(row.id, "interrupted")
    assert cli.json("resume", row.id)["status"] == "finished"
    assert installed == ["digits"]


def test_the_source_of_a_run_is_exported(cli: Cli, engine: Engine, tmp_path: Path) -> None:
    run = api.start(DIGITS, name="quick")
    status, out, _ = cli("export", run.id, "--format", "source")
    assert status == 0
    compile(out, "exported.py", "exec")
    file = tmp_path / "model.py"
    said = f"Wrote {file}, {len(out.encode()):,} bytes.\n"
    assert cli("export", run.id, "--format", "source", "-o", str(file)) == (0, said, "")
    assert file.read_text() == out
    status, _, err = cli("export", run.id, "--format", "source", "-o", str(tmp_path / "no" / "model.py"))
    assert (status, err.count("\n")) == (1, 1)


def test_an_export_without_a_path_is_named_after_its_run(
    cli: Cli, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = api.start(DIGITS, name="quick, 2").wait()
    assert cli("export", run.id, "--format", "csv")[0] == 0
    assert (tmp_path / "quick-2-history" / "epochs.csv").is_file()


def test_the_history_of_a_run_is_exported_without_a_worker(cli: Cli, engine: Engine, tmp_path: Path) -> None:
    run = api.start(DIGITS, name="quick").wait()
    report = cli.json("export", run.id, "--format", "csv", "-o", str(tmp_path / "history"))
    assert (report["format"], report["path"]) == ("csv", str(tmp_path / "history"))
    assert {each.name for each in (tmp_path / "history").iterdir()} == {"epochs.csv", "steps.csv"}
    status, _, err = cli("export", run.id, "--format", "csv", "-o", str(tmp_path / "history"))
    assert (status, err.count("\n")) == (1, 1)
    assert "is there already and is not empty. Choose another name." in err


def test_an_export_that_cannot_be_made_is_said_in_one_line(
    cli: Cli, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = api.start(DIGITS, name="quick").wait()
    cases = [
        (["--format", "keras"], 2, f"Run {run.id} has no weights yet."),
        (["--format", "tensorboard", "-o", str(tmp_path / "no" / "curves")], 1, "there is no such folder"),
    ]
    for words, expected, message in cases:
        status, out, err = cli("export", run.id, *words)
        assert (status, out, err.count("\n")) == (expected, "", 1)
        assert message in err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    status, _, err = cli("export", run.id, "--format", "onnx", "-o", str(tmp_path / "net.onnx"))
    assert (status, err) == (
        1,
        "cnnlab: ONNX needs the packages tf2onnx and onnxruntime. "
        "Install with: pip install tf2onnx onnxruntime\n",
    )
    assert list(tmp_path.glob("*.onnx*")) == []


def test_a_run_without_weights_is_not_evaluated(cli: Cli) -> None:
    row = get_store().create_run(DIGITS, "local")
    status, _, err = cli("evaluate", row.id, "--json")
    assert (status, err.count("\n")) == (2, 1)
    assert "has no weights yet" in err


def start_cli(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cnnlab", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_a_training_from_start_to_evaluation(cli: Cli) -> None:
    with start_cli("train", "--preset", "digits", "--epochs", "2", "--seed", "1", "--json") as process:
        out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    assert "Epoch 2/2 · loss " in err
    result = json.loads(out.splitlines()[-1])
    assert result["epochs"] == 2
    evaluation = cli.json("evaluate", result["run"])
    assert evaluation["test_accuracy"] == result["test_accuracy"]
    assert evaluation["test_loss"] == pytest.approx(result["test_loss"])
    matrix = evaluation["confusion_matrix"]
    assert sum(map(sum, matrix)) == evaluation["images"] == 359
    right = sum(matrix[i][i] for i in range(10))
    assert right / 359 == pytest.approx(evaluation["test_accuracy"])
    for index, row in enumerate(evaluation["per_class"]):
        assert row["support"] == sum(matrix[index])
        assert row["recall"] == pytest.approx(matrix[index][index] / row["support"])
    assert "test images right" in cli("evaluate", result["run"])[1]
    assert Design.from_json(api.get(result["run"]).row.design_json).training.seed == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_stops_the_run_and_resume_goes_on(cli: Cli) -> None:
    with start_cli("train", "--preset", "digits", "--epochs", "8", "--batch-size", "8", "--json") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Epoch 2/"):
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=180)
    assert process.returncode == 130
    result = json.loads(out.splitlines()[-1])
    assert result["status"] == "stopped"
    assert f"python -m cnnlab resume {result['run']}" in err
    assert "Traceback" not in err
    with start_cli("resume", result["run"], "--json") as process:
        out, err = process.communicate(timeout=280)
    assert process.returncode == 0, err
    resumed = json.loads(out.splitlines()[-1])
    assert (resumed["run"], resumed["status"], resumed["epochs"]) == (result["run"], "finished", 8)


def test_own_images_are_imported_listed_and_can_be_asked_for(cli: Cli, tmp_path: Path) -> None:
    files = two_classes(3) | {"photos/red/broken.jpg": b""}
    path = zipped(tmp_path / "mugs.zip", files)
    status, out, err = cli("import", str(path), "--size", "32", "--grey", "--fit", "--json")
    assert status == 0
    made = json.loads(out)
    assert made == {
        "name": made["name"],
        "title": "mugs",
        "images": 6,
        "image_shape": [32, 32, 1],
        "classes": {"blue": 3, "red": 3},
        "left_out": 1,
    }
    assert err == "left out: photos/red/broken.jpg: not a picture that can be read\n"
    assert cli.json("datasets")[-1]["name"] == made["name"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.zip",), "nowhere.zip: there is no such file. Expected a zip, or a folder"),
        (("nowhere", "--size", "500"), "expected a side from 16 to 128 pixels. Received 500."),
    ],
)
def test_own_images_that_cannot_be_imported_are_answered_in_one_line(
    cli: Cli, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = cli("import", *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1
