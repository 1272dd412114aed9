"""Convolution in Chromium: step, hover, drag, keyboard, worked examples, and no request for any of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Position, expect

from cnnlab.analysis.convolution import EXAMPLES
from tests.browser.journey import keyed
from tests.browser.server import AppServer
from tests.browser.watch import PHONE, PROJECTOR, PageFactory, open_page, wait_idle

pytestmark = pytest.mark.onlooker

OpenConvolution = Callable[..., Page]


@pytest.fixture
def convolution(page: Page, server: AppServer) -> OpenConvolution:
    """Opens the page, with a worked example in its address or with the photograph."""

    def opened(example: str | None = None) -> Page:
        open_page(page, f"{server.url}/convolution" + (f"?example={example}" if example else ""))
        expect(value(page)).not_to_have_text("")
        return page

    return opened


def value(page: Page) -> Locator:
    return page.locator(".value strong")


def place(page: Page) -> Locator:
    return page.locator(".transport .place")


def stage(page: Page, name: str) -> Locator:
    return page.locator(f".{name} .stage")


def numbers(page: Page, name: str) -> list[str]:
    """The numbers that can be read on a picture."""
    return list(stage(page, name).locator(".numbers span:not([hidden])").all_text_contents())


def hover(page: Page, name: str, across: float, down: float) -> None:
    """Move the mouse to a place of a picture, given in shares of its width and height."""
    box = stage(page, name).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])


def written(number: float) -> str:
    return f"{number:g}".replace("-", "−")


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_worked_example_is_one_click_and_steps_to_the_tutorials_numbers(
    name: str, convolution: OpenConvolution
) -> None:
    page, example = convolution(), EXAMPLES[name]
    keyed(page, "w-cv-source").get_by_text(f"Example: {example.title}").click()
    wait_idle(page)
    expected = [written(number) for row in example.output for number in row]
    expect(value(page)).to_have_text(expected[0])
    for count, number in enumerate(expected, start=1):
        expect(value(page)).to_have_text(number)
        assert numbers(page, "output") == expected[:count]  # it fills in as it goes
        page.get_by_role("button", name="Step", exact=True).click()


def test_every_product_of_35_can_be_read(convolution: OpenConvolution) -> None:
    page = convolution("t2")
    cells = page.locator(".products .cells > *")
    assert cells.all_text_contents() == ["10", *["0"] * 7, "25"]
    expect(page.locator(".line")).to_have_text("10 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 25 = 35")
    said = re.compile(r"^Output: Output row 1, column 1 is 35: 10 × 1 \+ 2 × 0")
    expect(page.locator(".output canvas")).to_have_attribute("aria-label", said)


def test_the_pointer_moves_the_window_and_asks_the_server_nothing(convolution: OpenConvolution) -> None:
    page = convolution()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    hover(page, "input", 0.5, 0.5)
    expect(place(page)).to_have_text("Row 21 of 41, column 32 of 62")
    hover(page, "output", 0.99, 0.99)
    expect(place(page)).to_have_text("Row 41 of 41, column 62 of 62")
    page.mouse.down()
    hover(page, "output", 0.01, 0.01)
    page.mouse.up()
    expect(place(page)).to_have_text("Row 1 of 41, column 1 of 62")
    page.locator("select[name=kernel]").select_option("box")
    page.get_by_role("button", name="Rotate").click()
    assert asked == []


def test_every_pointer_action_has_a_key(convolution: OpenConvolution) -> None:
    page = convolution("t2")
    said = re.compile(r"^Input\. Arrow keys move the window")
    expect(stage(page, "input")).to_have_accessible_name(said)
    stage(page, "input").focus()
    for key, number in (("ArrowRight", "6"), ("ArrowDown", "−27"), ("Home", "35"), ("End", "−27")):
        page.keyboard.press(key)
        expect(value(page)).to_have_text(number)
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(value(page)).to_have_text("6")
    expect(page.locator(".unseen")).to_contain_text("Output row 1, column 2 is 6")


def test_it_plays_to_the_end_and_can_be_paused(convolution: OpenConvolution) -> None:
    page = convolution("t3")
    stage(page, "output").focus()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.keyboard.press(" ")
    expect(value(page)).to_have_text("2.5")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_the_kernel_is_edited_by_hand(convolution: OpenConvolution) -> None:
    page = convolution("t2")
    page.get_by_label("Kernel, row 1, column 1").fill("1/2")
    expect(value(page)).to_have_text("30")
    expect(page.locator("select[name=kernel]")).to_have_value("hand")
    page.locator("select[name=activation]").select_option("relu")
    page.locator("input[name=bias]").fill("-31")
    expect(value(page)).to_have_text("0")


def test_settings_that_cannot_work_are_said_and_mended(convolution: OpenConvolution) -> None:
    page = convolution("t2")
    page.locator("input[name=dilation]").fill("2")
    expect(page.get_by_role("alert").filter(has_text="5×5 with dilation 2")).to_be_visible()
    expect(page.locator(".work")).to_be_hidden()
    page.locator("select[name=padding]").select_option("same")
    expect(page.locator(".size")).to_contain_text("⌈4 ÷ 1⌉ = 4")
    expect(page.locator(".work")).to_be_visible()


def test_pooling_rings_the_largest(convolution: OpenConvolution) -> None:
    page = convolution("t3_pooling")
    expect(page.locator(".patch .winner")).to_have_text("6")
    page.locator("select[name=operation]").select_option("average")
    expect(value(page)).to_have_text("3.75")
    expect(page.locator(".line")).to_have_text("(1 + 3 + 5 + 6) ÷ 4 = 3.75")


def test_settings_stay_for_the_next_image_and_come_back_after_an_example(
    convolution: OpenConvolution,
) -> None:
    page = convolution()
    page.locator("select[name=kernel]").select_option("outline")
    for source, kernel in (("Flower", "outline"), ("Example: 35", "hand"), ("China", "outline")):
        keyed(page, "w-cv-source").get_by_text(source, exact=True).click()
        wait_idle(page)
        expect(page.locator("select[name=kernel]")).to_have_value(kernel)
    for title in ("Data", "Convolution"):
        page.get_by_role("link", name=title, exact=True).click()
        page.wait_for_url(f"**/{title.lower()}")
        wait_idle(page)
    expect(page.locator("select[name=kernel]")).to_have_value("outline")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_window_and_multiplication_are_on_the_first_screen(
    scheme: str, new_page: PageFactory, server: AppServer
) -> None:
    page = new_page(viewport=PROJECTOR, color_scheme=scheme)
    for example in ("", "?example=t2", "?example=t3_pooling"):
        open_page(page, f"{server.url}/convolution{example}")
        expect_on_the_first_screen(page)
    open_page(page, f"{server.url}/convolution")
    keyed(page, "w-cv-source").get_by_text("Data set", exact=True).click()
    expect(page.locator(".input h4")).to_have_text("Input 8×8")
    expect_on_the_first_screen(page)


def expect_on_the_first_screen(page: Page) -> None:
    for part in (".input .stage", ".output .stage", ".output .legend", ".work", ".line", ".size"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PROJECTOR["height"], (part, box)


@pytest.mark.parametrize("side", [6, 11])
def test_a_large_kernel_and_its_sum_are_on_the_first_screen_and_every_product_is_read(
    side: int, convolution: OpenConvolution
) -> None:
    page = convolution()
    for name in ("rows", "columns"):
        page.locator(f"input[name={name}]").fill(str(side))
    for part in (".patch canvas", ".kernel .cells", ".products canvas", ".result", ".line"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PROJECTOR["height"], (part, box)
    middle = (side + 1) // 2
    page.get_by_label(f"Kernel, row {middle}, column {middle}", exact=True).fill("-2")
    first = page.locator(".line").text_content() or ""
    read = re.fullmatch(rf"Window row {middle}, column {middle}: (\d+) × \(−2\) = −(\d+)", first)
    assert read is not None, first
    assert int(read[2]) == 2 * int(read[1])
    # The same cell under the pointer, on each of the three grids.
    page.get_by_label("Rows").focus()
    expect(page.locator(".line")).to_have_text("Point at a cell to read its product.")
    for part in (".patch .cells", ".kernel .cells", ".products .cells"):
        page.locator(part).hover(position=_middle_of(page.locator(part)))
        expect(page.locator(".line")).to_have_text(first)
        expect(page.locator(".pointed")).to_have_count(3)
    said = re.compile(rf"^Products: {side * side} numbers from −\d+ to ")
    expect(page.locator(".products canvas")).to_have_attribute("aria-label", said)


def _middle_of(cells: Locator) -> Position:
    """The middle cell of a grid, the one before it where their number is even."""
    box = cells.bounding_box()
    assert box is not None
    return {"x": box["width"] / 2 - 4, "y": box["height"] / 2 - 4}


def test_the_webcam_leaves_room_for_its_button_and_the_window(convolution: OpenConvolution) -> None:
    page = convolution()
    keyed(page, "w-cv-source").get_by_text("Webcam", exact=True).click()
    wait_idle(page)
    expect(page.get_by_role("button", name="Take Photo")).to_be_in_viewport(ratio=1)
    camera = page.get_by_test_id("stCameraInput").bounding_box()
    assert camera is not None
    assert camera["width"] <= 320
    expect(page.locator(".input .stage")).to_be_in_viewport()


def test_on_a_phone_nothing_is_cut_off(new_page: PageFactory, server: AppServer) -> None:
    page = new_page(viewport=PHONE)
    open_page(page, f"{server.url}/convolution?example=t2")
    expect(value(page)).to_have_text("35")
    for part in (".input .stage", ".output .stage", ".work", ".products .cells", ".result", ".settings"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"], (part, box)
