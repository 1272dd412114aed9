"""Own images: from the first picture to a training, on the page Data."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cnnlab import api, datasets
from cnnlab.datasets.own import drafts, jobs, shelf
from cnnlab.datasets.own.importing import import_source
from cnnlab.datasets.own.pictures import Preparation
from tests.datasets.own.making import BLUE, RED, encoded, picture, two_classes, zipped
from tests.pages import screen
from tests.pages.conftest import OpenPage
from tests.pages.recorded import OWNER
from tests.pages.stubs import NotingEngine


@pytest.fixture
def own(open_page: OpenPage) -> Any:
    """Opens the section of own images."""

    def opened(**query: str) -> AppTest:
        app = open_page("data", **query)
        app.session_state["w-data-tab"] = "Own images"
        return app.run()

    return opened


@pytest.fixture
def draft() -> drafts.Draft:
    return drafts.draft(OWNER)


@pytest.fixture
def photographs(draft: drafts.Draft) -> drafts.Draft:
    """Fifteen pictures of each of two mugs."""
    for name, colour in (("red mug", RED), ("blue mug", BLUE)):
        for number in range(15):
            draft.add_picture(name, encoded(picture(colour)), f"{number}.jpg")
    return draft


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import is done when its button has been pressed, in this process."""

    def watch(job: jobs.Job) -> None:
        source = drafts.draft(OWNER).source()
        try:
            job.name = import_source(source, job.title, job._preparation, owner=OWNER)
        except Exception as exc:
            job.error = str(exc)

    monkeypatch.setattr(jobs.Job, "_watch", watch)


def made(draft: drafts.Draft, title: str = "Mugs", owner: str = OWNER) -> str:
    name = import_source(draft.source(), title, Preparation(side=32), owner=owner)
    draft.clear()
    return name


def choose(app: AppTest, name: str, action: str) -> AppTest:
    """Stage an action of a data set's menu; the next `run()` does it.

    AppTest reruns the page where a browser reruns the dialog alone: the menu is chosen again.
    """
    app.menu_button(key=f"w-own-menu-{name}").set_value(action)
    return app


def make(app: AppTest) -> AppTest:
    app.button(key="w-own-make").click().run()
    job = jobs.current(OWNER)
    if job is not None:
        assert job.wait(60)
    return app.run()


def test_at_first_it_says_what_to_bring(own: Any) -> None:
    app = own()
    assert not app.exception
    assert screen.component(app, "w-upload-")["label"].startswith("Drop a zip or a folder here")
    assert screen.says(app, "Two classes with 15 photos each are enough to begin.")
    assert "Make the data set" not in screen.buttons(app)


def test_pictures_are_shown_before_and_after(own: Any, photographs: drafts.Draft) -> None:
    app = own()
    for part in ("before", "after"):
        shown = screen.component(app, f"w-own-{part}")["pictures"]
        assert [each["title"] for each in shown] == ["blue mug", "red mug"] * 3
    assert screen.component(app, "w-own-after")["height"] == 64
    assert screen.says(app, "After: cropped to 64×64 pixels, in colour")
    app.select_slider(key="w-own-side").set_value(28)
    app.button_group(key="w-own-colour").set_value("Grey")
    app.button_group(key="w-own-crop").set_value("Whole picture").run()
    assert screen.component(app, "w-own-after")["height"] == 28
    assert screen.says(app, "After: fitted into 28×28 pixels, in grey")
    assert screen.says(app, "blue mug **15** · red mug **15**")


@pytest.mark.usefixtures("at_once")
def test_thirty_photographs_become_a_data_set_and_a_training(
    own: Any, photographs: drafts.Draft, engine: NotingEngine
) -> None:
    app = own()
    assert app.text_input(key="w-own-title-None").value == "red mug and blue mug"
    app.text_input(key="w-own-title-None").set_value("My mugs")
    make(app)
    assert not app.exception
    assert screen.says(app, "**My mugs** is ready: 30 images in 2 classes.")
    assert photographs.empty
    app.button(key="w-made-train").click().run()
    assert not app.exception
    (run_id,) = engine.trained
    assert api.get(run_id).name == "My mugs"
    design = api.get(run_id).design
    assert datasets.info(design.dataset).title == "My mugs"
    assert design.architecture.input_shape == (64, 64, 3)
    assert design.architecture.classes == 2
    assert design.training.augmentation


def test_an_import_under_way_shows_how_far_it_is_and_can_be_cancelled(
    own: Any, photographs: drafts.Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancelled = threading.Event()

    def watch(job: jobs.Job) -> None:
        job.done, job.total = 3, 30
        assert cancelled.wait(60)

    monkeypatch.setattr(jobs.Job, "_watch", watch)
    monkeypatch.setattr(jobs.Job, "cancel", lambda job: cancelled.set())
    job = jobs.start(OWNER, "Mugs", Preparation())
    app = own()
    assert not app.exception
    assert screen.says(app, "You may go to other pages meanwhile.")
    assert app.progress[0].text == "**Mugs** · 3 of 30 pictures"
    assert "Make the data set" not in screen.buttons(app)
    app.button(key="w-import-cancel").click().run()
    assert job.wait(60)


@pytest.mark.usefixtures("at_once")
def test_a_failed_import_says_why_and_keeps_the_pictures(
    own: Any, photographs: drafts.Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = own()
    monkeypatch.setattr("cnnlab.datasets.own.importing._SPARE_BYTES", 10**18)
    make(app)
    assert "Make room there, choose a smaller side" in screen.error(app)
    assert not photographs.empty
    assert screen.buttons(app)["Make the data set"]


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        ({"mug": 3}, "All pictures are of one class, “mug”."),
        ({"mug": 3, "cup": 1}, "Too few pictures: “cup” (1)."),
    ],
)
def test_what_stands_in_the_way_is_said_before_the_start(
    classes: dict[str, int], words: str, own: Any, draft: drafts.Draft
) -> None:
    for name, count in classes.items():
        for _ in range(count):
            draft.add_picture(name, encoded(picture()), "1.jpg")
    app = own()
    assert words in app.info[0].value
    assert not screen.buttons(app)["Make the data set"]


def test_a_zip_that_cannot_be_used_can_be_removed(own: Any, draft: drafts.Draft) -> None:
    with draft.receiving(draft.target("mugs.zip"), 3) as upload:
        upload.write(b"no!")
    app = own()
    assert screen.error(app) == "mugs.zip is not a zip, or it is not whole: its end is missing."
    app.button(key="w-draft-clear").click().run()
    assert not app.error
    assert draft.empty


def test_where_no_picture_can_be_used_the_reasons_stand_open(
    own: Any, draft: drafts.Draft, tmp_path: Path
) -> None:
    content = zipped(tmp_path / "mugs.zip", {"red/1.txt": b"", "2.jpg": b""}).read_bytes()
    with draft.receiving(draft.target("mugs.zip"), len(content)) as upload:
        upload.write(content)
    app = own()
    assert app.expander[0].proto.expanded
    assert app.text[0].value == "red/1.txt: not a picture\n2.jpg: in no folder of a class"
    assert app.info[0].value.startswith("No picture can be used. Expected a folder for each class")


def test_files_that_are_left_out_are_named(own: Any, draft: drafts.Draft, tmp_path: Path) -> None:
    files = two_classes(3) | {f"photos/red/{k}.txt": b"" for k in range(7)}
    content = zipped(tmp_path / "mugs.zip", files).read_bytes()
    with draft.receiving(draft.target("mugs.zip"), len(content)) as upload:
        upload.write(content)
    app = own()
    assert app.expander[0].label == "7 files were left out"
    assert not app.expander[0].proto.expanded
    assert app.text[0].value.splitlines() == [
        *(f"photos/red/{k}.txt: not a picture" for k in range(5)),
        "and 2 more",
    ]
    assert app.text_input(key="w-own-title-mugs.zip").value == "mugs"


def test_classes_are_filled_one_by_one(own: Any, draft: drafts.Draft) -> None:
    app = own()
    app.button_group(key="w-own-way").set_value("Class by class").run()
    assert screen.says(app, "Name at least two classes")
    for name in ("red mug", " Blue/mug "):
        app.text_input(key="w-own-new").set_value(name)
        next(button for button in app.button if button.label == "Add class").click().run()
    assert not app.exception
    assert draft.classes() == ["red mug", "Blue-mug"]
    assert app.button_group(key="w-own-class").value == "Blue-mug"
    assert screen.component(app, "w-upload-Blue-mug")["into"] == "Blue-mug"
    draft.add_picture("Blue-mug", encoded(picture()), "1.jpg")
    app.run()
    assert [each["id"] for each in screen.component(app, "w-own-pictures-Blue-mug")["pictures"]] == ["1.jpg"]
    assert screen.says(app, "1 picture. A click removes one.")
    app.button(key="w-own-remove-Blue-mug").click().run()
    assert draft.classes() == ["red mug"]
    assert not app.exception


def test_webcam_shots_go_into_the_class_once(own: Any, draft: drafts.Draft) -> None:
    draft.add_class("red mug")
    draft.add_class("blue mug")
    app = own()
    app.button_group(key="w-own-class").set_value("red mug").run()
    app.button_group(key="w-own-from").set_value("camera").run()
    shot = encoded(picture(RED, size=(64, 48)))
    app.camera_input(key="w-own-camera-0").set_value(("shot.jpg", shot, "image/jpeg")).run()
    app.run()
    assert [path.read_bytes() for path in draft.pictures("red mug")] == [shot]
    assert app.camera_input(key="w-own-camera-1").value is None
    app.button_group(key="w-own-class").set_value("blue mug").run()
    assert draft.pictures("blue mug") == []


def test_the_webcam_needs_https_elsewhere(own: Any, draft: drafts.Draft, open_page: OpenPage) -> None:
    draft.add_class("red mug")
    app = open_page("data")
    app.context = {"url": "http://lab.example/data"}
    app.session_state["w-data-tab"] = "Own images"
    app.session_state["w-own-from"] = "camera"
    app.run()
    assert app.warning[0].value.startswith("Browsers open the webcam only for pages with HTTPS")


def test_drawings_go_into_the_class(own: Any, draft: drafts.Draft) -> None:
    from cnnlab.ui.components.sketch import decoded

    draft.add_class("circles")
    app = own()
    app.button_group(key="w-own-from").set_value("sketch").run()
    assert screen.component(app, "w-own-sketch")["label"] == "A drawing of circles"
    assert decoded("data:image/png;base64,aGk=") == b"hi"
    assert [decoded(text) for text in ("data:text/html,x", None, "data:image/png;base64,?")] == [None] * 3


def test_a_host_without_our_routes_takes_files_by_streamlit(
    own: Any, browser: dict[str, str], tmp_path: Path
) -> None:
    browser.clear()
    app = own()
    assert screen.says(app, "up to about 100 MB at a time")
    content = zipped(tmp_path / "mugs.zip", two_classes(3)).read_bytes()
    app.file_uploader[0].set_value(("mugs.zip", content, "application/zip")).run()
    assert not app.exception
    assert screen.says(app, "**mugs.zip**")
    assert screen.says(app, "blue **3** · red **3**")
    assert not app.file_uploader


def test_such_a_host_takes_a_file_again_that_is_given_again(
    own: Any, browser: dict[str, str], tmp_path: Path
) -> None:
    browser.clear()
    content = zipped(tmp_path / "mugs.zip", two_classes(3)).read_bytes()
    app = own()
    for _ in range(2):
        app.file_uploader[0].set_value(("mugs.zip", content, "application/zip")).run()
        assert screen.says(app, "**mugs.zip**")
        app.button(key="w-draft-clear").click().run()
        assert not screen.says(app, "**mugs.zip**")
    app.button_group(key="w-own-way").set_value("Class by class").run()
    app.text_input(key="w-own-new").set_value("red mug")
    next(button for button in app.button if button.label == "Add class").click().run()
    shot = ("shot.jpg", encoded(picture(RED)), "image/jpeg")
    app.file_uploader(key="w-files-red mug").set_value([shot, shot]).run()
    app.run()
    assert {each["title"] for each in screen.component(app, "w-own-pictures-red mug")["pictures"]} == {
        "shot.jpg",
        "shot 2.jpg",
    }


def test_the_shelf_shows_one_s_own_and_the_shared_ones(own: Any, photographs: drafts.Draft) -> None:
    import_source(photographs.source(), "Theirs", Preparation(), owner="f" * 32)
    shared = import_source(photographs.source(), "Shared", Preparation(), owner=shelf.SHARED_OWNER)
    mine = made(photographs, "*Mine* [x](y)")
    app = own()
    assert screen.says(app, r"**\*Mine\* \[x\](y)**")
    assert not screen.says(app, "Theirs")
    assert app.menu_button(key=f"w-own-menu-{mine}").options[-2:] == ["Rename", "Delete"]
    assert "Delete" not in app.menu_button(key=f"w-own-menu-{shared}").options


def test_a_data_set_is_renamed(own: Any, photographs: drafts.Draft) -> None:
    name = made(photographs)
    app = own()
    choose(app, name, "rename").run()
    assert app.text_input(key=f"w-own-rename-{name}").value == "Mugs"
    choose(app, name, "rename").text_input(key=f"w-own-rename-{name}").set_value("Cups")
    app.button(key="w-own-rename-now").click().run()
    assert shelf.card(name).title == "Cups"


def test_a_data_set_is_deleted_after_asking_and_the_design_lets_go_of_it(
    own: Any, photographs: drafts.Draft
) -> None:
    name = made(photographs)
    app = own()
    choose(app, name, "design").run()
    assert app.selectbox(key="w-dataset").value == name
    app.switch_page("pages/data.py").run()
    app.session_state["w-data-tab"] = "Own images"
    app.run()
    choose(app, name, "delete").run()
    assert screen.says(app, "its 30 images will be gone for good")
    assert datasets.is_installed(name)
    choose(app, name, "delete").button(key="w-own-delete-now").click().run()
    assert not app.exception
    assert not datasets.is_installed(name)
    app.switch_page("pages/design.py").run()
    assert app.selectbox(key="w-dataset").value == "digits"


def test_its_images_are_shown_like_those_of_any_other(
    own: Any, photographs: drafts.Draft, open_page: OpenPage
) -> None:
    name = made(photographs)
    app = open_page("data", set=name)
    assert not app.exception
    assert screen.metrics(app) == {"Training": "22", "Validation": "2", "Test": "6"}
    assert screen.says(app, "Own images, cropped to 32×32 pixels, in colour.")
    assert {each["title"] for each in screen.component(app, f"w-samples-{name}")["pictures"]} == {
        "red mug",
        "blue mug",
    }
    app.button(key="use").click().run()
    assert app.selectbox(key="w-dataset").value == name


def test_a_design_of_deleted_images_says_so_on_every_page(
    photographs: drafts.Draft, open_page: OpenPage
) -> None:
    name = made(photographs)
    app = open_page("data", set=name)
    app.button(key="use").click().run()
    shelf.delete(name)
    for page in ("design", "train", "data"):
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, page
        assert any("images of Mugs were deleted" in info.value for info in app.info) or page == "train"
