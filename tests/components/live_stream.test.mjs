import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { passes, Stream } from "../../cnnlab/ui/components/live_stream.mjs";

/** A stand-in for the browser's EventSource: the test plays the server. */
class FakeSource {
  static CLOSED = 2;
  static opened = [];

  constructor(url) {
    Object.assign(this, { url: String(url), listeners: {}, readyState: 1, closed: false });
    FakeSource.opened.push(this);
  }

  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }

  close() {
    this.closed = true;
  }

  refuse() {
    this.readyState = FakeSource.CLOSED;
    this.onerror();
  }
}

/** What the server says to those who ask why. */
function answers(status, type) {
  globalThis.fetch = async () => ({ status, headers: new Headers({ "content-type": type }) });
}

/** All that waits for promises has happened. */
const settled = () => new Promise((done) => setImmediate(done));

let log;
const open = (from = 0) => {
  const stream = new Stream("cnnlab/runs/0123456789/events", {
    from: () => from,
    take: (event) => log.push(["take", event.seq]),
    end: (status) => log.push(["end", status]),
    fail: () => log.push(["fail"]),
  });
  stream.open();
  return [stream, FakeSource.opened.at(-1)];
};

beforeEach(() => {
  log = [];
  FakeSource.opened = [];
  globalThis.EventSource = FakeSource;
  globalThis.document = { baseURI: "http://host/base/train" };
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("a stream is asked for below the app's own address, after the last event that was taken", () => {
  assert.equal(open(7)[1].url, "http://host/base/cnnlab/runs/0123456789/events?after=7");
});

test("events are taken, and the end closes the stream for good", () => {
  const [stream, source] = open();
  source.onmessage({ data: '{"seq":1}' });
  source.listeners.end({ data: '{"status":"finished"}' });
  assert.deepEqual(log, [["take", 1], ["end", "finished"]]);
  assert.ok(source.closed);
  stream.open();
  assert.equal(FakeSource.opened.length, 1);
});

test("silence, as behind a proxy that holds the stream back, is told after a second, longer try", () => {
  const [, source] = open();
  mock.timers.tick(3000);
  assert.deepEqual(log, []);
  assert.ok(source.closed);
  assert.equal(FakeSource.opened.length, 2);
  mock.timers.tick(7999);
  assert.deepEqual(log, []);
  mock.timers.tick(1);
  assert.deepEqual(log, [["fail"]]);
});

test("a greeting that comes late is no failure", () => {
  open();
  mock.timers.tick(3000);
  FakeSource.opened.at(-1).listeners.hello();
  mock.timers.tick(60_000);
  assert.deepEqual(log, []);
});

test("a greeting is not silence", () => {
  const [, source] = open();
  source.listeners.hello();
  mock.timers.tick(60_000);
  assert.deepEqual(log, []);
});

test("an answer that is no event stream is told", async () => {
  answers(200, "text/html; charset=utf-8");
  open()[1].refuse();
  await settled();
  assert.deepEqual(log, [["fail"]]);
});

test("a run that is not there is told", async () => {
  answers(404, "application/json");
  open()[1].refuse();
  await settled();
  assert.deepEqual(log, [["fail"]]);
});

test("a server that has no time now is asked again", async () => {
  answers(503, "application/json");
  open()[1].refuse();
  await settled();
  assert.deepEqual(log, []);
  mock.timers.tick(3000);
  assert.equal(FakeSource.opened.length, 2);
});

test("a server that never has time is told", async () => {
  answers(503, "application/json");
  open();
  for (let times = 1; times <= 5; times += 1) {
    FakeSource.opened.at(-1).refuse();
    await settled();
    assert.equal(log.length, times === 5 ? 1 : 0);
    mock.timers.tick(3000);
  }
  assert.deepEqual(log, [["fail"]]);
});

test("a stream that is closed while it asks why it was refused stays closed", async () => {
  answers(503, "application/json");
  const [stream, source] = open();
  source.refuse();
  stream.close();
  await settled();
  mock.timers.tick(60_000);
  assert.equal(FakeSource.opened.length, 1);
});

test("what passes is a lack of time and a lack of network", async () => {
  for (const status of [429, 502, 503, 504]) {
    answers(status, "text/plain");
    assert.ok(await passes("http://host/"));
  }
  answers(200, "text/event-stream");
  assert.ok(await passes("http://host/"));
  answers(500, "text/plain");
  assert.equal(await passes("http://host/"), false);
  globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  assert.ok(await passes("http://host/"));
});

test("a stream that worked before is tried again", async () => {
  const [, source] = open();
  source.listeners.hello();
  source.refuse();
  await settled();
  assert.deepEqual(log, []);
  mock.timers.tick(3000);
  assert.equal(FakeSource.opened.length, 2);
});

test("a closed stream is opened again, once", () => {
  const [stream, source] = open();
  stream.close();
  assert.ok(source.closed);
  stream.open();
  stream.open();
  assert.equal(FakeSource.opened.length, 2);
});
