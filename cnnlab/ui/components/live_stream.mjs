// The connection to a run's event stream: opened again after every pause, and honest about never having worked.

const SILENCE_MS = 3000;
const RETRY_MS = 3000;

/**
 * Follows a run's events.
 * `from()` gives the last seq that was taken, `take(events)` takes some, `end(status)` is told that the run is over,
 * `fail()` that no stream gets through: the answer is no event stream, or a proxy keeps it back.
 */
export class Stream {
  constructor(url, { from, take, end, fail }) {
    Object.assign(this, { url, from, take, end, fail, source: null, heard: false, over: false });
  }

  open() {
    if (this.source || this.over) return;
    const url = new URL(this.url, document.baseURI);
    url.searchParams.set("after", this.from());
    const source = (this.source = new EventSource(url));
    this.silence = setTimeout(() => this.giveUp(), SILENCE_MS);
    source.addEventListener("hello", () => this.hear());
    source.addEventListener("end", (event) => {
      this.over = true;
      this.close();
      this.end(JSON.parse(event.data).status);
    });
    source.onmessage = (event) => {
      this.hear();
      this.take(JSON.parse(event.data));
    };
    // A browser tries again by itself, unless the answer was no event stream.
    source.onerror = () => source.readyState === EventSource.CLOSED && this.giveUp();
  }

  close() {
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
  }

  hear() {
    this.heard = true;
    clearTimeout(this.silence);
  }

  giveUp() {
    this.close();
    // What worked before will work again: the server starts anew, or the network was away.
    if (this.heard) this.retry = setTimeout(() => this.open(), RETRY_MS);
    else this.fail();
  }
}
