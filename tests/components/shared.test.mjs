import assert from "node:assert/strict";
import { test } from "node:test";

import {
  escapeText, formatShape, formatShare, formatValue, later, moveInGrid,
} from "../../cnnlab/ui/components/shared.mjs";

test("text cannot leave its attribute or become a tag", () => {
  assert.equal(escapeText(`<img src="x" onerror='y'>&`), "&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;");
});

test("shapes are written with crosses and thousands apart", () => {
  assert.equal(formatShape([24, 24, 32]), "24×24×32");
  assert.equal(formatShape([3136]), "3,136");
});

test("values keep three digits, a true minus, and say what is not a number", () => {
  assert.equal(formatValue(0), "0");
  assert.equal(formatValue(-0.12345), "−0.123");
  assert.equal(formatValue(1234.5), "1230");
  assert.equal(formatValue(0.00012), "1.2e−4");
  assert.equal(formatValue(NaN), "–");
});

test("only nothing is 0% and only everything is 100%", () => {
  assert.deepEqual([0, 0.001, 0.5, 0.999, 1].map(formatShare), ["0%", "<1%", "50%", ">99%", "100%"]);
});

test("arrow keys move in a grid and stop at its edges", () => {
  const move = (key, index) => moveInGrid(key, index, 10, 4);
  assert.equal(move("ArrowRight", 3), 4);
  assert.equal(move("ArrowLeft", 0), 0);
  assert.equal(move("ArrowDown", 5), 9);
  assert.equal(move("ArrowDown", 6), 6); // nothing below in a last row of two
  assert.equal(move("ArrowUp", 2), 2);
  assert.equal(move("Home", 7), 0);
  assert.equal(move("End", 0), 9);
  assert.equal(move("a", 5), null);
  assert.equal(moveInGrid("ArrowRight", 0, 0, 1), null);
});

test("later works once, with the last values, and not after a cancel", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = [];
  const call = later((value) => seen.push(value), 100);
  call(1);
  t.mock.timers.tick(99);
  call(2);
  t.mock.timers.tick(100);
  assert.deepEqual(seen, [2]);
  call(3);
  call.cancel();
  t.mock.timers.tick(1000);
  assert.deepEqual(seen, [2]);
});
