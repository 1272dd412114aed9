"""Home: the promise, the one button, and a card for each preset."""

from __future__ import annotations

import pytest

from cnnlab import api, settings
from cnnlab.spec import presets
from cnnlab.ui.concepts import TITLES
from tests.pages import screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OTHER, OWNER
from tests.pages.stubs import NotingEngine

CARDS = {
    "Handwritten digits, small": "43,050 parameters",
    "Coloured shapes": "61,736 parameters",
    "Fashion-MNIST": "257,162 parameters",
    "MNIST with 5×5 kernels": "3,199,106 parameters",
    "CIFAR-10": "315,722 parameters",
    "Two dense layers": "881,002 parameters",
    "Two dense + dropout": "881,002 parameters",
    "Two dense + batch norm": "881,802 parameters",
    "LeNet-5": "61,706 parameters",
    "TinyVGG": "16,538 parameters",
}


def test_home_says_what_this_is_and_draws_the_first_network(open_page: OpenPage) -> None:
    app = open_page("home")
    assert not app.exception
    assert [title.value for title in app.title] == ["See a convolutional network learn"]
    names = [row["name"] for row in screen.component(app, "w-first-network")["volumes"]]
    assert names == ["input", *(row.name for row in presets.get("digits").trace().rows)]
    assert screen.buttons(app)["Train your first network"]


def test_every_preset_has_a_card_with_its_data_set_parameters_and_tutorial(open_page: OpenPage) -> None:
    app = open_page("home")
    titles = [button.label.strip("*") for button in app.button if button.key.startswith("open-")]
    assert titles == list(CARDS)
    captions = [caption.value for caption in app.caption]
    for title, caption, preset in zip(titles, captions, presets.all(), strict=True):
        assert preset.title == title
        assert CARDS[title] in caption
    assert captions[2].startswith("Fashion-MNIST · tutorial T2")


@pytest.mark.parametrize(
    ("downloads", "shown"),
    [("1", ":material/download:\u00a011.5\u00a0MB"), ("0", ":material/cloud_off:\u00a0not on this machine")],
)
def test_only_what_is_not_on_this_machine_shows_its_download(
    downloads: str, shown: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNNLAB_DOWNLOADS", downloads)
    settings.get.cache_clear()
    app = open_page("home")
    captions = dict(zip(CARDS, (caption.value for caption in app.caption), strict=True))
    for title in ("Handwritten digits, small", "TinyVGG"):
        assert ":material/" not in captions[title]
    assert captions["LeNet-5"].endswith(shown)


@pytest.mark.parametrize("name", ["digits", "mnist_5x5"])
def test_a_card_opens_its_preset_in_design(name: str, open_page: OpenPage) -> None:
    app = open_page("home")
    app.button(key=f"open-{name}").click().run()
    assert not app.exception
    preset = presets.preset(name)
    assert app.menu_button(key="w-preset").label == preset.title
    assert len(app.radio(key="w-stack").options) == len(preset.architecture.layers) + 1


def test_the_first_button_starts_one_run_and_shows_it(open_page: OpenPage, engine: NotingEngine) -> None:
    app = open_page("home")
    app.button(key="first").click().run()
    (run,) = api.runs(OWNER)
    assert not app.exception
    assert run.design == presets.preset("digits").design
    assert engine.trained == [run.id]
    assert app.query_params["run"] == run.id
    assert screen.says(app, f"#### {run.name}")


def test_a_second_click_on_the_first_button_starts_no_second_run(
    open_page: OpenPage, engine: NotingEngine
) -> None:
    app = open_page("home")
    app.button(key="first").click().run()
    app.switch_page("pages/home.py").run()
    app.button(key="first").click().run()
    (run,) = api.runs(OWNER)
    assert app.query_params["run"] == run.id
    assert engine.trained == [run.id]


def test_another_browser_starts_a_run_of_its_own(
    open_page: OpenPage, engine: NotingEngine, browser: dict[str, str]
) -> None:
    open_page("home").button(key="first").click().run()
    browser["cnnlab_owner"] = OTHER
    open_page("home").button(key="first").click().run()
    (mine,), (theirs,) = api.runs(OWNER), api.runs(OTHER)
    assert engine.trained == [mine.id, theirs.id]


def test_every_concept_card_is_linked_to(open_page: OpenPage) -> None:
    app = open_page("home")
    assert not app.exception
    found = {link.value: link.proto.query_string for link in app.page_link}
    assert {title: f"card={name}" for name, title in TITLES.items()}.items() <= found.items()
