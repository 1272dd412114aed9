import assert from "node:assert/strict";
import { test } from "node:test";

import {
  bars, cut, describe, fit, formatEpoch, placeAt, startOf, top,
} from "../../cnnlab/ui/components/over_time.mjs";

const data = {
  epochs: [0, 1, 2.5], names: ["cat", "dog", "owl"], actual: 1, shown: [0, 1, 2],
  probabilities: [[0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0, 0.999, 0.001]],
};

test("playing moves a moment each step of time and ends at the last", () => {
  assert.deepEqual([0, 349, 350, 700, 99999].map((time) => placeAt(0, time, 350, 3)), [0, 0, 1, 2, 2]);
  assert.equal(placeAt(1, 350, 350, 3), 2);
  assert.equal(placeAt(0, -5, 350, 3), 0);
});

test("playing from the end begins anew, from elsewhere it goes on", () => {
  assert.deepEqual([0, 1, 2].map((place) => startOf(place, 3)), [0, 1, 0]);
});

test("each tile of each moment is cut from its own place of the sprite", () => {
  const film = { tiles: 4, columns: 5, width: 3, height: 2 };
  const seen = new Set();
  for (let moment = 0; moment < 3; moment += 1) {
    for (let tile = 0; tile < 4; tile += 1) {
      const [x, y, width, height] = cut(moment, tile, film);
      assert.deepEqual([width, height], [3, 2]);
      assert.equal((y / 2) * 5 + x / 3, moment * 4 + tile);
      seen.add(`${x} ${y}`);
    }
  }
  assert.equal(seen.size, 12);
});

test("tiles fit the width, and the height where they stay large enough", () => {
  for (const count of [1, 6, 32, 512]) {
    for (const width of [140, 358, 715]) {
      const plan = fit(count, 1, width, 200);
      assert.ok(plan.columns * (plan.across + plan.gap) - plan.gap <= width, `${count} in ${width}`);
      assert.ok(plan.columns * plan.rows >= count);
      const height = plan.rows * (plan.down + plan.gap) - plan.gap;
      assert.ok(height <= 200 || plan.across <= 10, `${count} in ${width}: ${height}`);
    }
  }
  assert.equal(fit(4, 2, 800, 400).across / fit(4, 2, 800, 400).down, 2);
});

test("the words say the epoch, the top answer and whether it is right", () => {
  assert.equal(describe(0, data), "Before training the network says cat (50%), but it is dog.");
  assert.equal(describe(1, data), "After epoch 1 the network says dog (60%), which is right.");
  assert.equal(describe(2, data), "After epoch 2.5 the network says dog (>99%), which is right.");
  assert.equal(describe(1, { ...data, actual: -1 }), "After epoch 1 the network says dog (60%).");
});

test("the true class is marked, a wrong answer too; without a truth the answer is", () => {
  assert.deepEqual(bars(0, data).map((bar) => bar.kind), ["wrong", "right", "other"]);
  assert.deepEqual(bars(1, data).map((bar) => bar.kind), ["other", "right", "other"]);
  assert.deepEqual(bars(0, { ...data, actual: -1 }).map((bar) => bar.kind), ["right", "other", "other"]);
  assert.deepEqual(bars(0, { ...data, shown: [1] }), [{ name: "dog ✓", share: 0.3, kind: "right" }]);
});

test("the first of equal answers is the top one, and epochs are short", () => {
  assert.deepEqual(top([0.4, 0.4, 0.2]), [0, 0.4]);
  assert.deepEqual([3, 2.5, 0.3333333].map(formatEpoch), ["3", "2.5", "0.33"]);
});
