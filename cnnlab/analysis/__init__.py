"""Numbers computed from finished results: NumPy in, NumPy and plain data out.

Nothing here knows Keras, Plotly or Streamlit. scikit-learn and Pillow are imported inside the functions that
need them, so that importing this package costs what NumPy costs.
"""

from __future__ import annotations

from cnnlab.analysis.metrics import (
    ClassReport,
    Evaluation,
    Scale,
    cell_indices,
    cell_words,
    confident_mistakes,
    confusion_matrix,
    normalise,
    worst_confusions,
)

__all__ = [
    "ClassReport",
    "Evaluation",
    "Scale",
    "cell_indices",
    "cell_words",
    "confident_mistakes",
    "confusion_matrix",
    "normalise",
    "worst_confusions",
]
