"""Compare: runs whose differences are known beforehand, in table, curves, matrices and on one image."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api
from cnnlab.runs import get_store
from cnnlab.spec import presets
from cnnlab.spec.design import Design
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import LAST, OTHER

BETTER: Mapping[tuple[int, int], int] = {(3, 8): 2, (9, 7): 4, (1, 2): 1}
"""The second run's mistakes: five fewer 3s called 8, one 1 called 2, and no 0 called 6."""


def better(name: str = "better", *, seconds: float = 20.0, **training: Any) -> api.Run:
    """A finished run with other mistakes."""
    design = recorded.digits()
    design = design.replace(training=design.training.replace(**training))
    run = recorded.finished(name=name, design=design)
    store = get_store()
    store.files(run.id).write_evaluation(LAST, recorded.answers(BETTER), recorded.test_labels(), 0.1)
    store.set_result(run.id, test_accuracy=recorded.accuracy(BETTER), test_loss=0.1, seconds=seconds)
    return api.get(run.id)


def compare(open_page: OpenPage, *runs: api.Run, tab: str | None = None) -> AppTest:
    app = open_page("compare", runs=",".join(run.id for run in runs))
    if tab is not None:
        app.session_state["w-compare-tabs"] = tab
        app.run()
    assert not app.exception
    return app


def differences(app: AppTest) -> dict[str, list[str]]:
    """What differs → its value in each run."""
    rows = app.table[0].value.to_dict("records")
    return {row["What"]: [value for name, value in row.items() if name not in ("", "What")] for row in rows}


def numbers(values: Any) -> np.ndarray:
    """Numbers, whether Plotly sent them as lists or as bytes."""
    if isinstance(values, dict):
        flat = np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
        return flat.reshape([int(side) for side in values["shape"].split(",")]) if "shape" in values else flat
    return np.array(values, float)


def curves(app: AppTest) -> dict[str, list[tuple[float, float]]]:
    return {
        trace["name"]: list(
            zip(numbers(trace["x"]).round(9).tolist(), numbers(trace["y"]).round(9).tolist(), strict=True)
        )
        for trace in screen.figure(app, "w-compare-curves")["data"]
    }


def informed(app: AppTest) -> list[str]:
    return [info.value for info in app.info]


class TestChoosing:
    def test_without_an_address_the_newest_two_of_the_same_data_are_compared(
        self, open_page: OpenPage
    ) -> None:
        first, newest = recorded.finished(name="first"), better("newest")
        recorded.finished(OTHER, name="theirs")
        app = open_page("compare")
        assert not app.exception
        assert app.multiselect[0].value == [newest.id, first.id]
        assert app.multiselect[0].options == ["newest", "first"]

    def test_the_run_of_the_address_is_one_of_the_two(self, open_page: OpenPage) -> None:
        first, second, third = (recorded.finished(name=name) for name in ("first", "second", "third"))
        assert open_page("compare", run=first.id).multiselect[0].value == [first.id, third.id]
        assert open_page("compare", runs=f"{second.id},{first.id}").multiselect[0].value == [
            second.id,
            first.id,
        ]

    def test_a_run_that_repeats_another_is_compared_with_that_one(self, open_page: OpenPage) -> None:
        first, again = recorded.finished(name="first"), recorded.finished(name="again")
        recorded.finished(name="newest")
        repeat(again, first)
        assert open_page("compare", run=again.id).multiselect[0].value == [again.id, first.id]

    def test_names_are_no_markdown(self, open_page: OpenPage) -> None:
        first, late = recorded.finished(name="**bold** [link](x)"), recorded.queued(name="$late$")
        app = compare(open_page, first, late)
        assert r"'\$late\$' has no result to compare: this run waits for its turn." in informed(app)
        assert r"\*\*bold\*\* \[link\](x)" in app.table[0].value.columns

    def test_a_choice_is_written_into_the_address(self, open_page: OpenPage) -> None:
        first, second, third = (recorded.finished(name=name) for name in ("first", "second", "third"))
        app = compare(open_page, first, second)
        app.multiselect[0].set_value([first.id, third.id]).run()
        assert not app.exception
        assert app.query_params["runs"] == f"{first.id},{third.id}"
        app.multiselect[0].set_value([]).run()
        assert informed(app) == ["Choose two runs or more."]

    def test_the_choice_is_kept_on_the_way_to_another_page_and_back(self, open_page: OpenPage) -> None:
        first, second, third = (recorded.finished(name=name) for name in ("first", "second", "third"))
        app = compare(open_page, first, second)
        for run, expected in ((second, [first.id, second.id]), (third, [third.id, second.id])):
            app.query_params.clear()
            app.query_params["run"] = run.id
            app.switch_page("pages/runs.py").run()
            app.switch_page("pages/compare.py").run()
            assert not app.exception
            assert app.multiselect[0].value == expected

    def test_a_link_to_someone_elses_runs_shows_them(self, open_page: OpenPage) -> None:
        theirs = recorded.finished(OTHER, name="theirs"), recorded.finished(OTHER, name="also theirs")
        app = compare(open_page, *theirs)
        assert app.multiselect[0].options == ["theirs", "also theirs"]

    def test_runs_of_one_name_are_told_apart(self, open_page: OpenPage) -> None:
        first, second = recorded.finished(name="same"), better("same")
        app = compare(open_page, first, second)
        assert app.multiselect[0].options == [f"same ({first.id})", f"same ({second.id})"]
        assert differences(app)["Test accuracy"] == ["96.7%", "98.1%"]

    def test_no_run_at_all_shows_the_way_to_one(self, open_page: OpenPage) -> None:
        app = open_page("compare")
        assert not app.exception
        assert "**There are no runs to compare yet.**" in screen.texts(app)

    def test_one_run_only_is_one_sentence(self, open_page: OpenPage) -> None:
        run = recorded.finished(name="only")
        app = open_page("compare")
        assert informed(app) == [
            "One run has nothing to be compared with yet: train another, with one thing changed."
        ]
        recorded.finished(name="second")
        assert informed(compare(open_page, run)) == ["Choose a second run to compare it with."]

    @pytest.mark.parametrize("bad", ["0123456789", "x", "../../etc/passwd", "0" * 5000, "é☃"])
    def test_an_unknown_run_is_said_and_the_others_are_compared(self, bad: str, open_page: OpenPage) -> None:
        first, second = recorded.finished(name="first"), better()
        app = open_page("compare", runs=f"{first.id},{bad},{second.id}")
        assert not app.exception
        assert screen.error(app).startswith("There is no run '")
        assert len(screen.error(app)) < 300
        assert app.multiselect[0].value == [first.id, second.id]
        assert differences(app)

    def test_where_the_linked_runs_are_all_there_would_be_the_way_leads_to_a_first_one(
        self, open_page: OpenPage
    ) -> None:
        app = open_page("compare", runs="a,b")
        assert screen.error(app).startswith("There is no run 'a'.")
        assert "**You have no runs to compare yet.**" in screen.texts(app)
        assert informed(app) == []

    def test_many_unknown_runs_are_one_sentence_more(self, open_page: OpenPage) -> None:
        recorded.finished(name="first")
        app = open_page("compare", runs="a,b,c")
        assert not app.exception
        assert screen.error(app).endswith("Nor are there 2 more of the runs in the address.")
        app = open_page("compare", runs="a,b")
        assert screen.error(app).endswith("Nor is there another of the runs in the address.")
        assert app.multiselect[0].value == []

    def test_more_runs_than_colours_are_cut_and_said(self, open_page: OpenPage) -> None:
        runs = [recorded.queued(name=f"run {k}") for k in range(10)]
        app = open_page("compare", runs=",".join(run.id for run in runs))
        assert not app.exception
        assert len(app.multiselect[0].value) == 8
        assert screen.error(app) == "At most 8 runs are shown side by side: the first 8 of 10 are."

    def test_a_run_of_another_version_is_said_and_left_out(self, open_page: OpenPage) -> None:
        first, second, old = recorded.finished(name="first"), better(), recorded.finished(name="old")
        outdate(old)
        app = compare(open_page, first, old, second)
        assert screen.error(app).startswith("'old' was made by another version and cannot be read: ")
        assert list(app.table[0].value.columns) == ["", "What", "first", "better"]


class TestTable:
    def test_only_what_differs_is_listed(self, open_page: OpenPage) -> None:
        first, second = recorded.finished(name="first"), better(learning_rate=0.01, batch_size=48)
        app = compare(open_page, first, second)
        rate, batch = first.design.training.learning_rate, first.design.training.batch_size
        assert differences(app) == {
            "Test accuracy": ["96.7%", "98.1%"],
            "Test loss": ["0.123", "0.100"],
            "Training time": ["8.4 s", "20.0 s"],
            "Batch size": [str(batch), "48"],
            "Learning rate": [f"{rate:g}", "0.01"],
        }
        assert app.table[0].value[""].tolist() == ["**Result**", "", "", "**Training**", ""]

    def test_a_run_that_trains_says_how_far_it_has_come(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.running(name="a"), better())
        found = differences(app)
        assert found["Status"] == ["training", "finished"]
        assert found["Test accuracy"] == ["–", "98.1%"]
        assert found["Validation accuracy"] == ["70.0%", "–"]

    def test_equal_runs_are_one_sentence(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="a"), recorded.finished(name="b"))
        assert informed(app) == ["Nothing: these runs have the same layers, settings and results."]

    def test_layers_and_parameters(self, open_page: OpenPage) -> None:
        design = recorded.digits()
        layers = tuple(layer for layer in design.architecture.layers if layer.kind != "Dropout")
        assert len(layers) < len(design.architecture.layers)
        small = design.replace(architecture=design.architecture.with_layers(layers))
        app = compare(
            open_page, recorded.finished(name="with"), recorded.finished(name="without", design=small)
        )
        rows = differences(app)
        assert [values[1] for what, values in rows.items() if what.startswith("Dropout")] == ["–"]


class TestCurves:
    def test_validation_accuracy_of_each_run_by_epoch(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="first"), recorded.ended("stopped", name="second"))
        first = [(1, 0.7), (2, 0.85)]
        assert curves(app) == {"first": first, "second": first[:1]}

    @pytest.mark.parametrize(("axis", "x"), [("step", [21, 42]), ("time", [4.22, 8.44])])
    def test_by_steps_and_by_time(self, axis: str, x: list[float], open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="first"), better())
        app.button_group(key="w-compare-axis").set_value(axis).run()
        assert not app.exception
        assert [point[0] for point in curves(app)["first"]] == pytest.approx(x)

    def test_another_measure(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="first"), better())
        measure = app.selectbox(key="w-compare-measure")
        assert measure.options == [
            "Validation accuracy", "Validation loss", "Training accuracy", "Training loss",
        ]  # fmt: skip
        measure.set_value("loss").run()
        assert [y for _, y in curves(app)["first"]] == [1.0, 0.5]
        app.button_group(key="w-compare-axis").set_value("step").run()
        assert [y for _, y in curves(app)["first"]] == pytest.approx([2.3 / step for step in range(1, 43)])

    def test_runs_without_an_epoch_are_one_sentence(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.queued(name="a"), recorded.queued(name="b"))
        assert "None of these runs has finished an epoch yet." in informed(app)


class TestCost:
    def test_the_front_is_marked(self, open_page: OpenPage) -> None:
        slow, quick = better("slow", seconds=20), recorded.finished(name="quick")
        worse = better("worse", seconds=30)
        get_store().set_result(worse.id, test_accuracy=0.5)
        app = compare(open_page, slow, quick, worse)
        front = screen.figure(app, "w-compare-seconds")["data"][0]
        assert front["name"] == "Pareto front"
        assert numbers(front["x"]).tolist() == [8.44, 20]
        assert numbers(front["y"]) == pytest.approx([recorded.accuracy(), recorded.accuracy(BETTER)])
        # All have the same parameters: only the most accurate is worth them.
        front = screen.figure(app, "w-compare-parameters")["data"][0]
        assert numbers(front["y"]) == pytest.approx([recorded.accuracy(BETTER)])

    def test_a_run_without_a_result_is_said(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="done"), recorded.queued(name="late"))
        assert "'late' has no result to compare: this run waits for its turn." in informed(app)

    def test_runs_of_different_data_sets_are_not_compared(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="digits"), shapes())
        (text,) = informed(app)
        assert text.startswith("These runs learnt different data sets (Digits, ")
        assert text.endswith("Choose runs of one data set.")


class TestMatrices:
    def test_second_minus_first(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="first"), better(), tab="Two matrices")
        figure = screen.figure(app, "w-compare-difference-counts")
        change = recorded.confusion(BETTER) - recorded.confusion()
        gain = np.where(np.eye(10, dtype=bool), change, -change)
        np.testing.assert_array_equal(numbers(figure["data"][0]["z"]), gain)
        assert (figure["data"][0]["zmin"], figure["data"][0]["zmax"]) == (-5, 5)
        assert screen.says(app, "Accuracy 96.7% against 98.1%. The greatest change is in '3'")

    def test_any_two_of_three_can_be_chosen(self, open_page: OpenPage) -> None:
        runs = recorded.finished(name="first"), recorded.finished(name="second"), better()
        app = compare(open_page, *runs, tab="Two matrices")
        assert screen.says(app, "Each class is found equally often.")
        app.selectbox(key="w-compare-matrices-1").set_value(runs[2].id).run()
        assert screen.says(app, "Accuracy 96.7% against 98.1%.")
        app.selectbox(key="w-compare-matrices-0").set_value(runs[2].id).run()
        assert informed(app) == ["Choose two different runs."]

    def test_other_classes_are_one_sentence(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="digits"), shapes(), tab="Two matrices")
        (text,) = informed(app)
        assert text.startswith("'digits' knows other classes (0, 1, 2, 3, …) than 'shapes' (")
        assert text.endswith("their matrices cannot be subtracted. Choose two runs of the same classes.")

    def test_without_two_results_it_says_why(self, open_page: OpenPage) -> None:
        app = compare(
            open_page, recorded.finished(name="done"), recorded.queued(name="late"), tab="Two matrices"
        )
        assert informed(app) == ["'late' has no result to compare: this run waits for its turn."]


class TestImage:
    def test_both_answers_stand_side_by_side_on_an_image_that_they_call_differently(
        self, open_page: OpenPage
    ) -> None:
        app = compare(open_page, recorded.finished(name="first"), better(), tab="One image")
        answers = [recorded.answers(mistakes) for mistakes in (recorded.MISTAKES, BETTER)]
        apart = np.flatnonzero(answers[0].argmax(axis=1) != answers[1].argmax(axis=1))
        assert screen.says(app, f"The two call {len(apart)} of these 359 images by different names.")
        assert app.number_input(key="w-compare-image").value == apart[0] + 1
        bars = screen.figure(app, "w-compare-answers")["data"]
        assert [each["name"] for each in bars] == ["first", "better"]
        for each, table in zip(bars, answers, strict=True):
            shown = [int(name) for name in each["customdata"]]
            np.testing.assert_allclose(numbers(each["x"]), table[apart[0]][shown], rtol=1e-6)

    def test_another_image_can_be_chosen(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="first"), better(), tab="One image")
        app.number_input(key="w-compare-image").set_value(7).run()
        name = recorded.test_labels()[6]
        assert screen.says(app, f"Image **7** of 359 that neither run was trained on: **{name}**")
        before = 7
        for key in ("w-compare-any", "w-compare-apart"):
            app.button(key=key).click().run()
            assert not app.exception
            assert app.number_input(key="w-compare-image").value != before

    def test_other_seeds_share_some_test_images(self, open_page: OpenPage) -> None:
        other = recorded.finished(name="seed 1", design=seeded(1))
        app = compare(open_page, recorded.finished(name="seed 0"), other, tab="One image")
        from cnnlab import datasets

        parts = [datasets.load("digits", seed=seed, validation_share=0.1).test.indices for seed in (0, 1)]
        assert app.number_input(key="w-compare-image").max == len(np.intersect1d(*parts)) < 359

    def test_other_data_sets_are_one_sentence(self, open_page: OpenPage) -> None:
        app = compare(open_page, recorded.finished(name="digits"), shapes(), tab="One image")
        (text,) = informed(app)
        assert text.startswith("'digits' looks at Digits, 'shapes' looks at Shapes")
        assert text.endswith("no image fits both. Choose two runs of one data set.")


def seeded(seed: int) -> Design:
    design = recorded.digits()
    return design.replace(training=design.training.replace(seed=seed))


def outdate(run: api.Run) -> None:
    """Make a run's design one that this version cannot read."""
    with closing(sqlite3.connect(get_store().path)) as connection, connection:
        connection.execute("UPDATE runs SET design = '{}' WHERE id = ?", (run.id,))


def repeat(run: api.Run, parent: api.Run) -> None:
    """Record a run as one that repeats another."""
    with closing(sqlite3.connect(get_store().path)) as connection, connection:
        connection.execute("UPDATE runs SET parent = ? WHERE id = ?", (parent.id, run.id))


def shapes() -> api.Run:
    """A run of another data set with a result and an evaluation, without its images."""
    design = presets.preset("shapes").design
    run = recorded.queued(name="shapes", design=design)
    store = get_store()
    classes = design.architecture.classes
    labels = np.arange(4 * classes) % classes
    store.files(run.id).write_weights(1, 1.0, {"dense/bias": np.zeros(classes, np.float32)})
    store.files(run.id).write_evaluation(1, np.eye(classes, dtype=np.float32)[labels], labels, 0.1)
    store.set_result(run.id, test_accuracy=1.0, seconds=3.0)
    store.set_status(run.id, "finished")
    return api.get(run.id)
