"""Finished values in, a `plotly.graph_objects.Figure` out.

A figure computes nothing and knows nothing of a page. Its paper is transparent and its text has no colour of
its own, so that Streamlit's theme makes it light or dark. Each has a `describe_…` beside it that says the
same in one sentence, for `alt=`.
"""

from __future__ import annotations
