"""What stands on a page: read from the elements that Streamlit sends to the browser."""

from __future__ import annotations

import json
import re
from typing import Any

from streamlit.testing.v1 import AppTest


def texts(app: AppTest) -> list[str]:
    """All Markdown and captions of the page, in order."""
    return [element.value for element in (*app.markdown, *app.caption)]


def says(app: AppTest, words: str) -> bool:
    """Whether a Markdown text or a caption of the page holds these words."""
    return any(words in text for text in texts(app))


def metrics(app: AppTest) -> dict[str, str]:
    """Label → value of every headline number."""
    return {metric.label: metric.value for metric in app.metric}


def badges(app: AppTest) -> list[str]:
    """The words of the page's badges."""
    found = [re.search(r"-badge\[(?::material/\w+: )?(.*)\]$", text) for text in texts(app)]
    return [match[1].strip() for match in found if match]


def status(app: AppTest) -> str:
    """The status that the Train page's chart was drawn for, and says."""
    (chart,) = [each for each in app.get("bidi_component") if str(each.key).startswith("w-live-")]
    return str(json.loads(chart.proto.json)["status"])


def error(app: AppTest) -> str:
    """The one error that the page shows."""
    assert len(app.error) == 1, [each.value for each in app.error]
    return str(app.error[0].value)


def table(app: AppTest, first: str) -> list[dict[str, str]]:
    """The Markdown table whose first column has this title, a dict a row."""
    (text,) = [element.value for element in app.markdown if element.value.startswith(f"| {first} |")]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def figure(app: AppTest, key: str) -> dict[str, Any]:
    """The Plotly figure of the chart with this key."""
    (chart,) = [chart for chart in app.get("plotly_chart") if chart.key == key]
    return dict(json.loads(chart.proto.spec))


def component(app: AppTest, key: str) -> dict[str, Any]:
    """What a component of ours was given."""
    (found,) = [each for each in app.get("bidi_component") if each.key == key]
    return dict(json.loads(found.proto.json))


def components(app: AppTest) -> list[str]:
    """Keys of the page's components."""
    return [each.key for each in app.get("bidi_component")]


def links(app: AppTest, label: str) -> list[str]:
    """The parameters in the address of each page link with this label."""
    return [link.proto.query_string for link in app.page_link if link.value == label]


def buttons(app: AppTest) -> dict[str, bool]:
    """Label → whether it can be pressed, of every button that has a label."""
    return {button.label: not button.disabled for button in app.button if button.label}
