import assert from "node:assert/strict";
import { test } from "node:test";

import { onPaper } from "../../cnnlab/ui/components/sketch.mjs";
import { answerOf, classOf, leftWords, megabytes, plan, progressWords } from "../../cnnlab/ui/components/upload.mjs";

const files = (...paths) => paths.map((path) => ({ path, size: 1e6, file: path }));

test("a picture's class is the folder that it lies in", () => {
  assert.equal(classOf("mugs/red/1.jpg"), "red");
  assert.equal(classOf("red/1.jpg"), "red");
  assert.equal(classOf("1.jpg"), "");
});

test("folders are sent picture by picture, each into its class", () => {
  const { uploads, left, total } = plan(files("mugs/red/1.jpg", "mugs/blue/2.PNG"));
  assert.deepEqual(uploads.map(({ name, into }) => [name, into]), [["1.jpg", "red"], ["2.PNG", "blue"]]);
  assert.deepEqual(left, []);
  assert.equal(total, 2e6);
});

test("a picture beside the folders of classes is of no class; a single folder is a class", () => {
  assert.deepEqual(plan(files("mugs/cover.jpg", "mugs/red/1.jpg")).left, [
    { name: "cover.jpg", why: "in no folder: put it into a class" },
  ]);
  assert.deepEqual(plan(files("red/1.jpg", "red/2.jpg")).uploads.map(({ into }) => into), ["red", "red"]);
  assert.deepEqual(plan(files("red/1.jpg", "blue/2.jpg")).uploads.map(({ into }) => into), ["red", "blue"]);
});

test("a zip is sent as it is, but not into a class", () => {
  assert.deepEqual(plan(files("mugs.zip")).uploads.map(({ name, into }) => [name, into]), [["mugs.zip", ""]]);
  assert.deepEqual(plan(files("mugs.zip"), { into: "red" }).left, [{ name: "mugs.zip", why: "not a picture" }]);
});

test("what is left out is named with the reason; hidden files are not spoken of", () => {
  const { uploads, left } = plan(files("a.jpg", "x/b.heic", "x/c.txt", "x/.DS_Store", "__MACOSX/x/d.jpg", "x/Thumbs.db"));
  assert.deepEqual(uploads, []);
  assert.deepEqual(left.map(({ name, why }) => `${name}: ${why}`), [
    "a.jpg: in no folder: put it into a class",
    "b.heic: HEIC cannot be read here: export it as JPEG",
    "c.txt: not a picture",
  ]);
  assert.equal(leftWords([...left, ...left]).split(" · ").at(-1), "and 3 more");
});

test("more than there is room for is refused before the first byte", () => {
  const { uploads, left } = plan(files("x/1.jpg", "x/2.jpg"), { limit: 1.5e6 });
  assert.deepEqual(uploads, []);
  assert.equal(leftWords(left), "All together: 2 MB, and there is room for 2 MB");
});

test("progress in words", () => {
  assert.equal(progressWords(3, 2000, 3.2e6, 2e9), "3 of 2,000 files · 3 MB of 2.0 GB");
  assert.equal(progressWords(0, 1, 0, 900), "0 kB of 1 kB");
  assert.equal(megabytes(999_999), "1000 kB");
});

test("a page instead of an answer means that the host does not serve our routes", () => {
  assert.deepEqual(answerOf(200, "text/html", "<html>"), { missing: true });
  assert.deepEqual(answerOf(405, "text/plain", "no"), { missing: true });
  assert.deepEqual(answerOf(200, "application/json", "{}"), {});
  assert.deepEqual(answerOf(413, "application/json", '{"error": "Too large."}'), { error: "Too large." });
  assert.deepEqual(answerOf(0, null, ""), { error: "the connection broke off" });
});

test("a pointer's place is in the paper's own pixels", () => {
  assert.deepEqual(onPaper({ clientX: 60, clientY: 110 }, { left: 10, top: 10, width: 100, height: 200 }), [128, 128]);
});
