"""Inspect: one test image, what the network says, its kernels and its feature maps."""

from __future__ import annotations

from cnnlab.ui import frame, run_view, state
from cnnlab.ui.inspect.panel import panel

frame.page("inspect")
state.show_notice()

run, step = run_view.require("inspect")
panel(run, step, run_view.test_set(run))
