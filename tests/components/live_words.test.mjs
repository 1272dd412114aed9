import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { drawLegend, drawViews } from "../../cnnlab/ui/components/live_chart.mjs";
import { drawWords, waitFor, Words } from "../../cnnlab/ui/components/live_words.mjs";

const found = [{ kind: "level", tone: "neutral", title: "Levelled off", text: "At about 0.6." }];
let asked;

beforeEach(() => {
  asked = [];
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.document = { baseURI: "http://host/lab/train", hidden: false };
  globalThis.fetch = async (url) => {
    asked.push(String(url));
    return { ok: true, json: async () => ({ words: found }) };
  };
});

test("words are a list, each with its tone, and bring no markup", () => {
  assert.equal(drawWords(found), '<li class="neutral"><b>Levelled off.</b> <span>At about 0.6.</span></li>');
  assert.ok(!drawWords([{ tone: "good", title: "<img>", text: "<b>" }]).includes("<img>"));
  assert.equal(drawWords(null), "");
});

test("an epoch's words come soon, those of a batch sometimes", () => {
  assert.equal(waitFor("epoch", 0), 2000);
  assert.equal(waitFor("steps", 500), 7500);
  assert.equal(waitFor("epoch", 9000), 0);
});

test("many events are one question", async () => {
  const shown = [];
  const words = new Words((list) => shown.push(list));
  words.take([], "cnnlab/runs/0123456789/words");
  for (let times = 0; times < 20; times += 1) words.stir("epoch");
  mock.timers.tick(2000);
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(asked, ["http://host/lab/cnnlab/runs/0123456789/words"]);
  assert.deepEqual(shown, [[], found]);
  words.leave();
});

test("the chosen measure is pressed, and an earlier run has its line in the legend", () => {
  assert.match(drawViews("recall"), /data-view="recall" aria-pressed="true"/);
  assert.equal(drawViews("both").match(/aria-pressed="true"/g).length, 1);
  const legend = drawLegend("digits <2>");
  assert.ok(legend.includes("before: digits &lt;2&gt;"));
  assert.match(legend, /<i class="ghost"><\/i>training<.*<i class="ghost dotted"><\/i>validation</);
  assert.ok(!drawLegend(undefined).includes("before"));
});
