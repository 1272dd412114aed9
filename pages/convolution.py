"""Convolution: a window slides over an image, and every product under it can be read."""

from __future__ import annotations

from cnnlab.ui import convolution_panel, frame

frame.page("convolution")
convolution_panel.panel()
