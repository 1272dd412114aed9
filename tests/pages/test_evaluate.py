"""Evaluate: a confusion matrix that is known beforehand, in numbers, in words and in pictures."""

from __future__ import annotations

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.analysis.metrics import Evaluation
from cnnlab.runs import get_store
from cnnlab.ui.frame import PAGES
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import FIRST, FIRST_MISTAKES, MISTAKES, OTHER
from tests.pages.stubs import NotingEngine

NAMES = tuple("0123456789")


def drawn(app: AppTest) -> dict[tuple[int, int], str]:
    """(actual, predicted) → the number written into that cell."""
    numbers = screen.component(app, "w-evaluate-matrix")["numbers"]
    return {(i, j): text for i, row in enumerate(numbers) for j, text in enumerate(row) if text}


def array(values: object) -> list[int]:
    """A list of numbers, whether Plotly sent it as a list or as bytes."""
    if isinstance(values, dict):
        import base64

        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"]).tolist()
    return list(values)  # type: ignore[call-overload]


def cell(app: AppTest, actual: int, predicted: int) -> AppTest:
    app.selectbox(key="w-evaluate-side-0").set_value(actual).run()
    return app.selectbox(key="w-evaluate-side-1").set_value(predicted).run()


def test_the_headline_counts_right_and_wrong(open_page: OpenPage) -> None:
    from sklearn.metrics import f1_score

    recorded.finished()
    app = open_page("evaluate")
    assert not app.exception
    labels = recorded.test_labels()
    f1 = f1_score(labels, recorded.answers(MISTAKES).argmax(axis=1), average="macro")
    assert screen.metrics(app) == {
        "Test accuracy": "96.7%",
        "Right": "347 of 359",
        "Wrong": "12",
        "Test loss": "0.123",
        "Mean F1": f"{100 * f1:.1f}%",
    }


def test_the_matrix_holds_the_known_counts(open_page: OpenPage) -> None:
    recorded.finished()
    matrix = recorded.confusion()
    expected = {(i, j): f"{matrix[i, j]}" for i, j in np.argwhere(matrix).tolist()}
    assert drawn(open_page("evaluate")) == expected


@pytest.mark.parametrize(("scale", "axis"), [("rows", 1), ("columns", 0)])
def test_the_matrix_gives_shares_by_row_and_by_column(scale: str, axis: int, open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    app.button_group(key="w-evaluate-scale").set_value(scale).run()
    assert not app.exception
    matrix = recorded.confusion()
    shares = 100 * matrix / matrix.sum(axis=axis, keepdims=True)
    expected = {(i, j): f"{shares[i, j]:.0f}" for i, j in np.argwhere(matrix).tolist()}
    assert drawn(app) == expected


def test_the_pointer_reads_the_counts_and_the_names(open_page: OpenPage) -> None:
    """Of which the browser makes its words: tests/components holds them against Python's."""
    recorded.finished()
    sent = screen.component(open_page("evaluate"), "w-evaluate-matrix")
    assert sent["counts"] == recorded.confusion().tolist()
    assert tuple(sent["names"]) == NAMES
    assert sent["label"] == (
        "Confusion matrix of 10 classes: 347 of 359 images right (96.7%). "
        "Most frequent mistake: 7 of 37 images of '3' were called '8'."
    )


def test_the_most_frequent_mistake_is_shown_first(open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    assert [app.selectbox(key=f"w-evaluate-side-{side}").value for side in (0, 1)] == [3, 8]
    assert screen.component(app, "w-evaluate-matrix")["selected"] == [3, 8]
    assert "7 of 37 images of '3' were called '8'." in screen.texts(app)


@pytest.mark.parametrize("actual", range(10))
def test_choosing_a_cell_says_it_in_words_and_shows_exactly_its_images(
    actual: int, open_page: OpenPage
) -> None:
    recorded.finished()
    app = open_page("evaluate")
    matrix, labels = recorded.confusion(), recorded.test_labels()
    called = recorded.answers(MISTAKES).argmax(axis=1)
    for predicted in {int(actual), *(j for i, j in MISTAKES if i == actual), (actual + 5) % 10}:
        cell(app, actual, predicted)
        assert not app.exception
        count, total = matrix[actual, predicted], matrix[actual].sum()
        rightly = "rightly " if actual == predicted else ""
        verb = "was" if count == 1 else "were"
        sentence = f"{count} of {total} images of '{actual}' {verb} {rightly}called '{predicted}'."
        more = " The 24 surest answers are shown." if count > 24 else ""
        assert sentence + more in screen.texts(app)
        key = f"w-evaluate-images-{actual}-{predicted}"
        if not count:
            assert key not in screen.components(app)
            continue
        pictures = screen.component(app, key)["pictures"]
        inside = np.flatnonzero((labels == actual) & (called == predicted))
        assert [int(picture["id"]) for picture in pictures] == inside[:24].tolist()
        sure = "91%" if actual == predicted else "55%"
        assert {picture["title"] for picture in pictures} == {f"{predicted} · {sure}"}
        assert {picture["caption"] for picture in pictures} == {f"really {actual}"}
        assert {picture["right"] for picture in pictures} == {actual == predicted}


def test_each_classs_figures_are_those_of_scikit_learn(open_page: OpenPage) -> None:
    from sklearn.metrics import precision_recall_fscore_support

    recorded.finished()
    app = open_page("evaluate")
    table = app.dataframe[0].value
    labels, called = recorded.test_labels(), recorded.answers(MISTAKES).argmax(axis=1)
    precision, recall, f1, support = precision_recall_fscore_support(labels, called)
    assert table["Class"].tolist() == list(NAMES)
    np.testing.assert_allclose(table["Precision"], 100 * precision)
    np.testing.assert_allclose(table["Recall"], 100 * recall)
    np.testing.assert_allclose(table["F1"], 100 * f1)
    assert table["Images"].tolist() == support.tolist()
    assert table["Called so"].tolist() == np.bincount(called, minlength=10).tolist()


def test_the_weights_of_another_epoch_give_another_matrix(open_page: OpenPage) -> None:
    run = recorded.finished()
    app = open_page("evaluate")
    assert app.select_slider(key=f"w-step-{run.id}").options == ["1", "2"]
    app.select_slider(key=f"w-step-{run.id}").set_value(FIRST).run()
    assert not app.exception
    assert screen.metrics(app)["Wrong"] == "32"
    assert screen.metrics(app)["Test loss"] == "0.456"
    matrix = recorded.confusion(FIRST_MISTAKES)
    assert drawn(app)[1, 8] == str(matrix[1, 8]) == "20"


def test_answers_that_were_not_kept_are_asked_of_the_engine(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    run = recorded.finished()
    for file in get_store().files(run.id).folder.glob("evaluation-*"):
        file.unlink()
    engine.answers["evaluate"] = lambda run_id, step: Evaluation(
        recorded.answers(MISTAKES), recorded.test_labels(), NAMES, 0.5
    )
    app = open_page("evaluate")
    assert not app.exception
    assert engine.asked[0] == ("evaluate", {"run_id": run.id, "step": recorded.LAST})
    assert screen.metrics(app)["Right"] == "347 of 359"
    del engine.answers["evaluate"]
    assert screen.error(open_page("evaluate")) == "Nobody answers 'evaluate' here."


def test_another_run_can_be_chosen(open_page: OpenPage, engine: NotingEngine) -> None:
    older, newer = recorded.finished(name="older"), recorded.ended("stopped", name="newer")
    app = open_page("evaluate", run=older.id)
    assert app.selectbox(key="w-run").value == older.id
    assert [option.split(" · ")[:2] for option in app.selectbox(key="w-run").options] == [
        ["older", "96.7%"],
        ["newer", "stopped"],
    ]
    app.selectbox(key="w-run").set_value(newer.id).run()
    assert app.query_params["run"] == newer.id
    assert engine.asked == [("evaluate", {"run_id": newer.id, "step": FIRST})]


def test_a_link_to_someone_elses_run_shows_it(open_page: OpenPage) -> None:
    run = recorded.finished(OTHER, name="theirs")
    app = open_page("evaluate", run=run.id)
    assert not app.exception
    assert screen.metrics(app)["Right"] == "347 of 359"


def test_without_a_run_the_page_shows_the_way_to_one(open_page: OpenPage) -> None:
    app = open_page("evaluate")
    assert not app.exception
    assert "**There is no trained network to evaluate yet.**" in screen.texts(app)
    assert [link.value for link in app.page_link][len(PAGES) :] == ["Design"]
    assert screen.buttons(app)["Train your first network"]


def test_a_run_without_weights_says_what_it_waits_for(open_page: OpenPage) -> None:
    run = recorded.queued()
    app = open_page("evaluate", run=run.id)
    assert [info.value for info in app.info] == ["Nothing to evaluate yet: this run waits for its turn."]
    assert screen.links(app, "Watch it train") == [f"run={run.id}"]


def test_weights_that_are_missing_are_named_and_the_others_used(open_page: OpenPage) -> None:
    run = recorded.finished()
    folder = get_store().files(run.id).folder
    first, last = sorted(path.name for path in folder.glob("weights-*.npz"))
    (folder / first).unlink()
    app = open_page("evaluate", run=run.id)
    assert [warning.value for warning in app.warning] == [
        f"{run.id}/{first} is missing. What was kept of other epochs can still be used."
    ]
    assert screen.metrics(app)["Right"] == "347 of 359"
    (folder / last).unlink()
    app = open_page("evaluate", run=run.id)
    assert [warning.value for warning in app.warning] == [
        f"{run.id}/{first} and 1 more are missing. No others are kept."
    ]
    assert not app.info


def opened(open_page: OpenPage, tab: str) -> AppTest:
    app = open_page("evaluate")
    app.session_state["w-evaluate-tabs"] = tab
    app.run()
    assert not app.exception
    return app


def test_the_headline_has_bootstrap_intervals_and_says_their_method(open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    intervals = {metric.label: metric.delta for metric in app.metric if metric.delta}
    assert set(intervals) == {"Test accuracy", "Mean F1"}
    low, high = (float(end.rstrip("%")) / 100 for end in intervals["Test accuracy"].split(" to "))
    # The normal approximation, which is near for 359 images.
    share = recorded.accuracy()
    margin = 1.96 * (share * (1 - share) / 359) ** 0.5
    assert (low, high) == (pytest.approx(share - margin, abs=0.006), pytest.approx(share + margin, abs=0.006))
    assert "percentile bootstrap" in app.metric[0].help
    assert "2,000 times, seed 0" in app.metric[0].help


def test_the_numbers_are_put_into_words(open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    assert screen.says(app, "347 of 359 test images are called by their own name: 96.7%")
    assert screen.says(app, "Most often it confuses '3' and '8': 7 of its 12 mistakes are between these two.")
    assert screen.says(app, "it is 91.0% sure when it is right and 55.0% when it is wrong")


def test_a_most_confused_pair_chooses_its_cell(open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    pairs = app.button_group(key="w-evaluate-pairs")
    assert pairs.options == ["3 → 8 · 7", "9 → 7 · 4", "0 → 6 · 1"]
    assert pairs.value == (3, 8)
    pairs.set_value((9, 7)).run()
    assert not app.exception
    assert [app.selectbox(key=f"w-evaluate-side-{side}").value for side in (0, 1)] == [9, 7]
    assert screen.says(app, "4 of 36 images of '9' were called '7'")
    assert screen.component(app, "w-evaluate-matrix")["selected"] == [9, 7]
    cell(app, 5, 5)
    assert app.button_group(key="w-evaluate-pairs").value is None


def test_sorting_by_confusion_puts_confused_classes_side_by_side(open_page: OpenPage) -> None:
    recorded.finished()
    app = open_page("evaluate")
    app.toggle(key="w-evaluate-sorted").set_value(True).run()
    assert not app.exception
    sent = screen.component(app, "w-evaluate-matrix")
    order = [sent["names"][index] for index in sent["order"]]
    assert sorted(order) == list(NAMES)
    for one, other in (("3", "8"), ("9", "7"), ("0", "6")):
        assert abs(order.index(one) - order.index(other)) == 1
    # What is sent stays in the classes' own order: only the drawing is sorted.
    assert sent["counts"] == recorded.confusion().tolist()


def test_the_surest_mistakes_are_shown_with_their_probability(open_page: OpenPage) -> None:
    recorded.finished()
    app = opened(open_page, "Confident mistakes")
    pictures = screen.component(app, "w-confident-mistakes")["pictures"]
    labels, called = recorded.test_labels(), recorded.answers(MISTAKES).argmax(axis=1)
    assert [int(each["id"]) for each in pictures] == np.flatnonzero(labels != called).tolist()
    assert {each["title"].split(" · ")[1] for each in pictures} == {"55%"}
    assert {each["right"] for each in pictures} == {False}


def test_the_curves_of_every_class_have_the_areas_of_scikit_learn(open_page: OpenPage) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    recorded.finished()
    app = opened(open_page, "Precision–recall and ROC")
    one_hot = np.eye(10)[recorded.test_labels()]
    answers = recorded.answers(MISTAKES)
    expected = {
        "w-precision-recall": average_precision_score(one_hot, answers, average=None),
        "w-roc": roc_auc_score(one_hot, answers, average=None),
    }
    for key, areas in expected.items():
        lines = [each["name"] for each in screen.figure(app, key)["data"] if " · " in each["name"]]
        assert sorted(lines) == [f"{k} · {areas[k]:.3f}" for k in range(10)]
    table = app.dataframe[0].value
    np.testing.assert_allclose(table["Area under ROC"], expected["w-roc"], atol=1e-4)


def test_calibration_is_shown_with_its_error(open_page: OpenPage) -> None:
    recorded.finished()
    app = opened(open_page, "Calibration")
    # 347 answers of 91 % in one bin, all right; 12 of 55 % in another, all wrong.
    error = (347 * 0.09 + 12 * 0.55) / 359
    assert screen.metrics(app)["Expected calibration error"] == f"{error:.1%}"
    answers = next(each for each in screen.figure(app, "w-reliability")["data"] if each["name"] == "answers")
    assert array(answers["y"]) == [12, 347]


def test_only_the_open_tab_is_computed(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.finished()
    for name in ("rankings", "calibration", "confident_mistakes"):
        monkeypatch.setattr(f"cnnlab.ui.evaluation_tabs.{name}", None)
    app = open_page("evaluate")
    assert not app.exception
    assert [each.key for each in app.get("plotly_chart")] == ["w-report"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("perfect", "All 359 test images are called by their own name."),
        ("constant", "It calls every image '1', whatever it shows."),
        ("one class", "All of them are of '1', so the figures say nothing about the other classes."),
    ],
)
@pytest.mark.parametrize(
    "tab", ["Each class", "Confident mistakes", "Precision–recall and ROC", "Calibration"]
)
def test_odd_predictors_are_told_in_words_and_break_no_tab(
    kind: str, words: str, tab: str, open_page: OpenPage
) -> None:
    run = recorded.finished()
    labels = recorded.test_labels()
    answers = np.eye(10, dtype=np.float32)[np.ones_like(labels) if kind == "constant" else labels]
    if kind == "one class":
        labels, answers = np.ones_like(labels), np.eye(10, dtype=np.float32)[labels]
    get_store().files(run.id).write_evaluation(recorded.LAST, answers, labels, 0.5)
    app = opened(open_page, tab)
    assert screen.says(app, words)
    if kind == "perfect":
        assert "w-evaluate-pairs" not in [each.key for each in app.button_group]
    if kind == "perfect" and tab == "Confident mistakes":
        assert [each.value for each in app.success] == ["No test image is called by a wrong name."]


def test_a_run_that_kept_its_best_weights_opens_with_them(open_page: OpenPage) -> None:
    run = recorded.finished()
    get_store().set_result(run.id, step=FIRST)
    assert open_page("evaluate", run=run.id).select_slider(key=f"w-step-{run.id}").value == FIRST
