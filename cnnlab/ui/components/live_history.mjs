// A run's events folded into what a chart draws. Pure; the browser's half of cnnlab/runs/history.py.

export const MEETING = 0.01; // cnnlab/analysis/progress.py says what it means
const HEALTH_KEPT = 50; // looks at the layers: the panel shows the last, a long training has thousands

/** A run of which nothing is known yet. */
export function newHistory() {
  return {
    seq: 0, step: [], loss: [], accuracy: [], epochs: [], tested: null, status: null, message: null,
    totalSteps: 0, stepsPerEpoch: 0, totalEpochs: 0, batchSize: 0, trainImages: 0,
    imagesPerSecond: null, learningRate: null, precision: [], recall: [], changes: [], health: [], snapshotStep: 0,
  };
}

/** Takes one more event in; one that was taken before is ignored, so that a stream may send some twice. */
export function fold(history, event) {
  if (event.seq <= history.seq) return history;
  history.seq = event.seq;
  FOLDS[event.kind]?.(history, event.payload);
  return history;
}

/** A history as the server sends it whole, thinned, where no stream gets through. */
export function restore(snapshot) {
  return { ...newHistory(), ...snapshot };
}

/** The last step with a recorded batch; 0 before the first. */
export function lastStep(history) {
  return history.step.length ? history.step[history.step.length - 1] : 0;
}

/** Share of the training's steps that are done, 0–1. */
export function progress(history) {
  return history.totalSteps ? Math.min(1, lastStep(history) / history.totalSteps) : 0;
}

/** The epoch that is being trained, the first is 1; 0 before the start. */
export function currentEpoch(history) {
  if (!history.stepsPerEpoch) return 0;
  return Math.min(history.totalEpochs, Math.floor(lastStep(history) / history.stepsPerEpoch) + 1);
}

/**
 * Seconds that a running training still needs; null while nobody can know.
 * Complete epochs are the better measure: validation is in them. The first step is none: the graph is built in it.
 */
export function timeLeft(history) {
  const steps = history.totalSteps - lastStep(history);
  if (history.status !== "running" || !lastStep(history)) return null;
  const recent = history.epochs.slice(-3).map((epoch) => epoch.seconds).filter((value) => value > 0);
  if (recent.length) return (mean(recent) * steps) / history.stepsPerEpoch;
  return history.imagesPerSecond > 0 && history.step.length > 1 ? (steps * history.batchSize) / history.imagesPerSecond : null;
}

/**
 * Loss and accuracy worth showing large: of the last complete epoch's validation; without one, of the training.
 * `source` says which: "validation" or "training".
 */
export function headline(history) {
  const epoch = history.epochs[history.epochs.length - 1];
  if (epoch && epoch.val_accuracy != null) {
    return { source: "validation", accuracy: epoch.val_accuracy, loss: epoch.val_loss };
  }
  if (epoch) return { source: "training", accuracy: epoch.accuracy, loss: epoch.loss };
  return { source: "training", ...recentBatches(history) };
}

/**
 * The first epoch in which training and validation come within a hundredth of each other, as {epoch, step, value};
 * null where they never do. The value is the training curve's, off which the tutorials read it.
 */
export function crossing(history, field) {
  for (const row of history.epochs) {
    const [training, validation] = [row[field], row[`val_${field}`]];
    if (!Number.isFinite(training) || !Number.isFinite(validation)) continue;
    if (Math.abs(training - validation) <= MEETING + 1e-9) return { epoch: row.epoch, step: row.step, value: training };
  }
  return null;
}

/** The epoch with the lowest validation loss, once a later one is higher; null while the last is the best. */
export function bestEpoch(history) {
  const known = history.epochs.filter((epoch) => Number.isFinite(epoch.val_loss));
  const best = known.reduce((least, epoch) => (least && least.val_loss <= epoch.val_loss ? least : epoch), null);
  return best && best !== known[known.length - 1] ? best : null;
}

const CHANGES = { learning_rate: "learning rate", dropout: "dropout", augmentation: "augmentation" };

/**
 * The changes worth a mark, in order: of a setting that was changed again within `near` steps, the last change.
 * Each has `step`, `name` and `text`.
 */
export function marks(history, near = 0) {
  const kept = [];
  for (const change of history.changes) {
    const last = kept.findLastIndex((each) => each.name === change.name);
    if (last >= 0 && change.step - kept[last].step <= near) kept.splice(last, 1);
    const text = `${CHANGES[change.name] ?? change.name} ${formatSetting(change.value)}`;
    kept.push({ step: change.step, name: change.name, text });
  }
  return kept;
}

/** A setting as people write it: 0.001, 0.25, 1e-7. */
export function formatSetting(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–";
}

/** Mean loss and accuracy of the last batches, about a tenth of an epoch; null without any. */
export function recentBatches(history) {
  const count = Math.max(5, Math.round(history.stepsPerEpoch / 10));
  return { accuracy: mean(history.accuracy.slice(-count)), loss: mean(history.loss.slice(-count)) };
}

/** Mean of the finite values; null when there is none. */
export function mean(values) {
  const finite = values.filter(Number.isFinite);
  return finite.length ? finite.reduce((sum, value) => sum + value, 0) / finite.length : null;
}

/**
 * A curve of at most `limit` points: the mean of each group of neighbours, as [x, y].
 * Groups are powers of two and start at the first point, so that a growing curve does not wobble where it was.
 */
export function thin(xs, ys, limit = 600) {
  let width = 1;
  while (xs.length / width > limit) width *= 2;
  if (width === 1) return [xs.slice(), ys.slice()];
  const thinned = [[], []];
  for (let start = 0; start < xs.length; start += width) {
    thinned[0].push(mean(xs.slice(start, start + width)));
    thinned[1].push(mean(ys.slice(start, start + width)));
  }
  return thinned;
}

/** The mean of each value and its `reach` neighbours on both sides, as many as there are; null leaves a gap. */
export function smooth(ys, reach) {
  return ys.map((value, at) => {
    if (!Number.isFinite(value)) return null;
    return mean(ys.slice(Math.max(0, at - reach), at + reach + 1));
  });
}

/** Seconds in words, rounded up: "8 s", "2 min 05 s", "1 h 20 min". */
export function formatSeconds(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  const pad = (value) => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** An accuracy in percent with one decimal. */
export function formatAccuracy(value) {
  if (!Number.isFinite(value)) return "–";
  const percent = 100 * value;
  // 54.25 is the one kind of tie: Python rounds it to the even digit, toFixed up; the page says it in both ways.
  return `${(percent % 1 === 0.25 ? percent - 0.05 : percent).toFixed(1)}%`;
}

/** A loss in three digits. */
export function formatLoss(value) {
  if (!Number.isFinite(value)) return "–";
  return value >= 1000 || (value > 0 && value < 0.001) ? value.toExponential(1) : value.toPrecision(3);
}

const STATUS_WORDS = {
  queued: "Waiting", running: "Training", paused: "Paused", finished: "Finished", stopped: "Stopped",
  failed: "Failed", interrupted: "Interrupted", deleted: "Deleted",
};

/** A status as the page says it. */
export function statusWord(status) {
  return STATUS_WORDS[status] ?? "Connecting";
}

/** Whether no worker has or will have a run of this status. */
export function hasEnded(status) {
  return ["finished", "stopped", "failed", "interrupted", "deleted"].includes(status);
}

/** The run's current numbers in one sentence, for those who hear the page. */
export function describe(history) {
  const parts = [statusWord(history.status)];
  if (history.totalEpochs) parts.push(`epoch ${currentEpoch(history)} of ${history.totalEpochs}`);
  const { source, accuracy, loss } = headline(history);
  if (accuracy !== null) {
    parts.push(`${source} accuracy ${formatAccuracy(accuracy)}`, `${source} loss ${formatLoss(loss)}`);
  }
  if (history.tested) parts.push(`test accuracy ${formatAccuracy(history.tested.accuracy)}`);
  return `${parts.join(", ")}.`;
}

const FOLDS = {
  started(history, payload) {
    history.totalSteps = payload.total_steps;
    history.stepsPerEpoch = payload.steps_per_epoch;
    history.totalEpochs = payload.epochs;
    history.batchSize = payload.batch_size;
    history.trainImages = payload.train_images;
    forgetSteps(history, payload.step);
    for (const name of ["epochs", "changes", "health"]) {
      history[name] = history[name].filter((told) => told.step <= payload.step);
    }
    history.tested = null; // that of an earlier end, be it of this very step
  },
  steps(history, payload) {
    forgetSteps(history, payload.first_step - 1);
    payload.loss.forEach((loss, place) => {
      history.step.push(payload.first_step + place);
      history.loss.push(loss);
      history.accuracy.push(payload.accuracy[place]);
      history.precision.push(payload.precision?.[place] ?? null);
      history.recall.push(payload.recall?.[place] ?? null);
    });
    history.learningRate = payload.learning_rate;
    history.imagesPerSecond = payload.images_per_second;
  },
  epoch(history, payload) {
    history.epochs = history.epochs.filter((epoch) => epoch.epoch < payload.epoch);
    history.epochs.push(payload);
  },
  tested(history, payload) {
    history.tested = payload;
  },
  changed(history, payload) {
    history.changes.push(payload);
  },
  health(history, payload) {
    history.health = [...history.health.slice(1 - HEALTH_KEPT), payload];
  },
  snapshot(history, payload) {
    history.snapshotStep = payload.step;
  },
  status(history, payload) {
    history.status = payload.status;
    history.message = payload.message ?? null;
  },
};

/** Drops the steps after one: a training that goes on from there does them again. */
function forgetSteps(history, step) {
  let keep = history.step.length;
  while (keep && history.step[keep - 1] > step) keep -= 1;
  for (const name of ["step", "loss", "accuracy", "precision", "recall"]) history[name].length = Math.min(keep, history[name].length);
}
