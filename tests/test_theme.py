"""The theme reads well on a projector, and its palettes are those of the figures."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from cnnlab.analysis import palettes

_ROOT = Path(__file__).resolve().parents[1]
_MODES = ("light", "dark")
_HUES = ("red", "orange", "yellow", "green", "blue", "violet", "gray")


@pytest.fixture(scope="module")
def theme() -> dict[str, Any]:
    """The [theme] tables of .streamlit/config.toml."""
    return tomllib.loads((_ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


def luminance(colour: str) -> float:
    """Relative luminance, 0–1 (WCAG 2.2, "relative luminance")."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1–21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", _MODES)
def test_text_stands_out_from_every_surface(theme: dict[str, Any], mode: str) -> None:
    colours = theme[mode]
    for surface in ("backgroundColor", "secondaryBackgroundColor", "codeBackgroundColor"):
        assert contrast(colours["textColor"], colours[surface]) >= 7, surface
    assert contrast(colours["linkColor"], colours["backgroundColor"]) >= 4.5
    assert contrast(colours["dataframeHeaderTextColor"], colours["dataframeHeaderBackgroundColor"]) >= 4.5


@pytest.mark.parametrize("mode", _MODES)
def test_a_primary_button_is_readable(theme: dict[str, Any], mode: str) -> None:
    colours = theme[mode]
    assert contrast("#FFFFFF", colours["primaryColor"]) >= 4.5
    assert contrast(colours["primaryColor"], colours["backgroundColor"]) >= 3


@pytest.mark.parametrize("hue", _HUES)
@pytest.mark.parametrize("mode", _MODES)
def test_messages_and_badges_are_readable(theme: dict[str, Any], mode: str, hue: str) -> None:
    colours = theme[mode]
    assert contrast(colours[f"{hue}TextColor"], colours[f"{hue}BackgroundColor"]) >= 4.5
    assert contrast(colours[f"{hue}TextColor"], colours["backgroundColor"]) >= 4.5


def test_both_modes_define_the_same_colours(theme: dict[str, Any]) -> None:
    assert theme["light"].keys() == theme["dark"].keys()


def test_palettes_are_those_of_the_figures(theme: dict[str, Any]) -> None:
    assert tuple(theme["chartCategoricalColors"]) == palettes.OKABE_ITO
    assert len(theme["chartSequentialColors"]) == len(theme["chartDivergingColors"]) == 10
    assert theme["chartSequentialColors"][0] == palettes.VIRIDIS[0]
    assert theme["chartSequentialColors"][-1] == palettes.VIRIDIS[-1]
    assert theme["chartDivergingColors"][0] == palettes.DIVERGING[0]
    assert theme["chartDivergingColors"][-1] == palettes.DIVERGING[-1]


def test_fonts_need_no_network(theme: dict[str, Any]) -> None:
    assert "://" not in str(theme)
