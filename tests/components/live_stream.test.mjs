import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import { Stream } from "../../cnnlab/ui/components/live_stream.mjs";

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

test("silence, as behind a proxy that holds the stream back, is told", () => {
  const [, source] = open();
  mock.timers.tick(3000);
  assert.deepEqual(log, [["fail"]]);
  assert.ok(source.closed);
});

test("a greeting is not silence", () => {
  const [, source] = open();
  source.listeners.hello();
  mock.timers.tick(60_000);
  assert.deepEqual(log, []);
});

test("an answer that is no event stream is told", () => {
  open()[1].refuse();
  assert.deepEqual(log, [["fail"]]);
});

test("a stream that worked before is tried again", () => {
  const [, source] = open();
  source.listeners.hello();
  source.refuse();
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
