import assert from "node:assert/strict";
import { test } from "node:test";

import {
  brushRange, cellAt, cellSide, describe, inRows, keyed, painted, rounded, spelled, stroke,
} from "../../cnnlab/ui/components/kernel_editor.mjs";

test("two grids fit beside each other, and cells stay large enough to point at", () => {
  for (const [rows, columns] of [[1, 1], [3, 3], [5, 5], [7, 7], [11, 11], [1, 5]]) {
    for (const width of [300, 420, 700]) {
      const side = cellSide(rows, columns, width);
      assert.ok(2 * columns * side + 20 <= width, `${columns} columns in ${width}`);
      assert.ok(side >= 5 && side <= 56);
    }
  }
  assert.equal(cellSide(3, 3, 420), 56);
  assert.equal(cellSide(64, 64, 300), 5);
});

test("the cell under a point is the one that lies there, and none beyond the grid", () => {
  const plan = { rows: 2, columns: 3, side: 10 };
  for (let cell = 0; cell < 6; cell += 1) {
    assert.equal(cellAt((cell % 3) * 10 + 5, Math.floor(cell / 3) * 10 + 5, plan), cell);
  }
  assert.equal(cellAt(30, 5, plan), null);
  assert.equal(cellAt(5, 20, plan), null);
  assert.equal(cellAt(-1, 5, plan), null);
});

test("a quick stroke leaves no cell out", () => {
  assert.deepEqual(stroke(0, 24, 5), [0, 6, 12, 18, 24]);
  assert.deepEqual(stroke(24, 0, 5), [24, 18, 12, 6, 0]);
  assert.deepEqual(stroke(2, 22, 5), [2, 7, 12, 17, 22]);
  assert.deepEqual(stroke(9, 5, 5), [9, 8, 7, 6, 5]);
  assert.deepEqual(stroke(7, 7, 5), [7]);
});

test("the cells of a stroke touch one another and lead from its first to its last", () => {
  const columns = 9;
  for (let from = 0; from < 81; from += 7) {
    for (let to = 0; to < 81; to += 5) {
      const cells = stroke(from, to, columns);
      assert.equal(cells[0], from);
      assert.equal(cells.at(-1), to);
      for (let k = 1; k < cells.length; k += 1) {
        const [a, b] = [cells[k - 1], cells[k]];
        assert.ok(Math.abs(Math.floor(a / columns) - Math.floor(b / columns)) <= 1, `${from} to ${to}`);
        assert.ok(Math.abs((a % columns) - (b % columns)) <= 1, `${from} to ${to}`);
      }
    }
  }
});

test("painting gives cells a value and leaves what was there before as it was", () => {
  const before = [1, 2, 3, 4];
  assert.deepEqual(painted(before, [0, 3], -0.5), [-0.5, 2, 3, -0.5]);
  assert.deepEqual(before, [1, 2, 3, 4]);
});

test("keys paint, clear and change a weight by a tenth of the largest", () => {
  assert.equal(keyed("Enter", 0.2, 0.7, 1), 0.7);
  assert.equal(keyed(" ", 0.2, 0.7, 1), 0.7);
  assert.equal(keyed("0", 0.2, 0.7, 1), 0);
  assert.equal(keyed("Delete", 0.2, 0.7, 1), 0);
  assert.equal(keyed("+", 0.2, 0.7, 1), 0.3);
  assert.equal(keyed("-", 0.2, 0.7, 0.5), 0.15);
  assert.equal(keyed("ArrowLeft", 0.2, 0.7, 1), null);
  assert.equal(keyed("a", 0.2, 0.7, 1), null);
});

test("a weight that is raised and lowered is the weight that it was", () => {
  const there = keyed("+", 0.1, 0, 0.3);
  assert.equal(keyed("-", there, 0, 0.3), 0.1);
  assert.equal(rounded(0.1 + 0.2), 0.3);
  assert.ok(Object.is(rounded(-0), 0));
});

test("the brush reaches beyond the largest weight, to both sides alike", () => {
  const { low, high, step } = brushRange(0.4);
  assert.equal(low, -high);
  assert.ok(high > 0.4);
  assert.ok(Math.abs(high / step - Math.round(high / step)) < 1e-9);
});

test("weights go back as rows", () => {
  assert.deepEqual(inRows([1, 2, 3, 4, 5, 6], 3), [[1, 2, 3], [4, 5, 6]]);
});

test("a screen reader hears a cell's weight, before and now where they differ, and the kernel as trained", () => {
  assert.equal(describe(5, 3, [0, 0, 0, 0, 0, 0.5], [0, 0, 0, 0, 0, -0.25]), "Row 2, column 3: −0.25 → 0.5");
  assert.equal(describe(0, 3, [0.5, 0, 0], [0.5, 0, 0]), "Row 1, column 1: 0.5");
  assert.equal(spelled([1, -2, 0.5, 0], 2), "1, −2; 0.5, 0");
  assert.equal(spelled(Array(64).fill(0), 8), "8 rows of 8 weights");
});
