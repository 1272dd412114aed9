"""Own images in Chromium: through the real route, from two folders of photographs to a trained network."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.journey import LIMIT, Record, expect_status, keyed, press, run_of
from tests.browser.server import AppServer
from tests.browser.watch import PageFactory, open_page, wait_idle
from tests.datasets.own.making import BLUE, RED, encoded, picture, unpacked, zipped

PHOTOGRAPHS = {
    f"photos/{name}/{number}.jpg": encoded(picture(colour, size=(320 + number, 240)))
    for name, colour in (("red mug", RED), ("blue mug", BLUE))
    for number in range(15)
}


@pytest.fixture
def own(page: Page, server: AppServer) -> Page:
    """The section of own images, opened by a new user."""
    return own_images(page, server)


def own_images(page: Page, server: AppServer) -> Page:
    open_page(page, f"{server.url}/data")
    page.get_by_role("tab", name="Own images").click()
    wait_idle(page)
    return page


def chooser(page: Page, label: str) -> Locator:
    return page.locator("label.button", has_text=label).locator("input")


def make(page: Page) -> None:
    """Make the data set of what has arrived."""
    expect(keyed(page, "w-own-make").get_by_role("button")).to_be_enabled()
    press(page, "w-own-make")
    expect(page.get_by_text("is ready: 30 images in 2 classes.")).to_be_visible(timeout=LIMIT)
    wait_idle(page)


def test_a_zip_becomes_a_data_set_and_a_trained_network(own: Page, record: Record, tmp_path: Path) -> None:
    chooser(own, "Choose a zip").set_input_files(zipped(tmp_path / "mugs.zip", PHOTOGRAPHS))
    expect(own.get_by_text("mugs.zip").first).to_be_visible()
    expect(keyed(own, "w-own-after").locator(".picture")).to_have_count(6)
    make(own)
    press(own, "w-made-train")
    run_id = run_of(own)
    expect_status(own, "Finished")
    result = record.store.run(run_id).result
    assert result["test_accuracy"] == 1.0  # red and blue are no riddle


def test_a_data_set_is_taken_away_as_a_zip(own: Page, tmp_path: Path) -> None:
    chooser(own, "Choose a zip").set_input_files(zipped(tmp_path / "mugs.zip", PHOTOGRAPHS))
    make(own)
    own.locator('[class*="st-key-w-own-menu-"] button').first.click()
    own.get_by_role("menuitem", name="Take it away").or_(
        own.get_by_role("option", name="Take it away")
    ).click()
    with own.expect_download() as download:
        own.get_by_role("link", name="Zip with a folder a class").click()
    assert download.value.suggested_filename == "mugs.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert len(archive.namelist()) == 30


def test_a_folder_is_sent_picture_by_picture_and_what_is_left_out_is_named(own: Page, tmp_path: Path) -> None:
    files = {**PHOTOGRAPHS, "photos/read me.txt": b"", "photos/cover.jpg": b""}
    chooser(own, "Choose a folder").set_input_files(unpacked(tmp_path / "set", files) / "photos")
    expect(own.get_by_text("read me.txt: not a picture")).to_be_visible()
    expect(own.get_by_text("cover.jpg: in no folder: put it into a class")).to_be_visible()
    make(own)


def test_pictures_of_a_class_are_seen_and_removed(own: Page, tmp_path: Path) -> None:
    keyed(own, "w-own-way").get_by_text("Class by class").click()
    keyed(own, "w-own-new").get_by_role("textbox").fill("red mug")
    own.get_by_role("button", name="Add class").click()
    folder = unpacked(tmp_path / "set", PHOTOGRAPHS) / "photos" / "red mug"
    chooser(own, "Choose pictures").set_input_files([folder / "0.jpg", folder / "1.jpg"])
    pictures = keyed(own, "w-own-pictures-red mug").locator(".picture")
    expect(pictures).to_have_count(2)
    pictures.first.click()
    expect(pictures).to_have_count(1)
    expect(own.get_by_text("All pictures are of one class, “red mug”.")).to_be_visible()


def test_a_drawing_goes_into_its_class(own: Page) -> None:
    keyed(own, "w-own-way").get_by_text("Class by class").click()
    keyed(own, "w-own-new").get_by_role("textbox").fill("circle")
    own.get_by_role("button", name="Add class").click()
    keyed(own, "w-own-from").get_by_text("Draw", exact=True).click()
    paper = own.locator(".sketch canvas")
    box = paper.bounding_box()
    assert box is not None
    own.mouse.move(box["x"] + 50, box["y"] + 50)
    own.mouse.down()
    own.mouse.move(box["x"] + 200, box["y"] + 200, steps=5)
    own.mouse.up()
    own.get_by_role("button", name="Add the drawing").click()
    expect(keyed(own, "w-own-pictures-circle").locator(".picture")).to_have_count(1)


def test_a_host_without_our_routes_takes_files_by_streamlit(own: Page, tmp_path: Path) -> None:
    own.route("**/cnnlab/uploads*", lambda route: route.fulfill(body="<html>", content_type="text/html"))
    chooser(own, "Choose a zip").set_input_files(zipped(tmp_path / "mugs.zip", PHOTOGRAPHS))
    own.locator('[data-testid="stFileUploader"] input').set_input_files(tmp_path / "mugs.zip")
    expect(own.get_by_text("mugs.zip").first).to_be_visible()
    make(own)


def test_nobody_else_sees_them(own: Page, new_page: PageFactory, server: AppServer, tmp_path: Path) -> None:
    chooser(own, "Choose a zip").set_input_files(zipped(tmp_path / "mugs.zip", PHOTOGRAPHS))
    make(own)
    other = own_images(new_page(), server)
    expect(other.get_by_text("None yet.")).to_be_visible()
    expect(other.get_by_text("mugs.zip")).to_have_count(0)
