"""Components that Streamlit does not have: each is a Python, an `.mjs` and a `.css` file of one name."""

from __future__ import annotations
