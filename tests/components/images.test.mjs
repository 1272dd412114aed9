import assert from "node:assert/strict";
import { test } from "node:test";

import { describe, drawPicture, gridColumns, tileStyle } from "../../cnnlab/ui/components/images.mjs";

const sheet = { columns: 3, count: 7, width: 8, height: 8, uri: "data:image/png;base64,AA==" };
const picture = { id: "17", title: "4 91%", caption: "is 9", right: false };

test("a tile's place in the sprite is given in percent of what is left over", () => {
  assert.match(tileStyle(0, sheet), /background-position:0\.0000% 0\.0000%/);
  assert.match(tileStyle(4, sheet), /background-size:300% 300%;background-position:50\.0000% 50\.0000%/);
  assert.match(tileStyle(6, sheet), /background-position:0\.0000% 100\.0000%/);
});

test("a sprite of one tile is shown whole", () => {
  assert.match(tileStyle(0, { ...sheet, columns: 1, count: 1 }), /background-size:100% 100%;background-position:0\.0000% 0\.0000%/);
});

test("a picture that can be clicked is a button with its id and what a click does", () => {
  const html = drawPicture(picture, 0, { ...sheet, pictures: [picture], action: "Open in Inspect" });
  assert.match(html, /<button class="picture wrong" type="button" tabindex="0" data-id="17" title="Open in Inspect"/);
});

test("a picture that cannot be clicked is no button", () => {
  const html = drawPicture({ ...picture, right: null }, 0, { ...sheet, pictures: [picture], action: "" });
  assert.match(html, /<div class="picture" role="img"/);
  assert.doesNotMatch(html, /data-id/);
});

test("captions that are not shown are still read out", () => {
  const html = drawPicture(picture, 0, { ...sheet, pictures: [picture], action: "", captions: false });
  assert.match(html, /aria-label="4 91%, is 9, wrong"/);
  assert.doesNotMatch(html, /<b|<small/);
});

test("small pictures have one short line, and are read out in full", () => {
  const html = drawPicture({ ...picture, short: "91%" }, 0, { ...sheet, pictures: [picture], action: "" });
  assert.match(html, /aria-label="4 91%, is 9, wrong"/);
  assert.match(html, />91%<\/b>/);
  assert.doesNotMatch(html, /<small/);
});

test("a row holds as many pictures as were asked for, else as many as fit", () => {
  assert.equal(gridColumns({ across: 6, size: 96 }), "repeat(6, minmax(0, 1fr))");
  assert.equal(gridColumns({ across: 0, size: 96 }), "repeat(auto-fill, minmax(min(96px, 28%), 1fr))");
});

test("names from a user's own data set cannot become tags", () => {
  const html = drawPicture({ ...picture, title: "<b>x" }, 1, { ...sheet, pictures: [picture], action: "" });
  assert.doesNotMatch(html, /<b>x/);
  assert.match(html, /&lt;b&gt;x/);
});

test("a screen reader hears caption and verdict", () => {
  assert.equal(describe(picture), "4 91%, is 9, wrong");
  assert.equal(describe({ title: "shirt", caption: "", right: null }), "shirt");
});
