"""Data: what the images are, where they come from, how they are split, and what to do without a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import datasets, settings
from cnnlab.errors import DatasetUnavailable
from tests.pages import recorded, screen
from tests.pages.conftest import OpenPage

PARTS = ("training", "validation", "test")


def counts(app: AppTest) -> dict[str, list[int]]:
    """Part → images of each class, as the chart draws them."""
    return {trace["name"]: list(trace["x"]) for trace in screen.figure(app, "w-counts")["data"]}


def choose(app: AppTest, name: str) -> AppTest:
    return app.button_group(key="w-data").set_value(name).run()


def test_digits_shows_its_source_licence_and_split(open_page: OpenPage) -> None:
    app = open_page("data")
    assert not app.exception
    assert screen.metrics(app) == {"Training": "1,294", "Validation": "144", "Test": "359"}
    assert screen.says(app, "8 × 8 pixels, grey, values 0–255")
    assert screen.says(app, "E. Alpaydin and C. Kaynak, 1998")
    assert screen.says(app, "UCI Machine Learning Repository")
    assert screen.says(app, "Licence: CC BY 4.0")
    assert app.selectbox(key="w-class").options == ["All classes", *"0123456789"]


def test_digits_counts_are_those_of_scikit_learn(open_page: OpenPage) -> None:
    from sklearn.datasets import load_digits

    drawn = counts(open_page("data"))
    assert tuple(drawn) == PARTS
    in_all = np.sum([drawn[part] for part in PARTS], axis=0)
    assert in_all.tolist() == np.bincount(load_digits().target).tolist()
    assert drawn["test"] == np.bincount(recorded.test_labels()).tolist()


@pytest.mark.usefixtures("shapes")
def test_shapes_shows_its_source_licence_classes_and_split(open_page: OpenPage) -> None:
    app = choose(open_page("data"), "shapes")
    assert not app.exception
    assert screen.metrics(app) == {"Training": "4,320", "Validation": "480", "Test": "1,200"}
    assert screen.says(app, "32 × 32 pixels, colour, values 0–255")
    assert screen.says(app, "Drawn by CNN Lab from the seed")
    assert screen.says(app, "Licence: Apache-2.0, as CNN Lab")
    assert len(app.selectbox(key="w-class").options) == 9
    assert counts(app) == {"training": [540] * 8, "validation": [60] * 8, "test": [150] * 8}


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_samples_come_from_the_part_and_the_class_that_are_chosen(part: str, open_page: OpenPage) -> None:
    app = open_page("data")
    app.button_group(key="w-part").set_value(part).run()
    app.selectbox(key="w-class").set_value(7).run()
    shown = screen.component(app, "w-samples-digits")["pictures"]
    of_class = counts(app)[{"train": "training"}.get(part, part)][7]
    assert len(shown) == min(30, of_class)
    assert {picture["title"] for picture in shown} == {"7"}


def test_other_samples_are_other_ones_and_no_image_twice(open_page: OpenPage) -> None:
    app = open_page("data")
    before = [picture["id"] for picture in screen.component(app, "w-samples-digits")["pictures"]]
    app.button(key="w-shuffle").click().run()
    after = [picture["id"] for picture in screen.component(app, "w-samples-digits")["pictures"]]
    assert len(set(before)) == len(set(after)) == 30
    assert before != after


@pytest.mark.parametrize("count", [12, 15])
def test_a_grid_may_be_as_large_as_a_tutorials(count: int, open_page: OpenPage) -> None:
    app = open_page("data")
    app.button_group(key="w-shown").set_value(count).run()
    pictures = screen.component(app, "w-samples-digits")["pictures"]
    assert len(pictures) == count
    assert all(picture["title"] in "0123456789" for picture in pictures)


def test_without_a_network_one_message_names_the_file_and_the_folder(
    open_page: OpenPage, data_folder: Path
) -> None:
    app = choose(open_page("data"), "mnist")
    assert not app.exception
    assert not app.metric
    assert "Download MNIST" not in screen.buttons(app)
    (message,) = [warning.value for warning in app.warning]
    assert "mnist.npz" in message
    assert str(data_folder) in message
    assert "downloads are switched off" in message


def test_a_data_folder_that_is_not_there_is_named(open_page: OpenPage, data_folder: Path) -> None:
    data_folder.rmdir()
    app = choose(open_page("data"), "mnist")
    (message,) = [warning.value for warning in app.warning]
    assert message.endswith(f" CNNLAB_DATA names {data_folder}, which is not there.")


def test_a_download_that_fails_says_so_below_its_button(
    open_page: OpenPage, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(name: str, progress: object) -> None:
        raise DatasetUnavailable(f"No network for {name}.")

    monkeypatch.setenv("CNNLAB_DOWNLOADS", "1")
    settings.get.cache_clear()
    monkeypatch.setattr(datasets, "install", no_network)
    data_folder.rmdir()
    app = choose(open_page("data"), "mnist")
    assert [info.value for info in app.info] == [
        "MNIST is not on this machine yet: 11.5\u00a0MB to download, once."
    ]
    assert [warning.value for warning in app.warning] == [
        f"CNNLAB_DATA names {data_folder}, which is not there."
    ]
    app.button(key="install-mnist").click().run()
    assert screen.error(app) == "No network for mnist."


def test_an_npz_in_the_data_folder_opens(open_page: OpenPage, data_folder: Path) -> None:
    write_mnist(data_folder / "mnist.npz", train=200, test=50)
    app = choose(open_page("data"), "mnist")
    assert not app.exception
    assert not app.error
    assert screen.metrics(app) == {"Training": "180", "Validation": "20", "Test": "50"}
    assert counts(app)["test"] == [5] * 10
    assert screen.says(app, "28 × 28 pixels, grey")


def test_an_npz_that_holds_something_else_is_answered_in_one_message(
    open_page: OpenPage, data_folder: Path
) -> None:
    np.savez(data_folder / "mnist.npz", x_train=np.zeros((3, 28, 28), np.float32))
    app = choose(open_page("data"), "mnist")
    assert not app.exception
    assert "mnist.npz" in screen.error(app)


@pytest.mark.usefixtures("shapes")
def test_a_chosen_class_that_the_next_data_set_does_not_have_is_let_go(open_page: OpenPage) -> None:
    app = open_page("data")
    app.selectbox(key="w-class").set_value(9).run()
    choose(app, "shapes")
    assert not app.exception
    assert app.selectbox(key="w-class").value is None
    assert len(screen.component(app, "w-samples-shapes")["pictures"]) == 30


@pytest.mark.usefixtures("shapes")
def test_a_data_set_is_taken_over_into_the_design(open_page: OpenPage) -> None:
    app = open_page("data")
    assert "Use it in Design" not in screen.buttons(app)
    choose(app, "shapes").button(key="use").click().run()
    assert not app.exception
    assert app.selectbox(key="w-dataset").value == "shapes"
    assert screen.table(app, "Layer")[-1]["Output"] == "8"


@pytest.mark.usefixtures("shapes")
def test_shapes_offers_its_difficulties(open_page: OpenPage) -> None:
    app = choose(open_page("data"), "shapes")
    assert app.button_group(key="w-variant-shapes").options == [
        "Shapes 32×32",
        "Shapes 32×32 easy",
        "Shapes 32×32 hard",
    ]


def test_the_split_follows_the_design_that_is_worked_on(open_page: OpenPage) -> None:
    app = open_page("train")
    app.slider(key="w-training-validation_share").set_value(0.5).run()
    app.switch_page("pages/data.py").run()
    assert screen.metrics(app) == {"Training": "719", "Validation": "719", "Test": "359"}


def write_mnist(path: Path, *, train: int, test: int) -> None:
    """A file in Keras's layout with noise for images and every class equally often."""
    draw = np.random.default_rng(0)
    np.savez(
        path,
        x_train=draw.integers(0, 256, (train, 28, 28), np.uint8),
        y_train=(np.arange(train) % 10).astype(np.uint8),
        x_test=draw.integers(0, 256, (test, 28, 28), np.uint8),
        y_test=(np.arange(test) % 10).astype(np.uint8),
    )


@pytest.mark.parametrize("name", ["nope", "../../etc/passwd", "x" * 3000, "own-0123456789"])
def test_a_link_to_a_data_set_that_is_not_there_is_answered_in_one_message(
    name: str, open_page: OpenPage
) -> None:
    app = open_page("data", set=name)
    assert not app.exception
    assert screen.error(app)
    assert app.error[0].proto.title == "This link leads to no data set"
    assert len(screen.error(app)) < 400
    assert app.button_group(key="w-data").value == "digits"
