import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { feedOf } from "../../cnnlab/ui/components/live_feed.mjs";

const opened = [];
class FakeSource {
  constructor(url) {
    Object.assign(this, { url: String(url), listeners: {}, closed: false });
    opened.push(this);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  send(event) {
    this.onmessage({ data: JSON.stringify(event) });
  }

  close() {
    this.closed = true;
  }
}

beforeEach(() => {
  opened.length = 0;
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.cnnlabFeeds = undefined;
  globalThis.EventSource = FakeSource;
  const listeners = new Set();
  globalThis.document = {
    baseURI: "http://host/train", hidden: false, listeners,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  };
});

const status = (seq, word) => ({ seq, kind: "status", payload: { status: word } });
const member = () => {
  const log = [];
  return { log, take: (event) => log.push(event?.kind ?? null), end: (word) => log.push(word), fail: () => log.push("fail") };
};

test("all components of a page share a run's one stream and history", () => {
  const [chart, layers] = [member(), member()];
  const feed = feedOf("events").join(chart);
  feed.follow();
  assert.equal(feedOf("events").join(layers), feed);
  opened[0].send(status(1, "running"));
  assert.equal(opened.length, 1);
  assert.equal(feed.history.status, "running");
  assert.deepEqual([chart.log, layers.log], [["status"], ["status"]]);
});

test("the last to leave closes the stream", () => {
  const [chart, layers] = [member(), member()];
  const feed = feedOf("events").join(chart).join(layers);
  feed.follow();
  feed.leave(layers);
  assert.equal(opened[0].closed, false);
  feed.leave(chart);
  assert.ok(opened[0].closed);
  assert.equal(document.listeners.size, 0);
  assert.notEqual(feedOf("events"), feed);
});

test("a hidden tab lets its stream go and takes it up where it was", () => {
  const feed = feedOf("events").join(member());
  feed.follow();
  opened[0].send(status(7, "running"));
  const turn = (hidden) => {
    document.hidden = hidden;
    document.listeners.forEach((listener) => listener());
  };
  turn(true);
  assert.ok(opened[0].closed);
  turn(false);
  assert.match(opened[1].url, /after=7$/);
});

test("what the page sends replaces the stream, until it is followed again", () => {
  const chart = member();
  const feed = feedOf("events").join(chart);
  feed.follow();
  feed.give({ seq: 9, status: "running", step: [1], loss: [2] });
  assert.ok(opened[0].closed);
  assert.deepEqual(feed.history.loss, [2]);
  assert.deepEqual(chart.log, [null]);
  feed.resume();
  assert.equal(opened.length, 1);
  feed.follow();
  assert.match(opened[1].url, /after=9$/);
});

test("the end is told to all, and stays in the history", () => {
  const chart = member();
  const feed = feedOf("events").join(chart);
  feed.follow();
  opened[0].listeners.end({ data: '{"status":"deleted"}' });
  assert.deepEqual(chart.log, ["deleted"]);
  assert.equal(feed.history.status, "deleted");
});
