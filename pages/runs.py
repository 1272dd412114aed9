import streamlit as st

from cnnlab.ui import frame

frame.page("runs")
st.title("Runs")
