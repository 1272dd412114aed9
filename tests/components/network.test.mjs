import assert from "node:assert/strict";
import { test } from "node:test";

import {
  blockPlaces, boxSize, describe, draw, faces, layout, nameLines, scaleNote,
} from "../../cnnlab/ui/components/network.mjs";

const volume = (id, name, shape, more = {}) => ({ id, name, title: "Convolution", family: "conv", shape, ...more });
const input = { id: null, name: "input", title: "Input", family: "input", shape: [32, 32, 3] };
const stack = [
  input,
  volume("a", "conv2d", [30, 30, 32]),
  volume("b", "max_pooling2d", [15, 15, 32], { family: "pool", title: "Max pooling" }),
  volume("c", "flatten", [7200], { family: "other", title: "Flatten" }),
  volume("d", "dense", [10], { family: "dense", title: "Dense" }),
];

test("height and width are to scale with the largest map", () => {
  const plan = layout(stack, 1000);
  const [first, , third] = plan.items;
  assert.equal(plan.largest, 32);
  assert.equal(third.height / first.height, 15 / 32);
  assert.equal(third.away / first.away, 15 / 32);
});

test("channels grow with their square root", () => {
  assert.equal(boxSize([8, 8, 64], 8).across / boxSize([8, 8, 16], 8).across, 2);
});

test("a map that is not square is drawn so", () => {
  const box = boxSize([10, 20, 3], 20);
  assert.equal(box.away / box.height, 2);
});

test("what does not fit the scale is clipped, and the note says so", () => {
  const tiny = layout([{ ...input, shape: [224, 224, 3] }, volume("a", "conv2d", [1, 1, 2048])], 800);
  assert.ok(tiny.clipped);
  assert.match(scaleNote(stack, true), /clipped/);
  assert.doesNotMatch(scaleNote(stack, layout(stack, 800).clipped), /clipped/);
});

test("longer vectors are longer bars, and none is longer than the largest map by much", () => {
  const heights = [1, 10, 128, 1024, 100_000].map((units) => boxSize([units], 1).height);
  assert.deepEqual(heights, [...heights].sort((a, b) => a - b));
  assert.ok(heights.at(-1) < 200);
});

test("layers lie side by side without overlapping, labels included", () => {
  for (const width of [390, 1280]) {
    const { items } = layout(stack, width);
    for (let k = 1; k < items.length; k += 1) assert.ok(items[k].left >= items[k - 1].left + items[k - 1].width + 19);
  }
});

test("a narrow page scrolls, a wide one is filled and centred", () => {
  assert.ok(layout(stack, 200).width > 200);
  const wide = layout(stack, 2000);
  assert.equal(wide.width, 2000);
  const last = wide.items.at(-1);
  assert.ok(Math.abs(wide.items[0].left - (2000 - last.left - last.width)) < 1);
});

test("everything drawn lies inside the drawing", () => {
  const many = Array.from({ length: 64 }, (_, k) => volume(`l${k}`, `conv2d_${k}`, [28, 28, 512]));
  const plan = layout([input, ...many], 390);
  for (const item of plan.items) {
    assert.ok(item.y - item.rise >= 0 && item.y + item.height <= plan.labels);
    assert.ok(item.x >= 0 && item.x + item.boxWidth <= plan.width);
  }
});

test("names break after an underscore, near their middle", () => {
  assert.deepEqual(nameLines("conv2d_1"), ["conv2d_1"]);
  assert.deepEqual(nameLines("max_pooling2d"), ["max_", "pooling2d"]);
  assert.deepEqual(nameLines("average_pooling2d_1"), ["average_", "pooling2d_1"]);
  assert.deepEqual(nameLines("batchnormalization"), ["batchnormalization"]);
});

test("the three visible faces meet at their edges", () => {
  const { front, top, side } = faces({ x: 0, y: 10, across: 5, height: 20, shift: 8, rise: 6 });
  assert.equal(front, "0.0,10.0 5.0,10.0 5.0,30.0 0.0,30.0");
  assert.equal(top, "0.0,10.0 8.0,4.0 13.0,4.0 5.0,10.0");
  assert.equal(side, "5.0,10.0 13.0,4.0 13.0,24.0 5.0,30.0");
});

test("a screen reader hears place, kind, name, shape and problem", () => {
  assert.equal(describe(stack[2], 2), "Layer 2: Max pooling, max_pooling2d, output 15×15×32");
  assert.equal(describe(input, 0), "Input, output 32×32×3");
  const broken = volume("x", "conv2d", null, { problem: "Too small." });
  assert.equal(describe(broken, 3), "Layer 3: Convolution, conv2d, output shape unknown. Problem: Too small.");
});

test("the selected layer is marked and takes the focus; the input takes neither", () => {
  const svg = draw(stack, layout(stack, 900), "b");
  assert.equal(svg.match(/aria-selected="true"/g).length, 1);
  assert.match(svg, /aria-selected="true" tabindex="0" data-id="b"/);
  assert.equal(svg.match(/data-id=/g).length, 4);
});

test("without a selection the first layer can be reached by Tab", () => {
  assert.match(draw(stack, layout(stack, 900), null), /tabindex="0" data-id="a"/);
});

test("a layer with a problem carries a sign and its message, escaped", () => {
  const broken = [input, volume("x", "conv2d", null, { problem: "a <5×5> window" })];
  const svg = draw(broken, layout(broken, 900), "x");
  assert.match(svg, /class="sign"/);
  assert.match(svg, /a &lt;5×5&gt; window/);
  assert.match(svg, /class="unknown"/);
});

test("an empty stack draws nothing and does not fail", () => {
  assert.match(draw([input], layout([input], 500), null), /0 layers/);
});

const block = volume("r", "residual_block", [16, 16, 64], { family: "block", title: "Residual block", block: true });

test("a block is two slabs of its output, a plus, and a shortcut over them that begins before and ends behind", () => {
  const plan = layout([input, block, ...stack.slice(3)], 900);
  const item = plan.items[1];
  const { slabs, plus, over, middle } = blockPlaces(item, plan.middle);
  assert.ok(item.x < slabs[0] && slabs[0] + item.across < slabs[1] && slabs[1] + item.across + item.shift < plus);
  assert.ok(plus < item.x + item.boxWidth);
  assert.ok(over < item.y - item.rise && over > 0 && middle > item.y);
  const svg = draw([input, block], layout([input, block], 900), null);
  assert.equal(svg.match(/class="face front"/g).length, 3);
  assert.equal(svg.match(/class="skip"/g).length, 1);
});

test("a screen reader hears of the shortcut", () => {
  assert.equal(describe(block, 1), "Layer 1: Residual block with a shortcut, residual_block, output 16×16×64");
});

test("a block with a problem is drawn like any unknown layer", () => {
  const broken = { ...block, shape: null, problem: "Too wide." };
  assert.match(draw([input, broken], layout([input, broken], 900), null), /class="unknown"/);
});
