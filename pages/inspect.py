import streamlit as st

from cnnlab.ui import frame

frame.page("inspect")
st.title("Inspect")
