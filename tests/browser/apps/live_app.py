"""An app of one page: the live chart of the run in the address."""

from __future__ import annotations

import streamlit as st

if st.runtime.exists():
    from cnnlab.runs.store import get_store
    from cnnlab.ui.components.live_chart import live_chart

    run_id = st.query_params["run"]
    st.session_state["reruns"] = st.session_state.get("reruns", 0) + 1
    st.session_state.setdefault("clicks", 0)
    st.button("Again")
    st.button("Count", on_click=lambda: st.session_state.update(clicks=st.session_state["clicks"] + 1))
    live_chart(run_id)
    st.text(f"{get_store().run(run_id).status}, drawn {st.session_state['reruns']} times")
    st.text(f"{st.session_state['clicks']} clicks counted")
else:
    from cnnlab import live

    app = st.App(__file__, routes=live.routes(), middleware=live.middleware())
