"""Figures carry the numbers they were given: their data is asserted, not their pixels."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from cnnlab.analysis.metrics import ClassReport
from cnnlab.figures import theme
from cnnlab.figures.classes import class_counts, class_report, describe_class_counts, describe_class_report
from cnnlab.figures.curves import curve, describe_curve
from cnnlab.figures.schedule import describe_schedule, schedule

NAMES = ("shirt", "coat", "bag")
EPOCHS: list[dict[str, Any]] = [
    {"epoch": 1, "loss": 2.0, "accuracy": 0.4, "val_loss": 1.9, "val_accuracy": 0.5},
    {"epoch": 2, "loss": 1.0, "accuracy": 0.8, "val_loss": 1.2, "val_accuracy": 0.75},
]
REPORT = (ClassReport("shirt", 0.9, 0.7, 0.79, 60, 47), ClassReport("coat", 0.76, 0.93, 0.84, 60, 74))


def trace(figure: go.Figure, name: str) -> Any:
    return next(each for each in figure.data if each.name == name)


def every_figure() -> list[go.Figure]:
    return [
        curve(EPOCHS, "loss"),
        class_counts({"training": [1, 2, 3]}, NAMES),
        class_report(REPORT),
        schedule([1, 2], [1e-3, 1e-4], 2),
    ]


@pytest.mark.parametrize("index", range(4))
def test_every_figure_is_transparent_and_takes_its_text_colour_from_the_page(index: int) -> None:
    layout = every_figure()[index].layout
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"
    assert layout.font.color == layout.xaxis.tickfont.color == theme.TEXT
    assert layout.height >= 140


def test_a_figure_made_at_once_is_the_one_made_trace_by_trace() -> None:
    line = {"x": [1, 2], "y": [3, 4], "name": "line", "line": {"color": theme.TRAINING}}
    bars = {"x": [1, 2], "y": [5, 6], "marker": {"color": theme.QUIET}}
    more: dict[str, Any] = {"height": 300, "legend": True, "xaxis": {"title_text": "epoch"}, "bargap": 0.3}
    slow = go.Figure()
    slow.add_scatter(**line)
    slow.add_bar(**bars)
    fast = theme.drawn([{"type": "scatter", **line}, {"type": "bar", **bars}], **more)
    assert fast == theme.finish(slow, **more)
    assert fast.layout.xaxis.title.text == "epoch"


def test_the_place_holder_for_text_is_still_streamlits() -> None:
    from streamlit.elements.lib import streamlit_plotly_theme

    assert streamlit_plotly_theme.GRAY_90 == theme.TEXT


class TestNames:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            (["short", "a name of a class"], ["short", "a name of a c…"]),
            (["golden retriever adult", "golden retriever puppy"], ["golden r…adult", "golden r…puppy"]),
            # The shorter one ends where the longer one goes on.
            (["a" * 20, "a" * 20 + "b"], ["a" * 13 + "…", "a" * 12 + "…b"]),
            (["the same name twice"] * 2, ["the same name…"] * 2),
            # Cut, these two would still be alike: they are kept whole.
            (["abcdefgh ijklmnop …x", "abcdefgh ijklmnop x"], None),
        ],
    )
    def test_cut_names_stay_different(self, names: list[str], expected: list[str] | None) -> None:
        cut = theme.told_apart(names)
        assert len(set(cut)) == len(set(names))
        assert expected is None or cut == expected
        assert expected is None or max(map(len, cut)) <= 14


class TestCurves:
    def test_training_is_solid_and_validation_dashed(self) -> None:
        figure = curve(EPOCHS, "accuracy")
        training, validation = trace(figure, "training"), trace(figure, "validation")
        assert (list(training.x), list(training.y)) == ([1, 2], [0.4, 0.8])
        assert list(validation.y) == [0.5, 0.75]
        assert (training.line.dash, validation.line.dash) == ("solid", "dash")

    def test_without_validation_there_is_no_such_curve(self) -> None:
        epochs = [{**row, "val_loss": None} for row in EPOCHS]
        assert [each.name for each in curve(epochs, "loss").data] == ["training"]

    def test_in_words(self) -> None:
        assert describe_curve(EPOCHS, "accuracy") == (
            "Accuracy over 2 epochs: training 40.0% to 80.0%, validation 50.0% to 75.0%."
        )
        assert describe_curve(EPOCHS[:1], "loss").startswith("Loss over 1 epoch: training 2.000 to 2.000")
        assert describe_curve([], "loss") == "No epoch is finished yet, so there is no loss to show."

    def test_no_epoch_yet(self) -> None:
        assert curve([], "loss").data == ()


class TestClasses:
    def test_a_bar_a_class_and_part(self) -> None:
        figure = class_counts({"training": [5, 6, 7], "test": [1, 2, 3]}, NAMES)
        assert [(each.name, list(each.x)) for each in figure.data] == [
            ("training", [5, 6, 7]),
            ("test", [1, 2, 3]),
        ]
        assert figure.layout.yaxis.type == "category"

    def test_long_names_that_begin_alike_stay_apart(self) -> None:
        names = ("a very long class name, first", "a very long class name, second", "short")
        bars = class_counts({"training": [1, 2, 3]}, names).data[0]
        assert len(set(bars.y)) == 3

    def test_precision_recall_and_f1(self) -> None:
        figure = class_report(REPORT)
        assert {each.name: list(each.x) for each in figure.data} == {
            "precision": [0.9, 0.76],
            "recall": [0.7, 0.93],
            "F1": [0.79, 0.84],
        }

    def test_in_words(self) -> None:
        counts = {"training": [5, 6, 7], "test": [1, 2, 3]}
        assert describe_class_counts(counts, NAMES) == (
            "Images of 3 classes: 18 training, 6 test; 6 to 10 images a class."
        )
        assert describe_class_counts({}, ()) == "A data set without classes."
        assert "Highest F1: 'coat' (84.0%); lowest: 'shirt' (79.0%)." in describe_class_report(REPORT)
        assert describe_class_report(()) == "No classes."


class TestSchedule:
    def test_steps_are_told_in_epochs(self) -> None:
        line = schedule([1, 5, 10], [1e-3, 5e-4, 1e-5], 5).data[0]
        assert list(line.x) == [0.2, 1.0, 2.0]
        assert list(line.customdata) == [1, 5, 10]

    def test_in_words(self) -> None:
        assert describe_schedule([1e-3, 1e-3]) == "The learning rate stays at 0.001."
        assert describe_schedule([1e-4, 1e-3, 1e-5]) == (
            "The learning rate starts at 0.0001, is at most 0.001 and ends at 1e-05."
        )
        assert describe_schedule([]) == "No steps, so no learning rate."
