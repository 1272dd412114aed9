"""The tasks "excitation" and "wanted_image": which images a layer's filters answer to, and what one wants."""

from __future__ import annotations

import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cnnlab.backend import graph
from cnnlab.backend.ascent import Ascent, starts
from cnnlab.backend.data import dataset_of
from cnnlab.backend.load import Loaded, loaded
from cnnlab.backend.session import prediction_batch
from cnnlab.errors import RunError, StorageError
from cnnlab.runs import RunFiles
from cnnlab.runs.excitation import TOP, Excitation, read_excitation, write_excitation

_LOG = logging.getLogger(__name__)


def excitation(run_id: str, step: int | None, layer_name: str) -> Excitation:
    """How all filters of a layer answer to the test images, in one pass; kept, so that it is computed once.

    Memory does not grow with the number of images: only each filter's best nine are carried from batch to
    batch.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        layer_name: the name of a row of the architecture's trace; the output row gives the logits.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such layer.
        StorageError: a file is damaged.
        DatasetUnavailable: the data set is not there any more.
    """
    run = loaded(run_id, step)
    layer = _layer(run, layer_name)
    files = RunFiles(run_id)
    kept = read_excitation(files, run.step, layer_name)
    if kept is not None:
        return kept
    data = dataset_of(run.design)
    part = keras.Model(run.model.inputs, layer.output)
    images = graph.resident(data.images, data.labels)
    found = searched(part, images, data.test.indices, prediction_batch(run.design))
    try:
        write_excitation(files, run.step, layer_name, found)
    except StorageError as exc:  # the answer is there all the same
        _LOG.warning("What excites %s of run %s is not kept: %s", layer_name, run_id, exc)
    return found


def searched(
    part: keras.Model, data: graph.Resident, indices: NDArray[np.int64], batch_size: int
) -> Excitation:
    """What excites the filters of a network's output most, among some images.

    Args:
        part: a network that gives maps `(n, height, width, filters)` or vectors `(n, units)`.
        data: the images.
        indices: `(count,) int64`: of the images to look at; an image is told by its place among these.
        batch_size: images in a batch.
    """
    filters, count = int(part.output.shape[-1]), len(indices)
    top = min(TOP, count)
    state = (
        tf.fill([filters, top], tf.constant(-np.inf, tf.float32)),
        tf.zeros([filters, top], tf.int32),
        tf.zeros([filters, top], tf.int32),
        tf.fill([filters], tf.constant(np.inf, tf.float32)),
        tf.zeros([filters], tf.int32),
    )
    seen = _compiled(part, data, top)
    for first in range(0, count, batch_size):
        state = seen(graph.order_of(indices[first : first + batch_size]), tf.constant(first), *state)
    values, images, places, minimum, active = (part.numpy() for part in state)
    width = int(part.output.shape[2]) if len(part.output.shape) == 4 else 1
    return Excitation(
        images=images,
        values=values,
        places=np.stack(np.divmod(places, width), axis=-1).astype(np.int32),
        minimum=minimum,
        maximum=values[:, 0],
        active=(active / count).astype(np.float32),
        count=count,
    )


def _compiled(part: keras.Model, data: graph.Resident, top: int) -> Any:
    """One batch: from its indices and the state before to the state behind it."""
    filters = int(part.output.shape[-1])

    def seen(order: Any, first: Any, best: Any, images: Any, places: Any, least: Any, active: Any) -> Any:
        batch = part(graph.batch(data, order)[0], training=False)
        maps = tf.reshape(batch, [tf.size(order), -1, filters])
        values = tf.transpose(tf.reduce_max(maps, axis=1))
        where = tf.transpose(tf.argmax(maps, axis=1, output_type=tf.int32))
        numbers = tf.broadcast_to(first + tf.range(tf.size(order)), tf.shape(values))
        # What was found before stands first: of equal values the first image stays.
        best, chosen = tf.math.top_k(tf.concat([best, values], axis=1), top)
        images = tf.gather(tf.concat([images, numbers], axis=1), chosen, batch_dims=1)
        places = tf.gather(tf.concat([places, where], axis=1), chosen, batch_dims=1)
        least = tf.minimum(least, tf.reduce_min(maps, axis=[0, 1]))
        return best, images, places, least, active + tf.math.count_nonzero(values > 0, 1, dtype=tf.int32)

    ranked, row = [filters, top], [filters]
    signature = [
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.int32),
        tf.TensorSpec(ranked),
        tf.TensorSpec(ranked, tf.int32),
        tf.TensorSpec(ranked, tf.int32),
        tf.TensorSpec(row),
        tf.TensorSpec(row, tf.int32),
    ]
    return tf.function(seen, input_signature=signature, autograph=False, jit_compile=False)


def wanted_image(
    run_id: str, step: int | None, layer_name: str, filter_index: int, seed: int = 0
) -> dict[str, Any]:
    """An image that was made to excite a filter, by gradient ascent on its pixels.

    Args:
        run_id: the run.
        step: one of the steps whose weights are kept; None: the last of them.
        layer_name: the name of a row of the architecture's trace.
        filter_index: the filter, or unit; its value in the middle of its map is made large.
        seed: of the images from which the ascent starts; the same seed gives the same image.

    Returns:
        The fields of `cnnlab.api.excitation.WantedImage`, by name.

    Raises:
        RunNotFound: there is no such run.
        RunStateError: no weights of this step are kept.
        RunError: there is no such layer or filter.
    """
    run = loaded(run_id, step)
    layer = _layer(run, layer_name)
    filters = int(layer.output.shape[-1])
    if not 0 <= filter_index < filters:
        raise RunError(f"{layer_name} has filters 0 to {filters - 1}. Received {filter_index}.")
    shape = run.design.architecture.input_shape
    climbed = Ascent.of(run.model, layer).climb(starts(shape, seed), filter_index)
    best = int(np.argmax(climbed.after))
    return {
        "image": climbed.images[best],
        "value": float(climbed.after[best]),
        "start": float(climbed.before[best]),
        "place": climbed.place,
    }


def _layer(run: Loaded, name: str) -> keras.Layer:
    layers = {layer.name: layer for layer in run.model.layers[1:]}
    if name not in layers:
        raise RunError(f"The network has no layer {name!r}. It has {', '.join(layers)}.")
    return layers[name]
