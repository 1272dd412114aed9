import assert from "node:assert/strict";
import { test } from "node:test";

import { along, bars, chart, describe, extent, frame, nearest, percent, points, strip }
  from "../../cnnlab/ui/components/invariance.mjs";

test("the place of an index and the index of a place are each other's inverse", () => {
  for (const count of [2, 7, 73]) {
    for (let index = 0; index < count; index += 1) assert.equal(nearest(along(index, count, 500), count, 500), index);
  }
  assert.equal(along(0, 1, 500), 0);
});

test("a pointer beyond the plot is at its end", () => {
  assert.equal(nearest(-50, 7, 300), 0);
  assert.equal(nearest(900, 7, 300), 6);
  assert.equal(nearest(10, 7, 0), 6);
});

test("a curve goes from edge to edge, certainty at the top", () => {
  assert.equal(points([1, 0.5, 0], 100, 40), "0.0,0.0 50.0,20.0 100.0,40.0");
});

test("the stretches of the strip fill it without a gap", () => {
  const cut = [[0, 2], [3, 3], [4, 6]].map((each) => extent(each, 7));
  assert.equal(cut[0].from, 0);
  assert.equal(cut[0].to, cut[1].from);
  assert.equal(cut[1].to, cut[2].from);
  assert.equal(cut[2].to, 1);
});

test("the bytes of a grey image become grey, those of a colour image its colours", () => {
  const grey = frame([9, 8, 1, 2], 1, { width: 2, height: 1, channels: 1 });
  assert.deepEqual([...grey], [1, 1, 1, 255, 2, 2, 2, 255]);
  const colour = frame([9, 9, 9, 1, 2, 3], 1, { width: 1, height: 1, channels: 3 });
  assert.deepEqual([...colour], [1, 2, 3, 255]);
});

test("a doubt is never rounded away", () => {
  assert.deepEqual([0, 0.0004, 0.5, 0.9996, 1].map(percent), ["0.0%", "<0.1%", "50.0%", ">99.9%", "100%"]);
});

test("a place of the sweep is said in words", () => {
  const data = { labels: ["−1 pixel", "0 pixels"], top: [[["8", 0.61, "other"]], [["3", 0.97, "right"]]] };
  assert.equal(describe(0, data), "−1 pixel: the network says '8', 61.0%");
});

test("names of classes cannot become markup", () => {
  const name = '<b>"x"';
  const made = bars([[name, 0.5, "right"]]) + strip([[0, 1, name]], 2, "y");
  assert.ok(!made.includes("<b>"));
  assert.ok(made.includes("&lt;b&gt;&quot;x&quot;"));
});

test("where the answer is not the right one, the strip says so", () => {
  const made = strip([[0, 2, "3"], [3, 6, "8"]], 7, "3");
  assert.match(made, /class="right"[^>]*>3</);
  assert.match(made, /class="wrong"[^>]*>8</);
});

test("the first curve lies above the others", () => {
  const made = chart([["3", "right", [1, 0]], ["8", "wrong", [0, 1]]]);
  assert.ok(made.indexOf('class="wrong"') < made.indexOf('class="right"'));
});
