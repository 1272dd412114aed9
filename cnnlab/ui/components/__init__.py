"""Components that Streamlit does not have: each a Python file, an `.mjs` file and a `.css` file of one
name."""

from __future__ import annotations
