import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cellWords, labelEvery, opacity, paint, placeAt, sizeOfNumbers, writeLabels, writeNumbers,
} from "../../cnnlab/ui/components/confusion.mjs";

const data = {
  counts: [[43, 17, 0], [4, 56, 0], [0, 1, 0]],
  darkness: [[0.8, 1, 0], [0.2, 1, 0], [0, 0.1, 0]],
  numbers: [["43", "17", ""], ["4", "56", ""], ["", "1", ""]],
  names: ["shirt", "coat", "<b>bag"],
  order: [0, 1, 2],
  colours: ["#0072B2", "#D55E00"],
};

test("a cell says itself in words", () => {
  assert.equal(cellWords(data, 0, 1), "17 of 60 images of 'shirt' were called 'coat'");
  assert.equal(cellWords(data, 1, 1), "56 of 60 images of 'coat' were rightly called 'coat'");
  assert.equal(cellWords(data, 2, 1), "1 of 1 image of '<b>bag' was called 'coat'");
  assert.equal(cellWords({ ...data, counts: [[0, 0, 0]] }, 0, 1), "There are no images of 'shirt'");
});

test("even the faintest mistake is more opaque than none", () => {
  assert.equal(opacity(0), 0.05);
  assert.ok(opacity(1e-6) > 0.13);
  assert.equal(opacity(1), 1);
});

test("right answers are blue, wrong ones vermilion, a pixel a cell from the top left", () => {
  const pixels = [...paint(data)];
  const at = (row, column) => pixels.slice(4 * (3 * row + column), 4 * (3 * row + column) + 4);
  assert.deepEqual(at(1, 1), [0x00, 0x72, 0xb2, 255]);
  assert.deepEqual(at(0, 1), [0xd5, 0x5e, 0x00, 255]);
  assert.deepEqual(at(2, 0), [0xd5, 0x5e, 0x00, 13]);
});

test("another order of the classes moves rows and columns alike", () => {
  const pixels = [...paint({ ...data, order: [1, 0, 2] })];
  assert.deepEqual(pixels.slice(4, 8), [0xd5, 0x5e, 0x00, Math.round(255 * opacity(0.2))]);
  assert.match(writeNumbers({ ...data, order: [1, 0, 2] }), /grid-area:1\/2">4</);
});

test("numbers stand in their cells, white on dark ones, and nowhere where nothing fell", () => {
  const html = writeNumbers(data);
  assert.match(html, /<span class="dark" style="grid-area:1\/2">17</);
  assert.match(html, /<span style="grid-area:2\/1">4</);
  assert.equal(html.match(/<span/g).length, 5);
  assert.equal(writeNumbers({ ...data, numbers: [] }), "");
});

test("numbers are as large as the longest of them allows", () => {
  assert.equal(sizeOfNumbers(360, 10, [["9", "12"]]), 17);
  assert.ok(5 * 0.5 * sizeOfNumbers(360, 10, [["9", "1,135"]]) <= 36 - 5);
  assert.equal(sizeOfNumbers(360, 10, []), 17);
});

test("a point is in the cell that is drawn there", () => {
  assert.equal(placeAt(0, 0, 300, 150, 3), 0);
  assert.equal(placeAt(299, 149, 300, 150, 3), 8);
  assert.equal(placeAt(150, 60, 300, 150, 3), 4);
  assert.equal(placeAt(-1, 60, 300, 150, 3), null);
  assert.equal(placeAt(300, 60, 300, 150, 3), null);
});

test("labels are left out where their lines would run into each other", () => {
  assert.equal(labelEvery(400, 10), 1);
  assert.equal(labelEvery(400, 100), 4);
  assert.equal(labelEvery(0, 10), 150);
  const labels = writeLabels(data, 2);
  assert.equal(labels.match(/<span/g).length, 3);
  assert.match(labels, />shirt<\/span><span title="coat"><\/span>/);
});

test("names from a user's own data set cannot become tags", () => {
  assert.doesNotMatch(writeLabels(data, 1), /<b>/);
});
