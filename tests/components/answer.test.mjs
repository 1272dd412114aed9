import assert from "node:assert/strict";
import { test } from "node:test";

import { drawRows } from "../../cnnlab/ui/components/answer.mjs";

test("a row has the class, its bar and its probability; the image's class has a tick", () => {
  const html = drawRows([["coat", 0.7, "70.0%", "wrong", false], ["bag", 0.2, "20.0%", "right", true]]);
  assert.match(html, /title="coat">coat<\/span><span class="tick"><\/span><span class="track"><i class="wrong" style="width:70\.00%">/);
  assert.match(html, /title="bag">bag<\/span><span class="tick">✓</);
  assert.match(html, /20\.0%/);
});

test("names from a user's own data set cannot become tags", () => {
  assert.doesNotMatch(drawRows([["<b>x", 1, "100%", "right", true]]), /<b>/);
});
