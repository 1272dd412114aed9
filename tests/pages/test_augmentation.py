"""Augmentation: the stack is edited with the design, and the page shows what becomes of training images."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab.spec.augmentation import AUGMENTATIONS, Cutout, Flip, Noise, Rotate
from cnnlab.ui import augmentation_panel
from tests.pages import screen
from tests.pages.conftest import LIMIT_SECONDS, OpenPage

ORIGINALS, SEEN = "w-augmentation-originals", "w-augmentation-seen"


def page() -> None:
    import streamlit as st

    from cnnlab.ui import augmentation_panel, state

    augmentation_panel.panel()
    st.text(state.design().training.model_dump_json(include={"augmentation"}))


@pytest.fixture
def app() -> AppTest:
    return AppTest.from_function(page, default_timeout=LIMIT_SECONDS).run()


def add(app: AppTest, kind: str) -> AppTest:
    return app.menu_button(key="w-augmentation-new").set_value(kind).run()


def titles(app: AppTest) -> list[str]:
    """The entries of the stack, top to bottom."""
    known = {f"**{kind.title}**": name for name, kind in AUGMENTATIONS.items()}
    return [known[element.value] for element in app.markdown if element.value in known]


def kept(app: AppTest) -> str:
    """The design's stack."""
    return str(app.text[0].value)


def pixels(app: AppTest) -> str:
    return str(screen.component(app, SEEN)["uri"])


def test_without_a_stack_six_images_of_different_classes_are_shown_and_nothing_more(app: AppTest) -> None:
    assert not app.exception
    shown = screen.component(app, ORIGINALS)
    assert [picture["title"] for picture in shown["pictures"]] == list("012345")
    assert shown["across"] == 6
    assert screen.components(app) == [ORIGINALS]
    assert screen.says(app, "The very same images, in every epoch.")
    assert app.button(key="w-augmentation-again").disabled


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_every_kind_can_be_added_and_its_form_and_pictures_appear(kind: str, app: AppTest) -> None:
    add(app, kind)
    assert not app.exception
    assert titles(app) == [kind]
    for name, control in AUGMENTATIONS[kind].controls().items():
        assert app.get_by_key(f"w-augmentation-{kind}-{name}").label in (control.label, "")
    seen = screen.component(app, SEEN)["pictures"]
    assert len(seen) == 24
    assert seen[7]["title"] == "1, variant 2"
    assert f'"kind":"{kind}"' in kept(app)


def test_a_slider_changes_the_design_and_the_pictures(app: AppTest) -> None:
    before = pixels(add(app, "Rotate"))
    app.slider(key="w-augmentation-Rotate-degrees").set_value(45.0).run()
    assert '"degrees":45.0' in kept(app)
    assert pixels(app) != before


def test_other_random_numbers_show_the_same_images_otherwise(app: AppTest) -> None:
    before = pixels(add(app, "Rotate"))
    originals = screen.component(app, ORIGINALS)["uri"]
    app.button(key="w-augmentation-again").click().run()
    assert pixels(app) != before
    assert screen.component(app, ORIGINALS)["uri"] == originals


def test_entries_stand_as_they_take_effect_and_change_places_where_that_matters(app: AppTest) -> None:
    for kind in ("Noise", "Rotate", "Cutout", "Flip"):
        add(app, kind)
    assert titles(app) == ["Rotate", "Flip", "Noise", "Cutout"]
    assert app.button(key="w-augmentation-Later-Flip").disabled
    assert app.button(key="w-augmentation-Earlier-Noise").disabled
    app.button(key="w-augmentation-Earlier-Cutout").click().run()
    assert titles(app) == ["Rotate", "Flip", "Cutout", "Noise"]


def test_an_entry_keeps_its_values_when_the_one_above_it_is_removed(app: AppTest) -> None:
    for kind in ("Noise", "Cutout", "Noise"):
        add(app, kind)
    app.slider(key="w-augmentation-Noise-2-stddev").set_value(0.4).run()
    app.button(key="w-augmentation-Remove-Noise").click().run()
    assert titles(app) == ["Cutout", "Noise"]
    assert app.slider(key="w-augmentation-Noise-stddev").value == 0.4
    app.button(key="w-augmentation-Remove-Cutout").click().run()
    app.button(key="w-augmentation-Remove-Noise").click().run()
    assert kept(app) == '{"augmentation":[]}'


def test_nothing_can_be_added_to_a_full_stack(app: AppTest) -> None:
    for _ in range(16):
        add(app, "Flip")
    assert app.menu_button(key="w-augmentation-new").disabled
    assert titles(app) == ["Flip"] * 16


def test_a_stack_is_said_in_one_line() -> None:
    stack = (Noise(), Rotate(degrees=15.0), Flip(), Cutout(side=0.25))
    assert augmentation_panel.summary(stack) == "Rotate 15° · Flip horizontal · Noise 0.05 · Cutout 0.25"
    assert augmentation_panel.summary(()) == "none"


def test_the_data_page_shows_it_for_the_data_set_that_is_chosen(open_page: OpenPage) -> None:
    app = open_page("data")
    assert ORIGINALS not in screen.components(app)
    app.session_state["w-data-tab"] = "Augmentation"
    app.run()
    assert not app.exception
    assert len(screen.component(app, ORIGINALS)["pictures"]) == 6
    add(app, "Noise")
    assert len(screen.component(app, SEEN)["pictures"]) == 24
