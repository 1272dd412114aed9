import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, cut, describe, details, place, tileAt } from "../../cnnlab/ui/components/maps.mjs";

const data = {
  noun: "map", count: 3, columns: 2, width: 13, height: 13,
  statistics: [[0, 4.39, 0.5], [-1, 1, 0], [2, 2, 0]],
  ranges: [[0, 4.39], [-1, 1], [0, 4.39]],
};

test("tiles fit the width and, where they can, the height", () => {
  for (const count of [1, 6, 16, 32, 64, 128, 512, 1024]) {
    for (const width of [358, 800, 1200]) {
      const plan = arrange(count, 1, width, 560);
      assert.ok(plan.columns * (plan.tileWidth + plan.gap) - plan.gap <= width, `${count} in ${width}`);
      assert.ok(plan.columns * plan.rows >= count);
      const height = plan.rows * (plan.tileHeight + plan.gap) - plan.gap;
      assert.ok(height <= 560 || plan.tileWidth <= 12, `${count} in ${width}: ${height}`);
    }
  }
});

test("few tiles are not blown up, and many stay large enough to point at", () => {
  assert.equal(arrange(1, 1, 1200, 430).tileWidth, 150);
  assert.ok(arrange(1024, 1, 358, 560).tileWidth >= 10);
});

test("tiles keep their proportions", () => {
  const plan = arrange(8, 2, 800, 430);
  assert.equal(plan.tileWidth / plan.tileHeight, 2);
});

test("the tile under a point is the one that lies there, and none between tiles", () => {
  const plan = arrange(10, 1, 358, 300);
  for (let index = 0; index < 10; index += 1) {
    const { x, y } = place(index, plan);
    assert.equal(tileAt(x + 1, y + 1, 10, plan), index);
    assert.equal(tileAt(x + plan.tileWidth + 0.5, y + 1, 10, plan), null);
  }
  assert.equal(tileAt(-1, 5, 10, plan), null);
  assert.equal(tileAt(1, plan.rows * (plan.tileHeight + plan.gap) + 5, 10, plan), null);
});

test("a tile is cut from its row and column of the sprite", () => {
  assert.deepEqual(cut(0, data), [0, 0, 13, 13]);
  assert.deepEqual(cut(2, data), [0, 13, 13, 13]);
});

test("the enlarged tile says its extremes, its zeros and where zero lies on its colours", () => {
  assert.deepEqual(details(0, data).ends, ["0", "4.39"]);
  assert.deepEqual(details(1, data).ends, ["−1", "0", "1"]);
  assert.equal(details(0, data).title, "Map 0");
  assert.match(details(0, data).rows, /<dt>zeros<\/dt><dd>50%<\/dd>/);
});

test("a tile of one value says that value alone", () => {
  const unit = { ...data, width: 1, height: 1, noun: "unit" };
  assert.equal(details(2, unit).rows, "<dt>value</dt><dd>2</dd>");
});

test("a screen reader hears the numbers", () => {
  assert.equal(describe(0, data), "map 0 of 3: minimum 0, maximum 4.39, 50% zeros");
  assert.equal(describe(2, data), "map 2 of 3: value 2");
});
