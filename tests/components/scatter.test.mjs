import assert from "node:assert/strict";
import { test } from "node:test";

import {
  apart, marker, middles, nearest, paintDots, placed, pointWords, shown, towards, writeLegend,
} from "../../cnnlab/ui/components/scatter.mjs";

const COLOURS = ["#1", "#2", "#3", "#4", "#5", "#6", "#7", "#8"];
const data = {
  x: [0, 100, 50, 0], y: [0, 0, 50, 20], images: [3, 17, 1200, 40], labels: [0, 1, 0, 2], called: [0, 1, 2, 2],
  sure: [91, 99, 55, 62], names: ["3", "<b>coat", "8", "none"], colours: COLOURS,
};
const all = [true, true, true, true];

test("beyond eight classes the colours come again in another shape", () => {
  assert.deepEqual(marker(0, COLOURS), { colour: "#1", shape: "circle" });
  assert.deepEqual(marker(7, COLOURS), { colour: "#8", shape: "circle" });
  assert.deepEqual(marker(8, COLOURS), { colour: "#1", shape: "square" });
  assert.deepEqual(marker(25, COLOURS), { colour: "#2", shape: "diamond" });
  const looks = Array.from({ length: 32 }, (_, k) => JSON.stringify(marker(k, COLOURS)));
  assert.equal(new Set(looks).size, 32);
});

test("dots fill the plane in one scale, up is up", () => {
  const [xs, ys] = placed(data, 428, 228);
  assert.deepEqual(xs, [14, 414, 214, 14]);
  // 100 to the right are 400 pixels, so 50 upwards are 200.
  assert.deepEqual(ys, [214, 214, 14, 134]);
  const [tall, low] = placed(data, 1000, 128);
  assert.equal(Math.max(...low) - Math.min(...low), 100);
  assert.equal(Math.max(...tall) - Math.min(...tall), 200);
  assert.equal((Math.max(...tall) + Math.min(...tall)) / 2, 500);
});

test("dots that are all one lie in the middle", () => {
  assert.deepEqual(placed({ x: [7, 7], y: [7, 7] }, 300, 200), [[150, 150], [100, 100]]);
});

test("the pointer finds the nearest dot within reach, of those that are picked out", () => {
  const at = [[10, 20, 60], [10, 10, 60]];
  assert.equal(nearest(at, [true, true, true], 16, 10, 14), 1);
  assert.equal(nearest(at, [true, false, true], 16, 10, 14), 0);
  assert.equal(nearest(at, [true, true, true], 40, 40, 14), null);
  assert.equal(nearest(at, [true, true, true], 40, 40, 30), 2);
  assert.equal(nearest(at, [true, true, false], 60, 40, 30), null);
  assert.equal(nearest([[5, 5], [5, 5]], [true, true], 5, 5, 14), 1, "the one that is drawn on top");
});

test("arrow keys go to the nearest dot in their quarter and stay where there is none", () => {
  const at = [[50, 90, 60, 50, 10], [50, 55, 90, 10, 50]];
  const go = (key, here, visible = [true, true, true, true, true]) => towards(key, here, at, visible);
  assert.deepEqual(["ArrowRight", "ArrowDown", "ArrowUp", "ArrowLeft"].map((key) => go(key, 0)), [1, 2, 3, 4]);
  assert.equal(go("ArrowRight", 1), 1);
  assert.equal(go("ArrowRight", 0, [true, false, true, true, true]), 0);
  assert.equal(go("Home", 2, [false, true, true, true, true]), 1);
  assert.equal(go("End", 2), 4);
  assert.equal(go("Tab", 2), null);
  assert.equal(go("End", 2, [false, false, false, false, false]), null);
});

test("from a dot that is not picked out an arrow key reaches those that are", () => {
  assert.equal(towards("ArrowRight", 0, [[0, 10, 20], [0, 0, 0]], [false, false, true]), 2);
});

test("a class or the wrong answers are picked out", () => {
  assert.deepEqual(shown(data, null), all);
  assert.deepEqual(shown(data, 0), [true, false, true, false]);
  assert.deepEqual(shown(data, "wrong"), [false, false, true, false]);
});

test("a class's name stands at the medians of its dots, one that is not there has none", () => {
  const at = [[10, 1, 30, 2, 20], [5, 0, 7, 0, 90]];
  assert.deepEqual(middles({ labels: [0, 2, 0, 2, 0], names: ["a", "b", "c"] }, at), [
    { label: 0, x: 20, y: 7 }, { label: 2, x: 2, y: 0 },
  ]);
});

/** Whether two names lie on each other. */
const overlap = (a, b) => Math.abs(a.x - b.x) < (a.wide + b.wide) / 2 && Math.abs(a.y - b.y) < (a.high + b.high) / 2;

test("names move to the nearest free place, the first one stays at its own", () => {
  const names = [0, 1, 2].map((label) => ({ label, x: 200 + label, y: 100, wide: 60, high: 16 }));
  const found = apart(names, 400, 200);
  assert.deepEqual(found.map(({ label }) => label), [0, 1, 2]);
  assert.deepEqual([found[0].x, found[0].y], [200, 100]);
  assert.ok(!found.some((a, i) => found.slice(i + 1).some((b) => overlap(a, b))));
  // One line and the gap are 21 pixels: the next circle has 24.
  assert.deepEqual([Math.round(found[1].x), Math.round(found[1].y)], [201, 76]);
});

test("names with room stand where they belong, the outermost inside the plane", () => {
  const [one, other] = apart([{ x: 5, y: 5, wide: 60, high: 16 }, { x: 200, y: 90, wide: 60, high: 16 }], 400, 200);
  assert.deepEqual([one.x, one.y], [30, 8]);
  assert.deepEqual([other.x, other.y], [200, 90]);
});

test("of names in a heap those without a free place near are left out", () => {
  const heap = Array.from({ length: 20 }, (_, label) => ({ label, x: 200, y: 100, wide: 110, high: 16 }));
  const found = apart(heap, 400, 200);
  assert.ok(found.length > 4 && found.length < 20);
  assert.ok(!found.some((a, i) => found.slice(i + 1).some((b) => overlap(a, b))));
  assert.ok(found.every(({ x, y }) => Math.hypot(x - 200, y - 100) <= 60.01));
});

test("a dot says its image, its class and the answer", () => {
  assert.equal(pointWords(data, 0), "Test image 3: '3', rightly called so (91% sure)");
  assert.equal(pointWords(data, 2), "Test image 1,200: '3', called '8' (55% sure)");
});

test("the legend has a button for each class that is there and one for the wrong answers", () => {
  const html = writeLegend(data, 1);
  assert.deepEqual([...html.matchAll(/data-only="(\w+)" aria-pressed="(\w+)"/g)].map((found) => found.slice(1)), [
    ["0", "false"], ["1", "true"], ["2", "false"], ["wrong", "false"],
  ]);
  assert.match(html, /<span>3<\/span><small class="quiet">2</);
  assert.doesNotMatch(html, /<b>|none/);
  assert.doesNotMatch(writeLegend({ ...data, called: data.labels }, null), /wrong|aria-pressed="true"/);
  assert.match(writeLegend(data, "wrong"), /data-only="wrong" aria-pressed="true"/);
});

/** A context that notes what is filled and stroked, how opaque and how far from the dot's middle. */
function noting() {
  const noted = [];
  let reach = 0;
  return {
    noted,
    beginPath() { reach = 0; },
    closePath() {},
    arc(x, y, radius) { reach = radius; },
    lineTo() {},
    fill() { noted.push({ kind: "dot", alpha: this.globalAlpha, colour: this.fillStyle }); },
    stroke() { noted.push({ kind: "ring", alpha: this.globalAlpha, reach: reach + this.lineWidth / 2 }); },
  };
}

test("wrong answers stand out and no ring hides a dot beside it", () => {
  const context = noting();
  const dots = { labels: [0, 1, 0, 1], called: [1, 1, 0, 0], colours: COLOURS };
  paintDots(context, dots, [[0, 9, 18, 27], [0, 0, 0, 0]], [true, true, true, false], 3.25, "black");
  const kinds = context.noted.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["dot", "ring", "dot", "dot", "dot", "ring"]); // the faded one first, the wrong one last
  const [faded, , ...right] = context.noted;
  const [wrong, ring] = right.splice(2);
  assert.equal(wrong.alpha, 1);
  assert.equal(ring.alpha, 1);
  for (const dot of right) assert.ok(faded.alpha < dot.alpha && dot.alpha < wrong.alpha);
  // Dots of 3.25 pixels that touch: a ring covers less than a third of its neighbour's radius.
  assert.ok(ring.reach < 3.25 * 1.3);
});
