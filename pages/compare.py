"""Compare: runs side by side, what differs between them, their curves, their cost, and any two in detail."""

from __future__ import annotations

from cnnlab.ui import compare_panel, compare_runs, frame, state

frame.page("compare")
state.show_notice()

chosen = compare_runs.require()
compare_panel.panel(chosen)
