import assert from "node:assert/strict";
import { test } from "node:test";

import {
  colourOf, compose, drawPanel, ends, levelsOf, placeWords, shareOf, table,
} from "../../cnnlab/ui/components/attribution.mjs";

const SIGNED = { colours: table(["#0000ff", "#ffffff", "#ff0000"]), signed: true };
const UNSIGNED = { colours: table(["#000000", "#ffff00"]), signed: false };
const blend = (pixel, level, how) => [...compose(Uint8ClampedArray.from([...pixel, 255]), [level], how)].slice(0, 3);
const near = (found, expected) => found.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) <= 1, `${found}`));

test("a table has its anchors at even distances", () => {
  const colours = table(["#000000", "#ff0000", "#ff00ff"]);
  assert.equal(colours.length, 256);
  assert.deepEqual([colours[0], colours[255]], [[0, 0, 0], [255, 0, 255]]);
  near(colours[128], [255, 0, 1]);
  near(colours[64], [128, 0, 0]);
});

test("levels with signs lie around the middle, without from 0", () => {
  assert.deepEqual([1, 32768, 65535].map((level) => shareOf(level, true)), [-1, 0, 1]);
  assert.deepEqual([0, 65535].map((level) => shareOf(level, false)), [0, 1]);
  assert.deepEqual([1, 65535].map((level) => colourOf(level, true)), [0, 255]);
  assert.deepEqual([0, 13107].map((level) => colourOf(level, false)), [0, 51]);
});

test("at no strength there is the image alone, whatever the level", () => {
  for (const level of [1, 25700, 32768, 65535]) {
    assert.deepEqual(blend([10, 20, 30], level, { ...SIGNED, strength: 0 }), [10, 20, 30]);
    assert.deepEqual(blend([10, 20, 30], level, { ...UNSIGNED, strength: 0 }), [10, 20, 30]);
  }
});

test("at full strength there is the map alone, in the colours of its scale", () => {
  for (const level of [1, 25700, 32768, 65535]) {
    near(blend([10, 20, 30], level, { ...SIGNED, strength: 1 }), SIGNED.colours[colourOf(level, true)]);
    near(blend([10, 20, 30], level, { ...UNSIGNED, strength: 1 }), UNSIGNED.colours[Math.round(level / 257)]);
  }
});

test("at half strength what is zero shows the image in grey, and the strongest is covered", () => {
  near(blend([50, 50, 50], 32768, { ...SIGNED, strength: 0.5 }), [50, 50, 50]);
  near(blend([255, 0, 0], 0, { ...UNSIGNED, strength: 0.5 }), [76, 76, 76]);
  near(blend([255, 0, 0], 0, { ...UNSIGNED, strength: 0.25 }), [166, 38, 38]);
  near(blend([10, 20, 30], 65535, { ...SIGNED, strength: 0.5 }), [255, 0, 0]);
  near(blend([10, 20, 30], 1, { ...SIGNED, strength: 0.5 }), [0, 0, 255]);
});

test("a weak place is tinted with the colour of its sign, over black too", () => {
  const [red, green, blue] = blend([0, 0, 0], 40960, { ...SIGNED, strength: 0.5 });
  near([red, green, blue], [64, 0, 0]);
  near(blend([0, 0, 0], 24576, { ...SIGNED, strength: 0.5 }), [0, 0, 64]);
});

test("a picture is composed pixel by pixel and opaque", () => {
  const pixels = new Uint8ClampedArray([20, 20, 20, 255, 40, 50, 60, 255]);
  const drawn = compose(pixels, [32768, 65535], { ...SIGNED, strength: 0.5 });
  assert.deepEqual([...drawn], [20, 20, 20, 255, 255, 0, 0, 255]);
});

test("a level is read from the red and the green of its pixel", () => {
  assert.deepEqual([...levelsOf(new Uint8ClampedArray([128, 0, 0, 255, 255, 255, 0, 255, 0, 1, 0, 255]))], [32768, 65535, 1]);
});

test("a place is told with row, column and value", () => {
  const data = { width: 8, signed: true, extreme: 2.54 };
  assert.equal(placeWords(19, 65535, data), "row 2, column 3: 2.54");
  assert.equal(placeWords(0, 1, data), "row 0, column 0: −2.54");
  assert.equal(placeWords(0, 32768, data), "row 0, column 0: 0");
});

test("the ends of the colours say what they mean", () => {
  assert.deepEqual(ends({ signed: true, extreme: 1.5 }), ["−1.5 against", "0", "1.5 for"]);
  assert.deepEqual(ends({ signed: false, extreme: 1.5 }), ["0", "1.5 for"]);
});

test("names of classes cannot become HTML", () => {
  const html = drawPanel({ title: "<b>cat</b>", words: "a & b", right: false }, 0, { width: 4, height: 2 });
  assert.match(html, /<li class="wrong"><h4>&lt;b&gt;cat&lt;\/b&gt;<\/h4>/);
  assert.match(html, /a &amp; b/);
  assert.match(html, /aspect-ratio:4\/2/);
  assert.match(drawPanel({ title: "cat", words: "", right: null }, 0, { width: 4, height: 2 }), /^<li><h4>/);
});
