"""Home: what this is, one button that shows it, and the presets."""

from __future__ import annotations

import streamlit as st

from cnnlab.ui import cards, frame, navigation, state

frame.page("home")
state.show_notice()

promise, picture = st.columns([5, 6], gap="large", vertical_alignment="center")
with promise:
    st.title("See a convolutional network learn", anchor=False)
    st.markdown(
        "Stack layers with sliders, train on real images while loss and accuracy move, "
        "then click into the confusion matrix to see what went wrong."
    )
    with st.container(horizontal=True):
        cards.first_button(key="first")
        if st.button("Design your own", icon=":material/layers:", key="own"):
            navigation.go("design")
with picture:
    cards.first_picture()

st.subheader("Start from a known network", anchor=False)
cards.presets_grid()

st.subheader("Work it out by hand", anchor=False)
cards.concept_links()
