"""Design: stack layers and see every shape change at once."""

from __future__ import annotations

import streamlit as st

from cnnlab.ui import frame, state, workspace

frame.page("design")
state.show_notice()
broken_link = state.open_link()
if broken_link:
    st.error(
        f"{broken_link} Your design is as it was.",
        title="This link cannot be opened",
        icon=":material/link_off:",
    )
workspace.workspace()
