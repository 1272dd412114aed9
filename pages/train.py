import streamlit as st

from cnnlab.ui import frame

frame.page("train")
st.title("Train")
