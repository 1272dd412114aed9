"""Numbers, shapes and names as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from cnnlab.spec import presets

_THOUSAND = 1000


def shape(values: tuple[int, ...] | None) -> str:
    """`(28, 28, 32)` as "28 × 28 × 32"; a dash where no shape is known."""
    return "–" if values is None else " × ".join(f"{value:,}" for value in values)


def field(values: tuple[int, int] | None) -> str:
    """A receptive field in pixels, as "5 × 5"."""
    return shape(values)


def count(number: int | None) -> str:
    """A count in three digits: 950, 12.3 k, 4.56 M."""
    return "–" if number is None else _scaled(number, ("", " k", " M", " G", " T"))


def size(number: int | None) -> str:
    """A number of bytes in three digits, in powers of 1000: 512 B, 12.3 kB, 4.56 MB."""
    return "–" if number is None else _scaled(number, (" B", " kB", " MB", " GB", " TB"))


def percent(share: float | None) -> str:
    """A share between 0 and 1 as "97.2 %"."""
    return "–" if share is None else f"{100 * share:.1f} %"


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


def preset_title(name: str | None) -> str:
    """A preset's title; "Own design" where there is none."""
    return presets.preset(name).title if name else "Own design"


def _scaled(number: int, units: tuple[str, ...]) -> str:
    value, unit = float(number), 0
    while value >= _THOUSAND and unit < len(units) - 1:
        value, unit = value / _THOUSAND, unit + 1
    return f"{value:.0f}{units[0]}" if unit == 0 else f"{value:.3g}{units[unit]}"
