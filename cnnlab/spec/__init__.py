"""What a user designs, as plain data: layers, architecture, training, design, presets, links and source.

Nothing here imports NumPy, TensorFlow or Streamlit. Shapes, parameters and problems come from the
declarations in `layers/` by arithmetic alone.
"""
