"""Inspect: one test image, what the network says, its kernels and its feature maps."""

from __future__ import annotations

from cnnlab.ui import frame, inspect_panel, run_view, state

frame.page("inspect")
state.show_notice()

run, step = run_view.require("inspect")
inspect_panel.panel(run, step, run_view.test_set(run))
