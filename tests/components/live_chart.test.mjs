import assert from "node:assert/strict";
import { test } from "node:test";

import { drawFacts, drawStrip } from "../../cnnlab/ui/components/live_chart.mjs";
import {
  channels, epochsShown, layout, lossTop, luminance, palette, traces, translucent, VIEWS,
} from "../../cnnlab/ui/components/live_figure.mjs";
import {
  bestEpoch, crossing, currentEpoch, describe, fold, formatAccuracy, formatLoss, formatSeconds, formatSetting, hasEnded,
  headline, lastStep, marks, newHistory, progress, restore, smooth, statusWord, thin, timeLeft,
} from "../../cnnlab/ui/components/live_history.mjs";

const started = (step = 0) => ({
  kind: "started",
  payload: { step, total_steps: 20, steps_per_epoch: 10, epochs: 2, batch_size: 32, train_images: 320 },
});
const steps = (first, losses) => ({
  kind: "steps",
  payload: {
    first_step: first, loss: losses, accuracy: losses.map((loss) => (loss === null ? null : 1 - loss / 10)),
    learning_rate: 0.001, images_per_second: 320,
  },
});
const epoch = (number, more = {}) => ({
  kind: "epoch",
  payload: {
    epoch: number, step: 10 * number, loss: 0.5, accuracy: 0.8, val_loss: 0.6, val_accuracy: 0.75, seconds: 4,
    images_per_second: 320, ...more,
  },
});
const status = (word, message = null) => ({ kind: "status", payload: { status: word, message } });
const changed = (step, name, value) => ({ kind: "changed", payload: { step, name, value } });
const health = (step) => ({ kind: "health", payload: { step, layers: [] } });
const tested = { kind: "tested", payload: { step: 20, loss: 0.4, accuracy: 0.972 } };

/** The history that these events make, numbered from 1. */
function historyOf(...events) {
  const history = newHistory();
  events.forEach((event, place) => fold(history, { seq: place + 1, ...event }));
  return history;
}
const many = (count, value = 1) => Array.from({ length: count }, () => value);
const colors = palette({ text: "#1c2530", background: "#ffffff", font: "sans-serif" });

test("steps follow each other", () => {
  const history = historyOf(started(), steps(1, [3, 2]), steps(3, [1]));
  assert.deepEqual(history.step, [1, 2, 3]);
  assert.deepEqual(history.loss, [3, 2, 1]);
  assert.deepEqual(history.accuracy, [0.7, 0.8, 0.9]);
  assert.equal(history.imagesPerSecond, 320);
});

test("an event that comes again is ignored", () => {
  const history = historyOf(started(), steps(1, [3, 2]));
  fold(history, { seq: 2, ...steps(1, [9, 9]) });
  assert.deepEqual(history.loss, [3, 2]);
});

test("a kind of a newer version is passed over", () => {
  assert.equal(historyOf({ kind: "song", payload: {} }, status("running")).status, "running");
});

test("a training that goes on from an earlier step drops what came after it", () => {
  const history = historyOf(
    started(), steps(1, many(10)), epoch(1), steps(11, many(10)), epoch(2), tested, started(10), steps(11, [7]),
  );
  assert.deepEqual(history.step, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(history.loss[10], 7);
  assert.deepEqual(history.epochs.map((each) => each.epoch), [1]);
  assert.equal(history.tested, null);
});

test("a test result does not outlive a resume at the very step where it was made", () => {
  const stopped = [started(), steps(1, many(20)), epoch(1), epoch(2), tested];
  assert.equal(historyOf(...stopped).tested.accuracy, 0.972);
  assert.equal(historyOf(...stopped, started(20)).tested, null);
});

test("changes, health and pictures are kept, and dropped with the steps after which they came", () => {
  const told = [
    started(), steps(1, many(20)), changed(3, "dropout", 0.2), changed(15, "dropout", 0.4), health(4), health(16),
    { kind: "snapshot", payload: { step: 17 } },
  ];
  const history = historyOf(...told);
  assert.deepEqual(history.changes.map((change) => change.value), [0.2, 0.4]);
  assert.deepEqual(history.health.map((look) => look.step), [4, 16]);
  assert.equal(history.snapshotStep, 17);
  const again = historyOf(...told, started(10));
  assert.deepEqual(again.changes.map((change) => change.value), [0.2]);
  assert.deepEqual(again.health.map((look) => look.step), [4]);
});

test("of many looks at the layers the last are kept", () => {
  const looks = Array.from({ length: 80 }, (_, step) => health(step));
  const history = historyOf(started(), ...looks);
  assert.equal(history.health.length, 50);
  assert.equal(history.health.at(-1).step, 79);
});

test("the curves meet in the first epoch in which they are within a hundredth", () => {
  const meet = historyOf(
    started(), epoch(1, { accuracy: 0.5, val_accuracy: 0.55 }), epoch(2, { accuracy: 0.67, val_accuracy: 0.675 }),
    epoch(3, { accuracy: 0.7, val_accuracy: 0.7 }),
  );
  assert.deepEqual(crossing(meet, "accuracy"), { epoch: 2, step: 20, value: 0.67 });
  assert.equal(crossing(historyOf(started(), epoch(1, { accuracy: 0.51, val_accuracy: 0.52 })), "accuracy").epoch, 1);
  assert.equal(crossing(historyOf(started(), epoch(1)), "accuracy"), null);
  assert.equal(crossing(historyOf(started(), epoch(1)), "precision"), null);
});

test("the best epoch is marked once a later one is worse", () => {
  const first = [started(), epoch(1, { val_loss: 0.5 }), epoch(2, { val_loss: 0.4 })];
  assert.equal(bestEpoch(historyOf(...first)), null);
  assert.equal(bestEpoch(historyOf(...first, epoch(3, { val_loss: 0.45 }))).epoch, 2);
  assert.equal(bestEpoch(historyOf(started(), epoch(1, { val_loss: null }))), null);
});

test("a setting that is moved again at once is marked where it came to rest", () => {
  const history = historyOf(
    started(), changed(5, "learning_rate", 0.002), changed(7, "learning_rate", 0.0005), changed(8, "dropout", 0.25),
    changed(15, "learning_rate", 1e-7),
  );
  assert.deepEqual(marks(history, 3).map(({ step, text }) => [step, text]), [
    [7, "learning rate 0.0005"], [8, "dropout 0.25"], [15, "learning rate 1e-7"],
  ]);
  assert.equal(marks(history).length, 4);
  assert.equal(formatSetting(0.30000000000000004), "0.3");
});

test("a step written again counts as written last", () => {
  assert.deepEqual(historyOf(started(), steps(1, [5, 4, 3]), steps(2, [9])).loss, [5, 9]);
});

test("an epoch written again replaces the first one", () => {
  const history = historyOf(started(), epoch(1), epoch(1, { loss: 0.1 }));
  assert.deepEqual(history.epochs.map((each) => each.loss), [0.1]);
});

test("a history sent whole is taken over", () => {
  const history = restore({ step: [4], loss: [1], status: "running" });
  assert.equal(lastStep(history), 4);
  assert.deepEqual(history.epochs, []);
});

test("progress and the epoch are those of the last step", () => {
  const history = historyOf(started(), steps(1, many(10)));
  assert.equal(progress(history), 0.5);
  assert.equal(currentEpoch(history), 2);
  assert.equal(currentEpoch(historyOf(started(), steps(1, many(20)))), 2);
  assert.equal(progress(newHistory()), 0);
  assert.equal(currentEpoch(newHistory()), 0);
});

test("the time left comes from the pace, and from whole epochs once there are some", () => {
  const before = historyOf(status("running"), started(), steps(1, many(5)));
  assert.equal(timeLeft(before), (15 * 32) / 320);
  const after = historyOf(status("running"), started(), steps(1, many(10)), epoch(1));
  assert.equal(timeLeft(after), 4);
});

test("the first step is no pace: the graph is built in it", () => {
  const first = historyOf(status("running"), started(), steps(1, [2.3]));
  assert.equal(timeLeft(first), null);
  assert.ok(!drawFacts(first).includes("images/s"));
  fold(first, { seq: 4, ...steps(2, [2.2]) });
  assert.equal(timeLeft(first), (18 * 32) / 320);
  assert.ok(drawFacts(first).includes("320 images/s"));
});

test("nobody knows the time left of a run that waits, is paused or has no step yet", () => {
  assert.equal(timeLeft(historyOf(status("queued"))), null);
  assert.equal(timeLeft(historyOf(status("running"), started())), null);
  assert.equal(timeLeft(historyOf(started(), steps(1, [1]), status("paused"))), null);
});

test("the large numbers are validation's, or training's where there is no validation", () => {
  assert.deepEqual(headline(historyOf(started(), epoch(1))), { source: "validation", accuracy: 0.75, loss: 0.6 });
  const without = historyOf(started(), epoch(1, { val_loss: null, val_accuracy: null }));
  assert.deepEqual(headline(without), { source: "training", accuracy: 0.8, loss: 0.5 });
  assert.equal(headline(historyOf(started(), steps(1, [1, null, 3]))).loss, 2);
  assert.equal(headline(newHistory()).accuracy, null);
});

test("a curve is thinned to its limit by means of neighbours", () => {
  const xs = many(1000).map((_, place) => place);
  const [thinX, thinY] = thin(xs, xs, 600);
  assert.equal(thinX.length, 500);
  assert.deepEqual(thinX.slice(0, 2), [0.5, 2.5]);
  assert.deepEqual(thinY, thinX);
  for (const count of [1, 599, 600, 601, 100_000]) {
    assert.ok(thin(many(count), many(count), 600)[0].length <= 600);
  }
});

test("a growing curve keeps the points it had", () => {
  const values = many(1100).map((_, place) => Math.sin(place));
  const before = thin(values.slice(0, 900), values.slice(0, 900))[1];
  const after = thin(values, values)[1];
  assert.deepEqual(after.slice(0, before.length), before);
});

test("thinning and smoothing leave gaps where no number is finite", () => {
  assert.deepEqual(thin([1, 2, 3, 4], [null, null, 2, 4], 2)[1], [null, 3]);
  assert.deepEqual(smooth([1, null, 3], 1), [1, null, 3]);
});

test("smoothing takes the mean of the neighbours there are", () => {
  assert.deepEqual(smooth([0, 3, 6, 9], 1), [1.5, 3, 6, 7.5]);
});

test("numbers are written as people read them", () => {
  assert.equal(formatAccuracy(0.97222), "97.2%");
  assert.deepEqual([0.5425, 0.5475, 0.5435].map(formatAccuracy), ["54.2%", "54.8%", "54.4%"]);  // Python's f"{share:.1%}"
  assert.equal(formatAccuracy(null), "–");
  assert.equal(formatLoss(0.12345), "0.123");
  assert.equal(formatLoss(12345), "1.2e+4");
  assert.equal(formatLoss(NaN), "–");
  assert.deepEqual([7.4, 64.2, 4805, NaN].map(formatSeconds), ["8 s", "1 min 05 s", "1 h 20 min", "–"]);
});

test("a status has a word, and an ended one is known", () => {
  assert.equal(statusWord("running"), "Training");
  assert.equal(statusWord(null), "Connecting");
  assert.ok(hasEnded("interrupted") && !hasEnded("paused") && !hasEnded(null));
});

test("the chart is described in one sentence", () => {
  const history = historyOf(status("running"), started(), steps(1, many(10)), epoch(1));
  assert.equal(describe(history), "Training, epoch 2 of 2, validation accuracy 75.0%, validation loss 0.600.");
  assert.equal(describe(historyOf(status("queued"))), "Waiting.");
});

test("each panel draws the batches, their mean, training and validation over epochs", () => {
  const drawn = traces(historyOf(started(), steps(1, many(10)), epoch(1)), colors);
  assert.deepEqual(drawn.map((trace) => trace.yaxis), ["y", "y", "y", "y", "y2", "y2", "y2", "y2"]);
  assert.deepEqual(drawn[0].x.slice(0, 2), [0.1, 0.2]);
  assert.deepEqual([drawn[2].x, drawn[2].y], [[1], [0.5]]);
  assert.deepEqual([drawn[3].x, drawn[3].y], [[1], [0.6]]);
  assert.deepEqual(drawn[7].y, [0.75]);
});

test("one measure fills the chart, and Keras's precision is called so", () => {
  const history = historyOf(started(), steps(1, many(10)), epoch(1, { precision: 0.9, val_precision: 0.85 }));
  for (const [view, { fields }] of Object.entries(VIEWS)) {
    assert.equal(traces(history, colors, view).length, 4 * fields.length);
    assert.equal("yaxis2" in layout(history, colors, 460, view), fields.length === 2);
  }
  const drawn = traces(history, colors, "precision");
  assert.deepEqual([drawn[2].y, drawn[3].y], [[0.9], [0.85]]);
  assert.match(layout(history, colors, 460, "precision").annotations[0].text, /Keras, micro-averaged at 0\.5/);
  assert.deepEqual(traces(historyOf(started(), epoch(1)), colors, "recall")[2].y, [null]);
});

test("a change of a setting is marked in both panels, with its step in the first", () => {
  const history = historyOf(started(), steps(1, many(10)), epoch(1), changed(15, "learning_rate", 0.0005));
  const { shapes, annotations } = layout(history, colors, 460);
  assert.deepEqual(shapes.map((shape) => [shape.name, shape.xref, shape.x0]), [["change", "x", 1.5], ["change", "x2", 1.5]]);
  const texts = annotations.map((note) => note.text);
  assert.deepEqual(texts.filter((text) => text.includes("step 15")), ["learning rate 0.0005 · step 15"]);
});

test("where the curves meet stands a line with its epoch and value", () => {
  const meet = { accuracy: 0.67, val_accuracy: 0.675, loss: 0.9, val_loss: 1.2 };
  const history = historyOf(started(), epoch(1, { val_accuracy: 0.7 }), epoch(2, meet));
  const { shapes, annotations } = layout(history, colors, 1100);
  assert.deepEqual(shapes.map((shape) => [shape.name, shape.xref, shape.x0]), [["meeting", "x2", 2]]);
  assert.ok(annotations.some((note) => note.text === "<b>meet in epoch 2: 67.0%</b>"));
});

test("the best epoch is pointed at", () => {
  const history = historyOf(started(), epoch(1, { val_loss: 0.4, val_accuracy: 0.81 }), epoch(2, { val_loss: 0.5 }));
  const best = layout(history, colors, 1100).annotations.filter((note) => note.text === "best");
  assert.deepEqual(best.map((note) => [note.x, note.y]), [[1, 0.4], [1, 0.81]]);
});

test("an earlier run lies faintly beneath, by its own epochs", () => {
  const ghost = historyOf(started(), steps(1, many(10)), epoch(1, { loss: 3 }), epoch(2, { loss: 2 }));
  const history = historyOf(started(), epoch(1));
  const drawn = traces(history, colors, "both", ghost);
  assert.deepEqual(drawn.slice(0, 2).map((trace) => trace.name), ["earlier run, training", "earlier run, validation"]);
  assert.deepEqual([drawn[0].x, drawn[0].y], [[1, 2], [3, 2]]);
  assert.equal(drawn.filter((trace) => trace.name === "training").length, 2);
  assert.ok(lossTop(history, ghost) > 3);
  assert.equal(traces(history, colors, "both", newHistory()).length, 8);
});

test("panels lie side by side, and above each other where it is narrow", () => {
  const history = historyOf(started());
  const wide = layout(history, colors, 1100);
  assert.ok(wide.xaxis.domain[1] < wide.xaxis2.domain[0]);
  const narrow = layout(history, colors, 390);
  assert.deepEqual(narrow.xaxis.domain, [0, 1]);
  assert.ok(narrow.yaxis.domain[0] > narrow.yaxis2.domain[1]);
});

test("no axis object is used twice", () => {
  const { xaxis, yaxis, xaxis2, yaxis2 } = layout(newHistory(), colors, 1100);
  assert.equal(new Set([xaxis, yaxis, xaxis2, yaxis2]).size, 4);
});

test("a long training's axis ends not far ahead", () => {
  const shown = (totalEpochs, now) => epochsShown({ ...newHistory(), totalEpochs, stepsPerEpoch: 1, step: [now] });
  assert.deepEqual([shown(5, 1), shown(500, 1), shown(500, 30), shown(500, 400)], [5, 10, 50, 500]);
});

test("one wild batch does not squeeze the loss axis", () => {
  const losses = many(400, 0.5);
  losses[200] = 900;
  const history = historyOf(started(), steps(1, losses));
  assert.ok(lossTop(history) < 60);
  assert.ok(lossTop(newHistory()) > 0);
});

test("colours follow the page's theme", () => {
  assert.equal(colors.training, "#0072B2");
  const dark = palette({ text: "#e7ecf2", background: "rgb(17, 22, 29)", font: "sans-serif" });
  assert.equal(dark.training, "#56B4E9");
  assert.deepEqual(channels("#fff"), [255, 255, 255]);
  assert.equal(translucent("#0072B2", 0.3), "rgba(0,114,178,0.3)");
  assert.equal(Math.round(luminance("#fff")), 1);
});

test("the strip shows accuracy, loss, place and pace", () => {
  const history = historyOf(status("running"), started(), steps(1, many(10)), epoch(1));
  const strip = drawStrip(history);
  for (const words of ["Validation accuracy", "75.0%", "training 80.0%", "0.600"]) assert.ok(strip.includes(words));
  const facts = drawFacts(history).replace(/<[^>]*>/g, "");
  assert.equal(facts, "TrainingEpoch 2 of 2 · step 10 of 20320 images/s · 4 s left");
});

test("the test accuracy stands beside the others once it is known", () => {
  assert.ok(drawStrip(historyOf(started(), epoch(1), epoch(2), tested)).includes("97.2%"));
});

test("a status from the record cannot bring markup", () => {
  assert.ok(!drawFacts(historyOf(status('"><img src=x>'))).includes("<img"));
});
