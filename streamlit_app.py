"""The launcher: the script that Streamlit runs for every page, and the ASGI app around it.

The file is executed twice, as the module that the server imports and as the script of each session: whatever
must exist once lives in the package.
"""

from __future__ import annotations

import streamlit as st

if st.runtime.exists():
    from cnnlab.ui import frame

    frame.run()
else:
    from cnnlab import live

    app = st.App(
        __file__,
        routes=live.routes(),
        middleware=live.middleware(),
        lifespan=live.lifespan,
    )
