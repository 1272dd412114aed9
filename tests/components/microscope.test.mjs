import assert from "node:assert/strict";
import { test } from "node:test";

import { received } from "../../cnnlab/ui/components/microscope.mjs";
import { toneOf } from "../../cnnlab/ui/components/microscope_map.mjs";
import {
  ACTIVATIONS, agrees, decimalsFor, erfc, fieldOf, numbersOf, prepared, retrace, softmaxed, stepped, strongest,
  unflattened, weighed,
} from "../../cnnlab/ui/components/microscope_math.mjs";
import {
  beginning, fieldWords, fixed, resultHtml, resultLines, softmaxHtml, spokenPlace, stepWords, sumWords, toldClasses, topHtml,
} from "../../cnnlab/ui/components/microscope_words.mjs";

const bias = (layer, value) => ({ layer, kind: "bias", numbers: { bias: value }, function: "" });
const relu = (layer) => ({ layer, kind: "activation", numbers: {}, function: "relu" });
const norm = { layer: "bn", kind: "normalization", function: "",
  numbers: { moving_mean: 1, moving_variance: 3.75, gamma: 4, beta: -1, epsilon: 0.25 } };
const encoded = (values) => Buffer.from(new Float32Array(values).buffer).toString("base64");
const valueOf = ({ sum, trail }, layer) => trail.findLast(({ step }) => step.layer === layer)?.after ?? sum;
const close = (own, expected, most = 1e-6) => assert.ok(Math.abs(own - expected) <= most, `${own} is not ${expected}`);

// The tutorial's example: 35 is the sum under the first window.
const image = { height: 3, width: 3, channels: 1, values: [10, 2, 3, 1, 4, 2, 0, 1, 5] };
const kernel = { rows: 3, columns: 3, channels: 1, values: [1, 0, 0, 0, 0, 0, 0, 0, 5] };
const window = { rows: 3, columns: 3, stride: 1, padding: "valid", dilation: 1 };

test("a convolution's number is its products, their sum, the bias and the activation", () => {
  const lens = prepared({ operation: "convolution", input: image, window, kernel, steps: [bias("conv", -36), relu("conv")] });
  const found = retrace(lens, 0, 0);
  assert.deepEqual(found.channels[0].products, [10, 0, 0, 0, 0, 0, 0, 0, 25]);
  assert.equal(found.sum, 35);
  assert.deepEqual(found.trail.map(({ before, after }) => [before, after]), [[35, -1], [-1, 0]]);
  assert.equal(valueOf(found, "conv"), 0);
});

test("steps of the layers behind follow, and each layer has a value of its own", () => {
  const lens = prepared({ operation: "convolution", input: image, window, kernel, steps: [bias("conv", 1), norm, relu("act")] });
  const found = retrace(lens, 0, 0);
  assert.equal(valueOf(found, "conv"), 36);
  assert.equal(valueOf(found, "bn"), (4 * 35) / 2 - 1);
  assert.equal(valueOf(found, "act"), 69);
});

test("a layer without steps gives what it pooled, and says which value won", () => {
  const pool = { rows: 2, columns: 2, stride: 1, padding: "valid", dilation: 1 };
  const most = retrace(prepared({ operation: "max", input: image, window: pool }), 1, 1);
  assert.equal(valueOf(most, "pool"), 5);
  assert.equal(most.channels[0].winner, 3);
  assert.equal(valueOf(retrace(prepared({ operation: "average", input: image, window: pool }), 0, 0), "pool"), 4.25);
  const single = { ...pool, rows: 1, columns: 1 };
  assert.equal(valueOf(retrace(prepared({ operation: "value", input: image, window: single }), 2, 2), "act"), 5);
});

test("a unit's largest products come first, the others are summed", () => {
  const found = weighed([1, 2, 3, 4], [1, -5, 0.5, 0], [bias("dense", 0.5)], 2);
  assert.deepEqual([...found.products], [1, -10, 1.5, 0]);
  assert.deepEqual(found.top, [1, 2]);
  assert.equal(found.rest, 1);
  assert.equal(valueOf(found, "dense"), -7);
});

test("shares add up to one, and large logits overflow nothing", () => {
  const small = softmaxed([1, 2, 3]);
  assert.equal(small.shift, 0);
  close(small.exponentials[0], Math.E);
  close(small.shares.reduce((sum, share) => sum + share, 0), 1);
  const large = softmaxed([1000, 999, -1000]);
  assert.equal(large.shift, 1000);
  close(large.shares[0], 1 / (1 + Math.exp(-1)));
  const low = softmaxed([-1000, -1001]);
  close(low.shares[0], 1 / (1 + Math.exp(-1)));
});

test("activations have Keras's default arguments", () => {
  assert.equal(ACTIVATIONS.leaky_relu(-1), -0.2);
  close(ACTIVATIONS.elu(-1), Math.exp(-1) - 1);
  close(ACTIVATIONS.gelu(1), 0.8413447, 1e-6);
  assert.equal(ACTIVATIONS.relu6(9), 6);
  close(erfc(0.5), 0.4795001222, 2e-7);
  close(ACTIVATIONS.softplus(800), 800);
  assert.equal(stepped(relu("x"), -3), 0);
});

test("the lit pixels are those of the row and of the column", () => {
  const sees = { rows: [0, 3, 2, 5], columns: [0, 2, 1, 4] };
  assert.deepEqual(fieldOf(sees, { height: 9, width: 9 }, 1, 0), [2, 0, 3, 2]);
  assert.deepEqual(fieldOf(null, { height: 9, width: 7 }, 1, 0), [0, 0, 9, 7]);
});

test("a value behind Flatten is found in its map", () => {
  assert.deepEqual(unflattened(2 * 5 * 4 + 3 * 4 + 1, [3, 5, 4]), { row: 2, column: 3, channel: 1 });
});

test("the strongest value may be a negative one", () => {
  assert.equal(strongest([1, -7, 3]), 1);
  assert.equal(strongest([0, 0]), 0);
});

test("numbers travel as float32, pixels as bytes", () => {
  assert.deepEqual([...numbersOf(encoded([1.5, -2, 1e-8]))], [1.5, -2, Math.fround(1e-8)]);
  const data = received({
    image: Buffer.from([0, 255]).toString("base64"), imageShape: [1, 2, 1], input: encoded([1, 2, 3]), inputShape: [3],
    kernel: "", kernelShape: [], window: "{}", steps: "[]", outputs: [["dense", encoded([6])]], logits: "",
    seesRows: [], seesColumns: [],
  });
  assert.deepEqual({ ...data.image, values: [...data.image.values] }, { height: 1, width: 2, channels: 1, values: [0, 255] });
  assert.deepEqual([...data.input.values], [1, 2, 3]);
  assert.deepEqual([data.kernel, data.sees, data.logits], [null, null, null]);
  assert.deepEqual([...data.outputs.dense], [6]);
});

test("decimals follow the map's largest magnitude", () => {
  assert.equal(decimalsFor(2.4), 3);
  assert.equal(decimalsFor(0.024), 5);
  assert.equal(decimalsFor(12345), 0);
  assert.equal(decimalsFor(0), 3);
  assert.equal(fixed(-0.0001, 3), "0.000");
  assert.equal(fixed(-1.5, 2), "−1.50");
});

test("a result is TensorFlow's number where float32 lets it be, and is marked where it is not", () => {
  const found = { channels: [{}], sum: 1.23449999, trail: [] };
  const [same] = resultLines("convolution", found, { conv: 1.2345001 }, { conv: 1.3 });
  assert.deepEqual([same.value, same.right, same.result], ["1.235", true, true]);
  const [other] = resultLines("convolution", found, { conv: 1.3 }, { conv: 1.3 });
  assert.deepEqual([other.value, other.right], ["1.234", false]);
  assert.match(resultHtml([other], "conv"), /TensorFlow differs/);
  assert.ok(agrees(1, 1.00001, 1) && !agrees(1, 1.001, 1));
});

test("each step says its numbers", () => {
  const lens = prepared({ operation: "convolution", input: image, window, kernel, steps: [bias("conv", -1), norm, relu("act")] });
  const found = retrace(lens, 0, 0);
  assert.deepEqual(stepWords(found.trail[1]), { title: "Batch normalization", detail: "4 × (34 − 1) ÷ √(3.75 + 0.25) + (−1)" });
  const lines = resultLines("convolution", found, { conv: 34, bn: 65, act: 65 }, { conv: 34, bn: 65, act: 65 });
  assert.deepEqual(lines.map(({ title, value, result }) => [title, value, result]), [
    ["Sum of products", "35.00", false], ["+ bias", "34.00", true], ["Batch normalization", "65.00", true], ["ReLU", "65.00", true],
  ]);
  assert.equal(spokenPlace("Row 1, column 1", lines.slice(0, 2)),
    "Row 1, column 1: Sum of products is 35.00; + bias −1 is 34.00.");
  assert.match(resultHtml(lines, "conv"), /<i>bn<\/i>/);
});

test("it is said how a number begins", () => {
  const pooled = { channels: [{ there: [true, true, false, true] }] };
  assert.equal(beginning("max", pooled), "Largest of 3 values");
  assert.equal(beginning("average", pooled), "Sum of 3 values ÷ 3");
  assert.equal(beginning("convolution", { channels: [{}, {}] }), "Sum of 2 channels");
  assert.equal(beginning("dense", { products: { length: 3136 } }), "Sum of 3,136 products");
});

test("a sum is written out where its pieces are few", () => {
  assert.equal(sumWords([10, -2, 0.5], [true, true, false], 8), "10 − 2 = 8");
  assert.equal(sumWords(Array(10).fill(1), null, 10), "");
});

test("contributions name their inputs and the rest", () => {
  const found = weighed([1, 2, 3, 4], [1, -5, 0.5, 0], [], 2);
  const html = topHtml(found, [1, 2, 3, 4], [1, -5, 0.5, 0], (k) => `<unit> ${k}`);
  assert.match(html, /data-input="1"><th scope="row">&lt;unit&gt; 1<\/th><td>2<\/td><td>−5<\/td><td>−10<\/td>/);
  assert.match(html, /2 others<\/th>.*<td>1<\/td>/);
});

test("of many classes the largest and the chosen one are told", () => {
  assert.deepEqual(toldClasses([3, 1, 2], 1), [0, 1, 2]);
  const logits = Float32Array.from({ length: 100 }, (_, k) => k);
  const told = toldClasses(logits, 4);
  assert.deepEqual([told[0], told.at(-1), told.length], [99, 4, 12]);
  const html = softmaxHtml(softmaxed(logits), logits, [], 4);
  assert.match(html, /88 more classes are not shown/);
  assert.match(html, /class="chosen"><th scope="row">4</);
});

test("maps of one sign are grey, of both signs centred on zero", () => {
  assert.deepEqual(toneOf([0, 2]), { kind: "magnitude", low: 0, high: 2 });
  assert.deepEqual(toneOf([-3, 2]), { kind: "signed", low: -3, high: 3 });
  assert.equal(toneOf([0]).high, 1);
});

test("the lit pixels are told in words", () => {
  assert.equal(fieldWords([1, 0, 3, 4]), "Image: rows 2 to 4 and columns 1 to 4 lead to this number");
  assert.equal(fieldWords([0, 6, 1, 1]), "Image: the pixel of row 1, column 7 leads to this number");
  assert.equal(fieldWords([0, 0, 0, 0]), "Image: no pixel of it leads to this number");
});
