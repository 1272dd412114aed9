"""The microscope in Chromium: hover, hold, arrow keys, channels, contributions, and no request for it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from cnnlab.spec.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten, MaxPooling2D
from tests.browser.journey import Trained, digits
from tests.browser.server import AppServer
from tests.browser.watch import PHONE, PROJECTOR, open_page, wait_idle

pytestmark = pytest.mark.onlooker

OpenLayer = Callable[[str], Page]

LAYERS = (
    Conv2D(filters=4, padding="same", activation="linear"),
    BatchNormalization(momentum=0.5),
    Activation(),
    MaxPooling2D(),
    Conv2D(filters=6, padding="same"),
    Flatten(),
    Dense(units=12),
)


@pytest.fixture
def inspected(page: Page, server: AppServer, trained: Trained) -> OpenLayer:
    """Opens the microscope on a layer of a small network."""
    plain = digits(1)
    design = plain.replace(architecture=plain.architecture.with_layers(LAYERS))
    run = trained(design)

    def opened(layer: str) -> Page:
        open_page(page, f"{server.url}/inspect?run={run}")
        page.get_by_role("tab", name="Microscope").click()
        wait_idle(page)
        page.locator(".st-key-w-layer").get_by_text(layer, exact=True).click()
        # Of the layer before, there are steps too, until the click has reached the server.
        told = "Logit of" if layer == "dense_1" else f"{layer}, "
        expect(page.locator(".microscope")).to_contain_text(told)
        wait_idle(page)
        expect(page.locator(".microscope .step").first).to_be_visible()
        return page

    return opened


def stage(page: Page, name: str) -> Locator:
    return page.locator(f".view.{name} .stage")


def place(page: Page) -> Locator:
    return page.locator(".microscope .steps h4").first


def hover(page: Page, name: str, across: float, down: float) -> None:
    """Move the mouse to a place of a picture, given in shares of its width and height."""
    stage(page, name).scroll_into_view_if_needed()
    box = stage(page, name).bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])


def lit(page: Page, name: str) -> list[float]:
    """Left, top, width and height of the window on a picture, in its pixels of eight."""
    style = page.locator(f".view.{name} .window").evaluate(
        "e => [e.style.left, e.style.top, e.style.width, e.style.height]"
    )
    return [float(each.removesuffix("%")) * 8 / 100 for each in style]


def test_whoever_opens_the_tab_sees_maps_and_numbers_together(inspected: OpenLayer) -> None:
    page = inspected("conv2d_1")
    work, views = page.locator(".microscope .work"), page.locator(".microscope .views")
    page.get_by_role("tab", name="Kernels").click()
    wait_idle(page)
    page.get_by_role("link", name="Inspect", exact=True).scroll_into_view_if_needed()
    page.get_by_role("tab", name="Microscope").click()
    expect(work).to_be_in_viewport(ratio=1)
    expect(views).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("way", ["click", "keyboard"])
def test_a_place_that_is_held_or_gone_to_by_key_has_its_numbers_in_sight_with_the_maps(
    inspected: OpenLayer, way: str
) -> None:
    page = inspected("conv2d_1")
    assert page.viewport_size == PROJECTOR
    work, views = page.locator(".microscope .work"), page.locator(".microscope .views")
    page.get_by_role("link", name="Inspect", exact=True).scroll_into_view_if_needed()
    expect(work).not_to_be_in_viewport(ratio=1)
    if way == "click":
        hover(page, "output", 0.9, 0.9)
        page.mouse.down()
        page.mouse.up()
    else:
        stage(page, "output").press("ArrowDown")
    expect(work).to_be_in_viewport(ratio=1)
    expect(views).to_be_in_viewport(ratio=1)


def test_a_convolution_is_retraced_under_the_pointer_without_a_request(inspected: OpenLayer) -> None:
    page = inspected("conv2d_1")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    hover(page, "output", 0.30, 0.30)
    expect(place(page)).to_have_text("Row 2, column 2")
    # Pooled two by two, then 3×3 around the second place: pixels 0 to 6, and one more from the first kernel.
    assert lit(page, "image") == [0, 0, 7, 7]
    expect(page.locator(".step .right")).to_have_count(1)
    expect(page.locator(".step .wrong")).to_have_count(0)
    titles = page.locator(".step span").all_text_contents()
    assert titles[0] == "Sum of 4 channels"
    assert [title.split(" ")[0] for title in titles[1:]] == ["+", "ReLU"]
    hover(page, "output", 0.9, 0.9)
    expect(place(page)).to_have_text("Row 4, column 4")
    page.mouse.down()
    page.mouse.up()
    hover(page, "output", 0.1, 0.1)
    expect(page.locator(".hint")).to_contain_text("Row 4, column 4 is held")
    expect(place(page)).to_have_text("Row 4, column 4")
    page.locator(".sums .cells span").nth(2).click()
    expect(page.locator(".pick input")).to_have_value("2")
    expect(page.locator(".view.input h4")).to_contain_text("channel 2")
    assert asked == []


def test_what_follows_is_told_up_to_the_activation(inspected: OpenLayer) -> None:
    page = inspected("conv2d")
    expect(page.locator(".step.behind")).to_have_count(2)
    expect(page.locator(".step.behind").first).to_contain_text("Batch normalization")
    expect(page.locator(".step .right")).to_have_count(3)
    expect(page.locator(".step .wrong")).to_have_count(0)


def test_every_pointer_action_has_a_key_and_is_told_in_words(inspected: OpenLayer) -> None:
    page = inspected("conv2d_1")
    said = re.compile(r"^Output\. Arrow keys move the window, Enter holds it, Page Up")
    expect(stage(page, "output")).to_have_accessible_name(said)
    stage(page, "output").focus()
    for key, where in (("Home", (1, 1)), ("ArrowRight", (1, 2)), ("ArrowDown", (2, 2)), ("End", (4, 4))):
        page.keyboard.press(key)
        expect(place(page)).to_have_text("Row {}, column {}".format(*where))
    before = page.locator(".pick input").input_value()
    page.keyboard.press("PageUp" if before == "3" else "PageDown")
    expect(page.locator(".pick input")).not_to_have_value(before)
    page.keyboard.press("Enter")
    expect(page.locator(".hint")).to_contain_text("Row 4, column 4 is held")
    said = re.compile(
        r"^conv2d_1, map \d+. Row 4, column 4: Sum of 4 channels is −?[\d.]+; \+ bias .* ReLU of .* is [\d.]+"
    )
    expect(page.locator(".view.output canvas")).to_have_attribute("aria-label", said)
    expect(page.locator(".root > .unseen")).to_have_text(said)


_UNTOLD = """() => {
    const canvases = (root) => [...root.querySelectorAll("*")].flatMap((each) => [
        ...(each.shadowRoot ? canvases(each.shadowRoot) : []), ...(each.tagName === "CANVAS" ? [each] : []),
    ]);
    return canvases(document)
        .filter((each) => each.getBoundingClientRect().width)
        .filter((each) => !each.closest("[aria-label], [aria-hidden=true]"))
        .map((each) => `${each.className} in ${each.parentElement.className}`);
}"""


@pytest.mark.parametrize("layer", ["conv2d", "max_pooling2d", "dense"])
def test_every_canvas_of_inspect_has_words(layer: str, inspected: OpenLayer) -> None:
    page = inspected(layer)
    expect(page.locator(".view.image canvas")).to_have_attribute("aria-label", re.compile("[Rr]ow"))
    assert page.evaluate(_UNTOLD) == []
    for tab in ("Feature maps", "Where it looked", "Surgery", "Over time", "Is it really invariant?"):
        page.get_by_role("tab", name=tab).click()
        wait_idle(page)
        assert page.evaluate(_UNTOLD) == [], tab


def test_pooling_marks_the_value_that_won(inspected: OpenLayer) -> None:
    page = inspected("max_pooling2d")
    hover(page, "output", 0.6, 0.6)
    expect(place(page)).to_have_text("Row 3, column 3")
    assert lit(page, "input") == [4, 4, 2, 2]
    expect(page.locator(".patch .winner")).to_have_count(1)
    expect(page.locator(".view.input .won")).to_be_visible()
    expect(page.locator(".step.result")).to_contain_text("Largest of 4 values")


def test_a_dense_unit_lights_the_pixels_of_each_input(inspected: OpenLayer) -> None:
    page = inspected("dense")
    rows = page.locator(".inputs tr[data-input]")
    expect(rows).to_have_count(12)
    for k in (0, 5):
        rows.nth(k).focus()
        row, column = re.findall(r"row (\d), column (\d)", rows.nth(k).text_content() or "")[0]
        expect(page.locator(".hint")).to_contain_text(f"Row {row}, column {column}: its 6 inputs")
    hover(page, "shares", 0.1, 0.1)
    expect(page.locator(".hint")).to_contain_text("Row 1, column 1")
    assert lit(page, "image") == [0, 0, 5, 5]
    expect(page.locator(".inputs .rest")).to_contain_text("84 others")
    expect(page.locator(".step .right")).to_have_count(1)


def test_the_output_ends_in_its_softmax(inspected: OpenLayer) -> None:
    page = inspected("dense_1")
    expect(page.locator(".softmax tbody tr")).to_have_count(11)
    shares = [
        float(text.removesuffix("%").removeprefix("<"))
        for text in page.locator(".softmax tbody td:nth-child(4)").all_text_contents()
    ]
    assert shares.pop() == 100
    assert sum(shares) == pytest.approx(100, abs=1)
    expect(page.locator(".softmax tr.chosen")).to_have_count(1)


def test_on_a_phone_nothing_is_cut_off(inspected: OpenLayer) -> None:
    page = inspected("conv2d_1")
    page.set_viewport_size(PHONE)
    for part in (
        ".view.image .stage",
        ".view.input .stage",
        ".view.output .stage",
        ".work",
        ".products .cells",
        ".sums",
    ):
        expect(page.locator(part)).to_be_visible()
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= PHONE["width"], (part, box)
