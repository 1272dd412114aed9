"""Numbers, shapes and names as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cnnlab import datasets
from cnnlab.spec import presets
from cnnlab.spec.architecture import Row
from cnnlab.spec.design import Design
from cnnlab.spec.layers import Layer

_THOUSAND = 1000
# Numbers keep their units on their line: the spaces before units do not break.


def shape(values: tuple[int, ...] | None) -> str:
    """`(28, 28, 32)` as "28×28×32"; a dash where no shape is known."""
    return "–" if values is None else "×".join(f"{value:,}" for value in values)


def field(values: tuple[int, int] | None) -> str:
    """A receptive field in pixels, as "5×5"."""
    return shape(values)


def count(number: int | None) -> str:
    """A count in three digits: 950, 12.3 k, 4.56 M."""
    return "–" if number is None else _scaled(number, ("", "\u00a0k", "\u00a0M", "\u00a0G", "\u00a0T"))


def size(number: int | None) -> str:
    """A number of bytes in three digits, in powers of 1000: 512 B, 12.3 kB, 4.56 MB."""
    return (
        "–"
        if number is None
        else _scaled(number, ("\u00a0B", "\u00a0kB", "\u00a0MB", "\u00a0GB", "\u00a0TB"))
    )


def percent(share: float | None) -> str:
    """A share between 0 and 1 as "97.2%"."""
    return "–" if share is None else f"{share:.1%}"


def duration(seconds: float | None) -> str:
    """A duration as "8.4 s", "3 min 20 s" or "2 h 5 min"."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def ago(time: datetime | None, now: datetime | None = None) -> str:
    """How long ago, as "just now", "5 min ago", "3 h ago" or a date."""
    if time is None:
        return "–"
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86_400:
        return f"{int(seconds // 3600)} h ago"
    return f"{time:%Y-%m-%d}"


def plain(text: str) -> str:
    """Text of a user for Markdown: it cannot become a link, a picture or a colour."""
    for mark in "\\[]<>$*_`:":
        text = text.replace(mark, f"\\{mark}")
    return text


def dataset_choice(current: str, own: Sequence[str] = ()) -> list[str]:
    """The data sets to choose from: one of each family, every variant of the current one's, own images."""
    listed = [*datasets.names(), *own]
    return listed + [name for name in datasets.variants(current) if name not in listed]


def layer_label(row: Row, layer: Layer | None) -> str:
    """One line for a layer of a stack: "1 · Convolution 32 · 3×3"; the output where there is no layer.

    The number makes its text unique: Streamlit tells the options of a widget apart by what they show.
    """
    label = f"{row.index + 1} · {'Output' if layer is None else row.title}"
    if layer is not None:
        window = layer.window()
        if layer.width is not None:
            label += f" {getattr(layer, layer.width):,}"
        if window is not None:
            label += f" · {window.kernel}×{window.kernel}"
    return f":red[:material/error:] {label}" if row.problem is not None else label


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Rows as a Markdown table: the first column left, the others right, where numbers belong."""
    if not rows:
        return ""
    titles = list(rows[0])
    lines = [
        titles,
        [":--", *["--:"] * (len(titles) - 1)],
        *([row[title] for title in titles] for row in rows),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def preset_title(name: str | None) -> str:
    """A preset's title; "Own design" where there is none, or none of this name in this version."""
    return presets.preset(name).title if name in presets.names() else "Own design"


def design_title(design: Design) -> str:
    """What a design is called: its preset's title while it is that preset, and what became of it."""
    title = preset_title(design.preset)
    changed = design.preset in presets.names() and presets.of(design) is None
    return f"{title}, changed" if changed else title


def _scaled(number: int, units: tuple[str, ...]) -> str:
    value, unit = float(number), 0
    while value >= _THOUSAND and unit < len(units) - 1:
        value, unit = value / _THOUSAND, unit + 1
    return f"{value:.0f}{units[0]}" if unit == 0 else f"{value:.3g}{units[unit]}"
