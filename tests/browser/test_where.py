"""Where it looked, in Chromium: the strength of the map and its single values, without asking the server."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.browser.journey import BRIEF, Trained, keyed
from tests.browser.server import AppServer
from tests.browser.watch import open_page, wait_idle

pytestmark = pytest.mark.onlooker

PIXELS = """canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"""


def drawn(page: Page) -> np.ndarray:
    """The colours of the first map, `(height, width, 3)`."""
    values = keyed(page, "w-where").locator(".stage canvas").first.evaluate(PIXELS)
    return np.array(values).reshape(8, 8, 4)[..., :3]


def test_strength_and_values_are_the_browsers_own(server: AppServer, trained: Trained, page: Page) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    open_page(page, f"{server.url}/inspect?run={trained(BRIEF)}&image=2")
    page.get_by_role("tab", name="Where it looked").click()
    stage = keyed(page, "w-where").locator(".stage").first
    expect(stage).to_have_attribute(
        "aria-label", re.compile(r"^Grad-CAM of conv2d, .* Arrow keys read single pixels.$")
    )
    wait_idle(page)
    assert sent, "the page's messages are seen"
    sent.clear()

    slider = keyed(page, "w-where").get_by_role("slider", name="Strength of the map over the image")
    slider.focus()
    slider.press("Home")
    image = drawn(page)
    assert (image == image[..., :1]).all(), "no strength: the grey image alone"
    slider.press("End")
    covered = drawn(page)
    assert (covered != image).any(axis=-1).all(), "full strength: the map alone"
    slider.press("Home")
    np.testing.assert_array_equal(drawn(page), image)

    value = keyed(page, "w-where").locator(".value").first
    expect(value).to_contain_text("Strongest in row ")
    box = stage.bounding_box()
    assert box is not None
    stage.hover(position={"x": box["width"] * 3.5 / 8, "y": box["height"] * 2.5 / 8})
    expect(value).to_contain_text("Value in row 2, column 3: ")
    stage.focus()
    stage.press("ArrowDown")
    stage.press("ArrowRight")
    expect(value).to_contain_text("Value in row 3, column 4: ")
    expect(keyed(page, "w-where").locator("[aria-live]")).to_contain_text("row 3, column 4: ")
    stage.press("Escape")
    expect(value).to_contain_text("Strongest in row ")
    assert not sent, "the server was asked"
