import streamlit as st

from cnnlab.ui import frame

frame.page("home")
st.title("Home")
