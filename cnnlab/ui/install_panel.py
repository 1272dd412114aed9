"""Bringing a data set to this machine: one button, a progress bar, clear words where there is no network."""

from __future__ import annotations

import streamlit as st

from cnnlab import datasets, settings
from cnnlab.errors import CNNLabError
from cnnlab.ui import navigation, words


def offer(name: str, *, narrow: bool = False) -> None:
    """Say that a data set is not on this machine yet, with a button that brings it.

    Args:
        name: of the data set.
        narrow: whether it stands in a column too narrow for names of files: the page Data says those.
    """
    info = datasets.info(name)
    if info.own:
        st.info(
            f"The images of {words.plain(info.title)} were deleted. Choose another data set, or make it "
            "again on the page Data.",
            icon=":material/folder_off:",
        )
        return
    if not settings.get().downloads:
        if narrow:
            st.warning(f"{info.title} is not on this machine.", icon=":material/cloud_off:")
            navigation.link("data", "Which file to put where", icon=":material/folder:", set=name)
        else:
            _refused(name)
        return
    st.info(
        f"{info.title} is not on this machine yet: {words.size(info.download_bytes)} to download, once.",
        icon=":material/download:",
    )
    if (missing := datasets.missing_folder()) is not None:
        st.warning(missing, icon=":material/folder_off:")
    if st.button(f"Download {info.title}", key=f"install-{name}", icon=":material/download:"):
        _install(name)


def _refused(name: str) -> None:
    """Where downloads are switched off: which file can be put where, without a button that cannot help."""
    try:
        datasets.install(name)
    except CNNLabError as exc:
        st.warning(str(exc), icon=":material/cloud_off:")
        return
    st.rerun()  # it was put there this very moment


def _install(name: str) -> None:
    bar = st.progress(0.0, text="Connecting…")

    def progress(done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        bar.progress(share, text=f"{words.size(done)} of {words.size(total)}")

    try:
        datasets.install(name, progress)
    except CNNLabError as exc:
        bar.empty()
        st.error(str(exc), icon=":material/cloud_off:")
        return
    st.rerun()
