"""Evaluate: the confusion matrix, the images behind each cell, and each class's figures."""

from __future__ import annotations

from cnnlab.ui import confusion_panel, evaluate_panel, frame, run_view, state

frame.page("evaluate")
state.show_notice()

run, step = run_view.require("evaluate")
evaluation = evaluate_panel.answers(run, step)
evaluate_panel.headline(evaluation)
confusion_panel.panel(run, evaluation, run_view.test_set(run), key="evaluate")
evaluate_panel.classes(evaluation)
