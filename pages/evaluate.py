"""Evaluate: the headline, the confusion matrix and its images, the findings in words, and tabs for more."""

from __future__ import annotations

from cnnlab.ui import (
    confusion_panel,
    evaluate_panel,
    evaluation_tabs,
    frame,
    run_view,
    state,
    take_away_panel,
)

frame.page("evaluate")
state.show_notice()

run, step = run_view.require("evaluate")
evaluation = evaluate_panel.answers(run, step)
intervals = evaluate_panel.headline(evaluation)
data = run_view.test_set(run)
confusion_panel.panel(run, evaluation, data, key="evaluate")
evaluate_panel.in_words(evaluation, intervals)
evaluation_tabs.tabs(run, step, evaluation, data)
take_away_panel.panel(run, step)
