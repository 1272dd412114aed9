import streamlit as st

from cnnlab.ui import frame

frame.page("design")
st.title("Design")
