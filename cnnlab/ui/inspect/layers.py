"""The choice of a layer."""

from __future__ import annotations

import streamlit as st

from cnnlab.spec.architecture import Row


def chosen(rows: list[Row]) -> Row:
    """The layer that is looked at; of a block, the part."""
    by_name = {row.name: row for row in rows}
    name = st.pills(
        "Layer",
        list(by_name),
        default=rows[0].name,
        required=True,
        key="w-layer",
        wrap=True,
    )
    row = by_name.get(name, rows[0])
    return _part(row) if row.parts else row


def _part(block: Row) -> Row:
    """One of the layers that a block is made of; the last is its output."""
    by_name = {part.name: part for part in block.parts}
    last = block.parts[-1]
    name = st.pills(
        "Inside the block",
        list(by_name),
        default=last.name,
        required=True,
        key=f"w-part-{block.name}",
        format_func=lambda name: "output" if name == last.name else name.removeprefix(f"{block.name}_"),
        wrap=True,
    )
    return by_name.get(name, last)
