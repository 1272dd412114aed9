"""The task "evaluate": what the weights of a step say about the test images."""

from __future__ import annotations

import logging

from cnnlab.backend import graph
from cnnlab.backend.data import dataset_of
from cnnlab.backend.load import loaded
from cnnlab.backend.scores import softmax
from cnnlab.backend.session import Scores, all_logits, prediction_batch
from cnnlab.errors import StorageError
from cnnlab.runs import Evaluation, RunFiles, get_store

_LOG = logging.getLogger(__name__)


def evaluate(run_id: str, step: int | None = None) -> Evaluation:
    """Probabilities of all test images by the weights of a step; kept, so that it is computed once.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        StorageError: their file is damaged.
        DatasetUnavailable: the data set is not there any more.
    """
    design = get_store().run(run_id).design
    files = RunFiles(run_id)
    step = files.kept_step(step)
    kept = files.read_evaluation(step)
    if kept is not None:
        return kept
    data = dataset_of(design)
    predict = graph.predictor(loaded(run_id, step).model, graph.resident(data.images, data.labels))
    logits = all_logits(predict(data.test.indices, prediction_batch(design)))
    evaluation = Evaluation(step, softmax(logits), data.test.labels, Scores.of(logits, data.test.labels).loss)
    try:
        files.write_evaluation(step, evaluation.probabilities, evaluation.labels, evaluation.loss)
    except StorageError as exc:  # the answer is there all the same
        _LOG.warning("The evaluation of run %s at step %d is not kept: %s", run_id, step, exc)
    return evaluation
