import streamlit as st

from cnnlab.ui import frame

frame.page("data")
st.title("Data")
