"""Runs: every training of this browser, newest first."""

from __future__ import annotations

from cnnlab.ui import frame, runs_panel, state

frame.page("runs")
state.show_notice()
runs_panel.listing()
