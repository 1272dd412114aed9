"""Inspect: a drawing and an upload go through the network, and a training is played epoch by epoch."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.journey import LIMIT, Trained, digits, keyed
from tests.browser.server import AppServer
from tests.browser.watch import wait_idle

pytestmark = pytest.mark.onlooker


@pytest.fixture
def inspected(page: Page, server: AppServer, trained: Trained) -> Page:
    """Inspect with a network that learnt digits for three epochs."""
    page.goto(f"{server.url}/inspect?run={trained(digits(3))}")
    expect(page.locator(".maps canvas").first).to_be_visible(timeout=LIMIT)
    wait_idle(page)
    return page


def source(page: Page, name: str) -> None:
    """Choose where the image comes from."""
    keyed(page, "w-inspect-source").get_by_text(name, exact=True).click()
    wait_idle(page)


def test_a_drawing_goes_through_the_network_and_stays(inspected: Page) -> None:
    source(inspected, "Draw")
    paper = inspected.locator(".sketch canvas")
    expect(paper).to_be_visible()
    wait_idle(inspected)  # the paper is there before the network has answered
    paper.hover(position={"x": 128, "y": 30})
    inspected.mouse.down()
    paper.hover(position={"x": 128, "y": 220})
    inspected.mouse.up()
    inspected.get_by_role("button", name="Add the drawing").click()
    seen = inspected.get_by_role("img", name="What the network sees of your drawing")
    expect(seen).to_be_visible()
    expect(inspected.get_by_text("Inverted to light on dark, cut out")).to_be_visible()
    keyed(inspected, "w-layer").get_by_text("conv2d_1", exact=True).click()
    expect(inspected.get_by_label(re.compile(r"^Feature maps of conv2d_1: "))).to_be_visible()
    wait_idle(inspected)
    expect(seen).to_be_visible()
    inspected.get_by_role("button", name="Draw another").click()
    expect(inspected.locator(".sketch canvas")).to_be_visible()


_ADD_AND_CHOOSE_A_LAYER = "([add, layer]) => { add.click(); setTimeout(() => layer.click(), 10); }"


def test_a_drawing_stays_though_a_layer_is_chosen_before_the_network_has_answered(inspected: Page) -> None:
    source(inspected, "Draw")
    inspected.locator(".sketch canvas").click()
    add = inspected.get_by_role("button", name="Add the drawing").element_handle()
    layer = keyed(inspected, "w-layer").get_by_text("conv2d_1", exact=True).element_handle()
    inspected.evaluate(_ADD_AND_CHOOSE_A_LAYER, [add, layer])
    expect(inspected.get_by_label(re.compile(r"^Feature maps of conv2d_1: "))).to_be_visible(timeout=LIMIT)
    wait_idle(inspected)
    expect(inspected.get_by_role("img", name="What the network sees of your drawing")).to_be_visible()


def test_a_drawing_is_made_with_keys(inspected: Page) -> None:
    source(inspected, "Draw")
    paper = inspected.locator(".sketch canvas")
    expect(paper).to_have_attribute("aria-label", re.compile(": empty. Pen lifted at 128 right, 128 down"))
    paper.press("Shift+ArrowUp")
    paper.press("Space")
    for _ in range(4):
        paper.press("Shift+ArrowDown")
    told = re.compile("1 stroke. Pen on the paper at 128 right, 224 down")
    expect(paper).to_have_attribute("aria-label", told)
    inspected.get_by_role("button", name="Add the drawing").press("Enter")
    expect(inspected.get_by_role("img", name="What the network sees of your drawing")).to_be_visible()


def test_uploads_are_taken_together_and_a_text_is_refused_in_words(inspected: Page, tmp_path: Path) -> None:
    pictures = {}
    for name, colour in (("light.png", "white"), ("dark.png", "black")):
        file = io.BytesIO()
        Image.new("RGB", (30, 20), colour).save(file, "PNG")
        pictures[name] = file.getvalue()
    paths = [tmp_path / name for name in (*pictures, "notes.png")]
    for path in paths:
        path.write_bytes(pictures.get(path.name, b"a text file"))
    source(inspected, "Upload")
    inspected.locator('[data-testid="stFileUploader"] input').set_input_files(paths)
    words = "notes.png: not a picture that can be read. Choose another picture."
    expect(inspected.get_by_text(words)).to_be_visible()
    shelf = keyed(inspected, "w-inspect-shelf-Upload").locator(".picture")
    expect(shelf).to_have_count(2)
    expect(inspected.get_by_role("img", name="What the network sees of dark.png")).to_be_visible()
    shelf.first.click()
    expect(inspected.get_by_role("img", name="What the network sees of light.png")).to_be_visible()


def test_a_training_is_played_without_a_round_trip(inspected: Page) -> None:
    said: list[str | bytes] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: said.append(frame))

    inspected.on("websocket", listen)
    inspected.reload()
    inspected.get_by_role("tab", name="Over time").click()
    told, slider = inspected.locator(".film .told"), inspected.get_by_role("slider", name="Epoch", exact=True)
    expect(told).to_have_text(re.compile(r"^After epoch 3 the network says \d \("))
    wait_idle(inspected)
    said.clear()
    slider.press("Home")
    expect(told).to_have_text(re.compile(r"^Before training the network says \d \(\d+%\)"))
    slider.press("ArrowRight")
    expect(told).to_have_text(re.compile(r"^After epoch 1 "))
    expect(slider).to_have_attribute("aria-valuetext", told.inner_text())
    maps = inspected.get_by_role("img", name=re.compile(r"^Feature maps of conv2d, epoch 1: from "))
    early = maps.evaluate("canvas => canvas.toDataURL()")
    play = inspected.locator(".film .play")
    play.press("Enter")
    expect(told).to_have_text(re.compile(r"^After epoch 3 "))
    expect(play).to_have_text("Play")
    late = inspected.get_by_role("img", name=re.compile(r"^Feature maps of conv2d, epoch 3: from "))
    assert late.evaluate("canvas => canvas.toDataURL()") != early
    expect(inspected.locator(".film [aria-live]")).to_have_text(told.inner_text())
    assert said == []
