"""Design in Chromium: sliders move shapes and diagram, what cannot work is mended, links carry designs."""

from __future__ import annotations

import base64
import json
import re
import zlib

import pytest
from playwright.sync_api import Locator, Page, expect

from cnnlab.spec import links, presets
from cnnlab.spec.design import Design
from tests.browser.journey import keyed, link, pick, press
from tests.browser.server import AppServer
from tests.browser.watch import PageFactory, open_page, wait_idle


@pytest.fixture
def design_page(server: AppServer, page: Page) -> Page:
    """The Design page with the design that every new user finds, `START`."""
    open_page(page, f"{server.url}/design")
    return page


def expect_shape(page: Page, layer: str, shape: str) -> None:
    """The table and the diagram give the layer this output shape."""
    row = page.get_by_role("row", name=re.compile(rf"^{layer} "))
    expect(row.get_by_role("cell").nth(1)).to_have_text(shape)
    expect(volume(page, layer)).to_have_attribute("aria-label", re.compile(f"output {re.escape(shape)}$"))


def volume(page: Page, layer: str) -> Locator:
    """The layer in the diagram."""
    return keyed(page, "w-network").get_by_role("option", name=re.compile(f", {layer}, "))


def expect_layers(page: Page, *layers: str) -> None:
    """The table lists these layers in this order, and the diagram draws as many."""
    rows = page.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(len(layers))
    expect(rows.locator("td:first-child")).to_have_text(list(layers))
    expect(keyed(page, "w-network").get_by_role("option")).to_have_count(len(layers))


def nudge(page: Page, key: str, arrow: str = "ArrowRight") -> None:
    """Move the slider with this key by one step."""
    keyed(page, key).get_by_role("slider").press(arrow)


def select(page: Page, label: str) -> None:
    """Select a layer in the stack."""
    keyed(page, "w-stack").get_by_text(label).click()
    wait_idle(page)


def linked(page: Page) -> Design:
    """The design that the page's share link carries."""
    page.get_by_role("button", name="Share").click()
    address = page.get_by_test_id("stPopoverBody").locator("code").inner_text()
    page.keyboard.press("Escape")
    return links.decode(address.replace("\n", "").partition("lab=")[2])


START = ("conv2d", "conv2d_1", "max_pooling2d", "flatten", "dropout", "dense", "dense_1")


def test_a_slider_moves_the_shapes_the_diagram_and_the_totals(design_page: Page) -> None:
    expect_shape(design_page, "conv2d", "8×8×32")
    expect(design_page.get_by_text("43,050")).to_be_visible()
    nudge(design_page, "w-L1-filters")
    expect_shape(design_page, "conv2d", "8×8×33")
    # One filter more: 10 weights of its own, and 9 for each of the 32 filters that read it.
    expect(design_page.get_by_text("43,348")).to_be_visible()
    nudge(design_page, "w-L1-strides")
    expect_shape(design_page, "conv2d", "4×4×33")
    expect_shape(design_page, "flatten", "128")


def test_a_click_in_the_diagram_selects_the_layer_whose_settings_are_shown(design_page: Page) -> None:
    volume(design_page, "dense").click()
    expect(keyed(design_page, "w-L6-units")).to_be_visible()
    expect(keyed(design_page, "w-stack").get_by_role("radio", checked=True)).to_have_accessible_name(
        "6 · Dense 64"
    )


def test_layers_are_added_moved_duplicated_and_removed_and_all_of_it_undone(design_page: Page) -> None:
    page = design_page
    select(page, "5 · Dropout")
    press(page, "w-Remove")
    without = tuple(layer for layer in START if layer != "dropout")
    expect_layers(page, *without)
    press(page, "w-undo")
    expect_layers(page, *START)
    press(page, "w-redo")
    expect_layers(page, *without)
    expect(keyed(page, "w-redo").get_by_role("button")).to_be_disabled()

    select(page, "1 · Convolution")
    press(page, "w-Duplicate")
    twice = ("conv2d", "conv2d_1", "conv2d_2", *without[2:])
    expect_layers(page, *twice)
    select(page, "4 · Max pooling")
    press(page, "w-Move towards the input")
    moved = ("conv2d", "conv2d_1", "max_pooling2d", "conv2d_2", *without[3:])
    expect_layers(page, *moved)
    pick(page, "w-add", "Average pooling")
    expect_layers(page, *moved[:3], "average_pooling2d", *moved[3:])
    for before in (moved, twice, without, START):
        press(page, "w-undo")
        expect_layers(page, *before)
    expect(keyed(page, "w-undo").get_by_role("button")).to_be_disabled()


def test_a_residual_block_is_drawn_with_its_shortcut_and_its_settings_stay_open(design_page: Page) -> None:
    page = design_page
    pick(page, "w-add", "Residual block")
    expect(volume(page, "residual_block")).to_have_accessible_name(
        re.compile("Residual block with a shortcut")
    )
    expect(keyed(page, "w-network").locator(".skip")).to_have_count(1)
    expect(page.get_by_role("row", name=re.compile("^projection "))).to_have_count(0)
    nudge(page, "w-L7-filters")
    expect_shape(page, "residual_block", "8×8×33")
    expect(page.get_by_role("row", name=re.compile("^projection "))).to_have_count(1)
    more = keyed(page, "w-L7-more")
    more.get_by_text("More", exact=True).click()
    nudge(page, "w-L7-l2")
    expect(keyed(page, "w-L7-l1").get_by_role("slider")).to_be_visible()
    more.get_by_text("More", exact=True).click()
    expect(page.get_by_text("1 changed behind More")).to_be_visible()
    expect(keyed(page, "w-L7-l1")).to_have_count(0)


def test_what_cannot_work_is_said_at_its_layer_and_mended_by_its_button(design_page: Page) -> None:
    page = design_page
    select(page, "4 · Flatten")
    press(page, "w-Remove")
    problem = page.get_by_test_id("stAlert").first
    expect(problem).to_contain_text(re.compile(r"Layer \d \(Dense\): .*map"))
    expect(keyed(page, "train").get_by_role("button")).to_be_disabled()
    expect(
        keyed(page, "w-network").get_by_role("option", name=re.compile("Problem: Layer")).first
    ).to_be_visible()
    page.locator("[class*='st-key-mend-']").first.get_by_role("button").click()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(keyed(page, "train").get_by_role("button")).to_be_enabled()
    expect(page.get_by_role("row", name=re.compile("^flatten "))).to_have_count(1)
    press(page, "w-undo")
    expect(problem).to_be_visible()


def test_a_shared_link_restores_exactly_the_design(
    server: AppServer, design_page: Page, new_page: PageFactory
) -> None:
    nudge(design_page, "w-L1-filters")
    nudge(design_page, "w-L1-kernel_size")
    expect_shape(design_page, "conv2d", "8×8×33")
    wait_idle(design_page)
    design = linked(design_page)
    assert design.architecture.layers[0].filters == 33
    other = new_page()
    open_page(other, link(server, design))
    expect_shape(other, "conv2d", "8×8×33")
    assert linked(other) == design


def packed(source: bytes) -> str:
    """What a link would look like that carries these bytes."""
    return links.VERSION + base64.urlsafe_b64encode(zlib.compress(source)).decode().rstrip("=")


def broken_links() -> dict[str, str]:
    """Links that arrive cut off, changed, or made by someone who wants to see what happens."""
    good = links.encode(presets.preset("lenet5").design)
    plain = json.loads(presets.preset("digits").design.to_json())
    many = json.loads(json.dumps(plain))
    many["architecture"]["layers"] *= 2_000
    negative = json.loads(json.dumps(plain))
    negative["architecture"]["layers"][0]["filters"] = -3
    return {
        "cut off": good[: len(good) // 2],
        "not a link": "hello",
        "not UTF-8": packed(b"\xff\xfe\xfa"),
        "too many layers": packed(json.dumps(many).encode()),
        "negative": packed(json.dumps(negative).encode()),
    }


def test_a_broken_link_gives_one_message_and_leaves_the_design(server: AppServer, page: Page) -> None:
    for text in broken_links().values():
        open_page(page, f"{server.url}/design?lab={text}")
        alert = page.get_by_test_id("stAlert")
        expect(alert).to_have_count(1)
        expect(alert).to_contain_text("The link holds no design that can be read")
        expect(alert).to_contain_text("Your design is as it was.")
        expect_layers(page, *START)
    nudge(page, "w-L1-filters")
    expect_shape(page, "conv2d", "8×8×33")
