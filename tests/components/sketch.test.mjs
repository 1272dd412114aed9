import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, moved, onPaper } from "../../cnnlab/ui/components/sketch.mjs";

test("arrow keys move the pen and stop at the edge of the paper", () => {
  assert.deepEqual(moved([128, 128], { key: "ArrowLeft" }), [120, 128]);
  assert.deepEqual(moved([128, 128], { key: "ArrowDown", shiftKey: true }), [128, 160]);
  assert.deepEqual(moved([4, 252], { key: "ArrowLeft" }), [0, 252]);
  assert.deepEqual(moved([4, 252], { key: "ArrowDown" }), [4, 256]);
  assert.equal(moved([4, 252], { key: "a" }), null);
});

test("the paper says what is on it and where the pen is", () => {
  const words = describe("A drawing of 7", { pen: [128, 64.4], down: true, strokes: 2 });
  assert.match(words, /^A drawing of 7: 2 strokes\. Pen on the paper at 128 right, 64 down of 256\./);
  assert.match(describe("A drawing", { pen: [0, 0], down: false, strokes: 0 }), /: empty\. Pen lifted at 0 right/);
});

test("a pointer's place is in the paper's own pixels, however large it is shown", () => {
  assert.deepEqual(onPaper({ clientX: 74, clientY: 42 }, { left: 10, top: 10, width: 128, height: 64 }), [128, 128]);
});
