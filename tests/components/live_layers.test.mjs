import assert from "node:assert/strict";
import { test } from "node:test";

import { newHistory } from "../../cnnlab/ui/components/live_history.mjs";
import { barLength, drawHealth, drawPictures, isUnwell } from "../../cnnlab/ui/components/live_layers.mjs";

const limits = { dead: 0.4, saturated: 0.6, largeUpdate: 0.1, tinyUpdate: 1e-6 };
const seen = (...layers) => ({ ...newHistory(), health: [{ step: 7, layers }] });
const conv = { name: "conv2d", dead: 0.5, saturated: null, gradient: 1e-2, update: 1e-3 };
const dense = { name: "dense", dead: 0.02, saturated: null, gradient: 1e-4, update: 0.2 };

test("bars of ratios count powers of ten, those of shares are as they are", () => {
  assert.equal(barLength("dead", 0.25), 0.25);
  assert.ok(Math.abs(barLength("update", 1e-7)) < 1e-9);
  assert.equal(barLength("update", 1), 1);
  assert.ok(Math.abs(barLength("gradient", 10 ** -3.5) - 0.5) < 1e-9);
  assert.deepEqual([barLength("update", 0), barLength("update", 1e3), barLength("dead", null)], [0, 1, 0]);
});

test("what is beyond the limits is marked", () => {
  assert.ok(isUnwell("dead", 0.5, limits) && !isUnwell("dead", 0.3, limits));
  assert.ok(isUnwell("update", 0.2, limits) && isUnwell("update", 1e-9, limits) && !isUnwell("update", 1e-3, limits));
  assert.ok(!isUnwell("gradient", 1e3, limits) && !isUnwell("dead", null, limits));
});

test("the last look is a table, with a column only where a layer has such a measure", () => {
  const table = drawHealth(seen(conv, dense), limits);
  const words = table.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
  assert.equal(
    words,
    "Health of the layers at step 7 Layer Dead Gradient Update conv2d 50% 0.01 0.001 dense 2% 1.0e−4 0.2",
  );
  assert.equal(table.match(/class="unwell"/g).length, 2);
  assert.equal(drawHealth(newHistory(), limits), "");
});

test("a layer without weights has dashes", () => {
  assert.ok(drawHealth(seen(conv, { name: "re_lu", dead: 0, gradient: null, update: null }), limits).includes("–"));
});

test("the pictures say their layer and step, and bring no markup", () => {
  const found = { step: 12, layer: "conv2d", kernels: "data:k", maps: "data:m", image: "data:i", shown: 64, are: 96 };
  const drawn = drawPictures(found);
  assert.ok(drawn.includes("Kernels of conv2d</b>") && drawn.includes(", 64 of 96 · step 12"));
  assert.equal(drawn.match(/alt="/g).length, 3);
  assert.ok(!drawPictures({ ...found, layer: "<img>" }).includes("<img>"));
  assert.equal(drawPictures({}), "");
});
