import assert from "node:assert/strict";
import { test } from "node:test";

import { Grid } from "../../cnnlab/ui/components/convolution_grid.mjs";
import { charactersIn } from "../../cnnlab/ui/components/convolution_views.mjs";
import { axis, explain, layOut, resized, whole } from "../../cnnlab/ui/components/convolution_math.mjs";
import { diverging, inGrey, ink, inputTone, outputTone, paint } from "../../cnnlab/ui/components/convolution_paint.mjs";
import { changed, edited, forChannels, opening, packed, reworked, unpacked } from "../../cnnlab/ui/components/convolution_settings.mjs";
import {
  cellWords, describe, formatNumber, formula, formulaWords, gridWords, parseNumber, parseWhole, problem, resultRows, sumLine, warning,
} from "../../cnnlab/ui/components/convolution_words.mjs";

const grid = (rows) => ({ height: rows.length, width: rows[0].length, channels: 1, values: rows.flat() });
const T2 = grid([[10, 2, 0, 8], [50, 7, 7, 3], [0, 0, 25, 12], [6, 40, 5, 9]]);
const T3 = grid([[2, 3, 0], [2, 1.5, 0.5]]);
const FIVE = grid([[1, 3, 2, 0, 4], [5, 6, 1, 2, 7], [0, 2, 9, 8, 1], [3, 1, 4, 6, 2], [7, 5, 0, 3, 8]]);
const t2 = opening({ settings: {}, kernel: [[1, 0, -1], [0, 0, 0], [-1, 0, 1]] });
const t3 = opening({ settings: {}, kernel: [[0.5, 0.5], [0.5, 0.5]] });
const pooling = opening({ settings: { operation: "max", rows: 2, columns: 2, stride: 2, padding: "same" }, kernel: null });

const output = ({ settings, kernel }, image) => [...whole(image, kernel, settings, layOut(image, settings)).values];
const at = ({ settings, kernel }, image, row, column, channel = 0) =>
  explain(image, kernel, settings, layOut(image, settings), row, column, channel);

test("the worked examples give exactly the tutorials' numbers", () => {
  assert.deepEqual(output(t2, T2), [35, 6, 42, -27]);
  assert.deepEqual(output(t3, T3), [4.25, 2.5]);
  assert.deepEqual(output(pooling, FIVE), [6, 2, 7, 3, 9, 2, 7, 3, 8]);
});

test("a worked example can be read product by product", () => {
  const first = at(t2, T2, 0, 0);
  assert.deepEqual(first.channels[0].patch, [10, 2, 0, 50, 7, 7, 0, 0, 25]);
  assert.deepEqual(first.channels[0].products.map((value) => value + 0), [10, 0, 0, 0, 0, 0, 0, 0, 25]);
  assert.equal(sumLine(t2.settings, first), "10 + 0 + 0 + 0 + 0 + 0 + 0 + 0 + 25 = 35");
  assert.deepEqual(resultRows(t2.settings, first, ["all"]), [["Sum of products", "35"], ["+ bias", "0"]]);
  assert.match(describe(t2.settings, first, 0, 0), /^Output row 1, column 1 is 35: 10 × 1 \+ 2 × 0 .* = 35, plus bias 0\.$/);
  assert.equal(sumLine(t3.settings, at(t3, T3, 0, 1)), "1.5 + 0 + 0.75 + 0.25 = 2.5");
});

test("pooling says which number wins and leaves padding out", () => {
  const corner = at(pooling, FIVE, 2, 2);
  assert.deepEqual(corner.channels[0].there, [true, false, false, false]);
  assert.equal(corner.channels[0].winner, 0);
  assert.equal(sumLine(pooling.settings, corner), "max(8) = 8");
  assert.match(describe(pooling.settings, at(pooling, FIVE, 0, 0), 0, 0), /is 6: maximum of the window, max\(1, 3, 5, 6\) = 6\.$/);
  const mean = changed(pooling, "operation", "average");
  assert.equal(at(mean, FIVE, 0, 2).value, (4 + 7) / 2);
  assert.equal(sumLine(mean.settings, at(mean, FIVE, 0, 2)), "(4 + 7) ÷ 2 = 5.5");
  const root = changed(pooling, "operation", "l2");
  assert.equal(at(root, grid([[3, 4]]), 0, 0).value, 5);
});

test("a maximum below zero beats padding", () => {
  assert.deepEqual(output(pooling, grid([[-3, -4, -5]])), [-3, -5]);
});

test("bias and activation come after the sum", () => {
  const biased = changed(changed(t2, "bias", "-40"), "activation", "relu");
  const first = at(biased, T2, 0, 0);
  assert.deepEqual([first.sum, first.biased, first.value], [35, -5, 0]);
  assert.deepEqual(resultRows(biased.settings, first, ["all"]).at(-1), ["ReLU of", "−5"]);
});

test("the output size is explained with its numbers", () => {
  assert.equal(formula(axis(28, 3, {}), t2.settings).text, "⌊(28 − 3) ÷ 1⌋ + 1 = 26");
  assert.equal(formula(axis(28, 5, { stride: 2 }), t2.settings).more, "No zeros, 1 left over");
  const same = formula(axis(5, 2, { stride: 2, padding: "same" }), pooling.settings);
  assert.equal(same.text, "⌈5 ÷ 2⌉ = 3");
  assert.equal(same.more, "Padding: (3 − 1) × 2 + 2 − 5 = 1: 0 before, 1 after");
  assert.match(formula(axis(28, 3, { dilation: 2 }), t2.settings).more, /spans \(3 − 1\) × 2 \+ 1 = 5/);
  assert.match(formulaWords({ padding: "valid", operation: "max" }), /whole window lies inside/);
});

test("settings that cannot work are said in words", () => {
  const wide = changed(changed(t2, "rows", "5"), "columns", "5");
  assert.equal(problem(T2, wide.settings, layOut(T2, wide.settings)),
    "A 5×5 window does not fit the 4×4 input. Choose a smaller one, or padding same.");
  const spread = changed(t2, "dilation", "2");
  assert.match(problem(T2, spread.settings, layOut(T2, spread.settings)), /which spans 5×5 with dilation 2, does not fit/);
  const eight = changed(changed(t2, "rows", "8"), "columns", "8");
  assert.match(problem(T2, eight.settings, layOut(T2, eight.settings)), /^An 8×8 window/);
  assert.deepEqual(formula(axis(4, 11, {}), eight.settings), { text: "⌊(4 − 11) ÷ 1⌋ + 1 = −6", more: "Below 1: no place" });
  assert.equal(problem(T2, t2.settings, layOut(T2, t2.settings)), null);
  assert.match(warning(changed(spread, "stride", "2").settings), /Keras's Conv2D takes a stride over 1 only without dilation/);
});

test("numbers are read and written as people do", () => {
  assert.deepEqual(["1/9", "−2", "0,5", "3", "1/0", "", "x", "1/2/3"].map(parseNumber), [1 / 9, -2, 0.5, 3, null, null, null, null]);
  assert.deepEqual(["3", "0", "99", "2.5", ""].map((text) => parseWhole(text)), [3, 1, 11, null, null]);
  assert.deepEqual([35, 4.25, -33, 0, 1 / 9, 2040].map((value) => formatNumber(value, 5)), ["35", "4.25", "−33", "0", "0.111", "2040"]);
  assert.equal(formatNumber(1e-7, 4), "≈0");
  assert.equal(formatNumber(-1234.5678), "−1234.5678");
});

test("a kernel keeps its middle when it grows, and comes back when it shrinks", () => {
  const sobel = opening(null).kernel;
  const grown = resized(sobel, 5, 5);
  assert.deepEqual(grown.values.slice(6, 9), [-1, 0, 1]);
  assert.deepEqual(resized(grown, 3, 3).values, sobel.values);
  const state = changed(changed(opening(null), "rows", "5"), "columns", "5");
  assert.equal(state.name, "hand");
  assert.deepEqual([state.kernel.rows, state.kernel.columns, state.kernel.values.length], [5, 5, 25]);
});

test("blurs are made anew for another size", () => {
  const box = changed(changed(opening(null), "kernel", "box"), "rows", "4");
  assert.equal(box.name, "box");
  assert.ok(box.kernel.values.every((value) => value === 1 / 12));
});

test("pooling starts at 2×2 with stride 2 and the kernel waits", () => {
  const pooled = changed(opening(null), "operation", "max");
  assert.deepEqual([pooled.settings.rows, pooled.settings.columns, pooled.settings.stride], [2, 2, 2]);
  const back = changed(pooled, "operation", "convolution");
  assert.deepEqual([back.settings.rows, back.settings.stride, back.name], [3, 1, "sobel_x"]);
});

test("a number changed by hand changes one channel or all", () => {
  const colour = forChannels(opening(null), 3);
  assert.equal(colour.kernel.values.length, 27);
  assert.deepEqual(edited(colour, 0, 7, 1).kernel.values.slice(0, 3), [-1, 7, -1]);
  assert.deepEqual(edited(colour, 0, 7).kernel.values.slice(0, 3), [7, 7, 7]);
  assert.deepEqual(forChannels(edited(colour, 0, 7), 1).kernel.values.slice(0, 2), [7, 0]);
});

test("what is typed and means nothing changes nothing", () => {
  const state = opening(null);
  for (const [name, text] of [["rows", ""], ["stride", "x"], ["bias", "1/0"]]) assert.equal(changed(state, name, text), state);
});

test("rotating four times gives the kernel back", () => {
  let state = opening(null);
  for (let k = 0; k < 4; k += 1) state = reworked(state, "rotate");
  assert.deepEqual(state.kernel.values, opening(null).kernel.values);
});

test("blurred pictures stay pictures, edges are shown around zero", () => {
  const image = { ...T2, picture: true };
  const tone = (state) => {
    const result = whole(image, state.kernel, state.settings, layOut(image, state.settings));
    return outputTone(result, state.settings, state.kernel, inputTone(image)).kind;
  };
  assert.equal(tone(changed(t2, "kernel", "box")), "picture");
  assert.equal(tone(t2), "signed");
  assert.equal(tone(changed(t2, "activation", "relu")), "magnitude");
  assert.deepEqual(diverging(0), [246, 246, 244]);
  assert.equal(ink([255, 255, 255]), "#10161d");
});

test("zeros around the input are left for the pattern behind", () => {
  const { width, height, bytes } = paint(T3, inputTone(T3), { top: 1, left: 0, bottom: 0, right: 1 });
  assert.deepEqual([width, height], [4, 3]);
  assert.equal(bytes[3], 0);
  assert.equal(bytes[4 * 4 + 3], 255);
});

test("grey is Pillow's", () => {
  const colour = { height: 1, width: 2, channels: 3, values: Float64Array.from([255, 0, 0, 10, 200, 30]) };
  assert.deepEqual([...inGrey(colour).values], [76, 124]);
});

test("settings come back as they were kept, and damaged ones not at all", () => {
  const state = changed(opening(null), "stride", "3");
  assert.deepEqual(unpacked(packed(state)), state);
  for (const text of [null, "", "{}", "[]", packed({ ...state, settings: {} }), packed({ ...state, kernel: { values: [1] } })]) {
    assert.equal(unpacked(text), null);
  }
});

test("a cell of the window is read with its product, its square, or as outside", () => {
  const image = { height: 2, width: 2, channels: 1, values: Float64Array.from([3, -1, 4, 8]) };
  const kernel = { rows: 3, columns: 3, channels: 1, values: Float64Array.from([1, 2, 3, 4, -5, 6, 7, 8, 0.5]) };
  const first = (settings) => {
    const whole = { rows: 3, columns: 3, stride: 1, padding: "same", dilation: 1, bias: 0, activation: "linear", each: false, ...settings };
    return explain(image, kernel, whole, layOut(image, whole), 0, 0).channels[0];
  };
  const convolved = first({ operation: "convolution" });
  assert.equal(cellWords({ operation: "convolution" }, convolved, 0, 3), "Window row 1, column 1: 0 (a zero of the padding) × 1 = 0");
  assert.equal(cellWords({ operation: "convolution" }, convolved, 4, 3), "Window row 2, column 2: 3 × (−5) = −15");
  assert.equal(cellWords({ operation: "convolution" }, convolved, 8, 3), "Window row 3, column 3: 8 × 0.5 = 4");
  const squared = first({ operation: "l2" });
  assert.equal(cellWords({ operation: "l2" }, squared, 5, 3), "Window row 2, column 3: (−1)² = 1");
  assert.equal(cellWords({ operation: "l2" }, squared, 2, 3), "Window row 1, column 3: outside, counts for nothing");
  assert.equal(cellWords({ operation: "max" }, first({ operation: "max" }), 7, 3), "Window row 3, column 2: 4");
  assert.equal(gridWords("Products", convolved.products), "Products: 9 numbers from −15 to 32");
});

test("numbers on a picture do not touch each other", () => {
  // A digit and a sign are half as wide as high; the sizes are those of the style: 0.32 of the cell, 11 to 18 pixels.
  for (let cell = 26; cell <= 64; cell += 0.25) {
    const size = Math.min(Math.max(0.32 * cell, 11), 18);
    const most = charactersIn(cell, size);
    for (const value of [-0.1274, 0.7215, -12.345, 1.2791, 255, -0.42]) {
      const text = formatNumber(value, most - (value < 0));
      assert.ok(text.length * size * 0.5 <= cell - 3, `${text} in ${cell}`);
    }
  }
});

/** As much of a page as a painted grid needs; what it writes and where is noted. */
function paper() {
  const written = [];
  const pen = { scale() {}, clearRect() {}, fillRect() {}, strokeRect() {}, fillText: (text, x, y) => written.push([text, x, y]) };
  const canvas = { style: {}, setAttribute() {}, getContext: () => pen };
  globalThis.document = { createElement: () => canvas };
  globalThis.window = { devicePixelRatio: 1 };
  globalThis.getComputedStyle = () => ({ fontFamily: "", getPropertyValue: () => "black" });
  const box = { style: { setProperty() {} }, classList: { toggle() {} }, replaceChildren() {}, scrollTop: 0, heard: {} };
  box.addEventListener = (kind, hear) => { box.heard[kind] = hear; };
  return { box, written };
}

test("of a grid that scrolls only what is in sight is painted, and all of it once it is scrolled to", () => {
  const { box, written } = paper();
  const grid = new Grid(box, { tall: 90 });
  grid.shape(20, 5, { width: 150, height: 600 }); // 30 pixels and 1 between: three rows are in sight
  grid.update(Array.from({ length: 98 }, (_, k) => k), () => [0, 0, 0]);
  assert.deepEqual(written.map(([text]) => Number(text)), Array.from({ length: 15 }, (_, k) => k));
  written.length = 0;
  box.scrollTop = 20 * 31 - 90;
  box.heard.scroll();
  assert.deepEqual(written.map(([text]) => Number(text)), Array.from({ length: 13 }, (_, k) => 85 + k));
  assert.deepEqual(written.at(-1).slice(1), [2 * 31 + 15, 19 * 31 + 16]);
});
