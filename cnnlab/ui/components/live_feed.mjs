// What the components of a page know of a run, shared: one history, one stream, however many show it.
import { fold, newHistory, restore } from "./live_history.mjs";
import { Stream } from "./live_stream.mjs";

/** A run's history as it grows. Those who join are called with `take(event)`, `end(status)` and `fail()`. */
export class Feed {
  constructor(url) {
    this.url = url;
    this.history = newHistory();
    this.members = new Set();
    this.onVisibility = () => (document.hidden ? this.stream?.close() : this.resume());
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  /** Follows the run's stream from what is known of it. */
  follow(history = this.history) {
    this.stream?.close();
    this.history = history;
    this.given = false;
    this.stream = new Stream(this.url, {
      from: () => this.history.seq,
      take: (event) => {
        fold(this.history, event);
        this.tell("take", event);
      },
      end: (status) => {
        this.history.status = status;
        this.tell("end", status);
      },
      fail: () => this.tell("fail"),
    });
    this.resume();
  }

  /** Takes over what the page sent, where no stream gets through. */
  give(snapshot) {
    this.stream?.close();
    this.given = true;
    this.history = restore(snapshot);
    this.tell("take", null);
  }

  resume() {
    if (!document.hidden && !this.given) this.stream?.open();
  }

  tell(what, value) {
    for (const member of this.members) member[what]?.(value);
  }

  join(member) {
    this.members.add(member);
    return this;
  }

  leave(member) {
    this.members.delete(member);
    if (this.members.size) return;
    this.stream?.close();
    document.removeEventListener("visibilitychange", this.onVisibility);
    if (feeds().get(this.url) === this) feeds().delete(this.url);
  }
}

/** The page's feed of this address. */
export function feedOf(url) {
  if (!feeds().has(url)) feeds().set(url, new Feed(url));
  return feeds().get(url);
}

/** Kept on the window: each component is a module of its own, with its own copy of this code. */
function feeds() {
  return (globalThis.cnnlabFeeds ??= new Map());
}
