"""Train offers a tutorial's recipes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.spec import links, presets
from tests.datasets.conftest import arrays
from tests.pages import screen
from tests.pages.conftest import OpenPage

T1 = presets.preset("cifar10")
assert T1.published
assert T1.fast


@pytest.fixture(autouse=True)
def plain_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The processor of these tests has no bfloat16, whatever the machine's has."""
    monkeypatch.setattr("cnnlab.processor.gains_from_bfloat16", lambda: False)


def opened(open_page: OpenPage, name: str, **training: object) -> AppTest:
    design = presets.preset(name).design
    design = design.replace(training=design.training.replace(**training))
    app = open_page("design", lab=links.encode(design)).switch_page("pages/train.py").run()
    assert not app.exception
    return app


def recipe(app: AppTest) -> str | None:
    return app.get_by_key("w-recipe").value


def shown(app: AppTest, field: str) -> object:
    return app.get_by_key(f"w-training-{field}").value


def test_a_design_that_is_no_tutorials_has_no_recipes(open_page: OpenPage) -> None:
    app = opened(open_page, "digits")
    with pytest.raises(KeyError):
        app.get_by_key("w-recipe")


def test_the_tutorials_result_is_there_to_be_compared(open_page: OpenPage) -> None:
    text = "**T1 · CIFAR-10 with TensorFlow** reports 67.09 % accuracy and 76.55 % precision"
    assert screen.says(opened(open_page, "cifar10"), text)
    assert not screen.says(opened(open_page, "digits"), " reports ")


def test_a_part_of_the_data_set_is_said_beside_the_tutorials_result(
    open_page: OpenPage, data_folder: Path
) -> None:
    assert not screen.says(opened(open_page, "cifar10"), "Only a part")
    np.savez(data_folder / "cifar10.npz", **arrays((32, 32, 3)))
    text = "**Only a part of the images here:** 60 of 60,000, training and test together."
    assert screen.says(opened(open_page, "cifar10"), text)


@pytest.mark.parametrize("name", [preset.name for preset in presets.all() if preset.fast])
def test_what_a_tutorials_card_opens_with_is_shown_as_chosen(name: str, open_page: OpenPage) -> None:
    app = opened(open_page, name)
    # Fashion-MNIST's tutorial trains for a few epochs itself.
    short = name != "fashion_mnist"
    assert recipe(app) == ("short" if short else "published")
    assert app.get_by_key("w-recipe").options == ["Published", "Fast", *(["Short"] if short else [])]
    assert app.get_by_key("w-recipe").label == "Recipe"


def test_a_chosen_recipe_sets_the_training_and_keeps_the_seed(open_page: OpenPage) -> None:
    app = opened(open_page, "cifar10", seed=7)
    app.get_by_key("w-recipe").set_value("published").run()
    assert recipe(app) == "published"
    assert (shown(app, "epochs"), shown(app, "batch_size"), shown(app, "seed")) == (30, 32, 7)
    app.get_by_key("w-recipe").set_value("fast").run()
    assert recipe(app) == "fast"
    assert (shown(app, "epochs"), shown(app, "batch_size")) == (T1.fast.epochs, T1.fast.batch_size)
    assert (shown(app, "precision"), shown(app, "seed")) == ("float32", 7)


def test_a_second_click_leaves_the_recipe_chosen(open_page: OpenPage) -> None:
    app = opened(open_page, "cifar10")
    app.get_by_key("w-recipe").set_value("fast").run()
    app.get_by_key("w-recipe").set_value(None).run()
    assert recipe(app) == "fast"


def test_a_changed_setting_is_no_recipe_any_more(open_page: OpenPage) -> None:
    app = opened(open_page, "cifar10")
    app.get_by_key("w-recipe").set_value("fast").run()
    app.get_by_key("w-training-epochs").set_value(21).run()
    assert recipe(app) is None
    assert app.get_by_key("w-recipe").label == "Recipe: your own settings"


def test_what_the_card_opened_with_can_be_gone_back_to(open_page: OpenPage) -> None:
    app = opened(open_page, "cifar10", seed=7)
    app.get_by_key("w-recipe").set_value("published").run()
    app.get_by_key("w-recipe").set_value("short").run()
    expected = T1.design.training
    assert (shown(app, "epochs"), shown(app, "batch_size")) == (expected.epochs, expected.batch_size)
    assert shown(app, "seed") == 7
