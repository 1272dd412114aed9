import streamlit as st

from cnnlab.ui import frame

frame.page("evaluate")
st.title("Evaluate")
