// The connection to a run's event stream: opened again after every pause, and honest about never having worked.

const SILENCE_MS = [3000, 8000]; // the first greeting may come late from a busy server; a proxy never lets it through
const RETRY_MS = 3000;
const MOST_REFUSALS = 5;

/**
 * Follows a run's events.
 * `from()` gives the last seq that was taken, `take(event)` takes one, `end(status)` is told that the run is over,
 * `fail()` that no stream gets through: the answer is no event stream, or a proxy keeps it back.
 */
export class Stream {
  constructor(url, { from, take, end, fail }) {
    Object.assign(this, { url, from, take, end, fail, source: null, heard: false, over: false });
    this.silences = this.refusals = this.closed = 0;
  }

  open() {
    clearTimeout(this.retry);
    if (this.source || this.over) return;
    const url = new URL(this.url, document.baseURI);
    url.searchParams.set("after", this.from());
    const source = (this.source = new EventSource(url));
    this.silence = setTimeout(() => this.stayedSilent(), SILENCE_MS[Math.min(this.silences, SILENCE_MS.length - 1)]);
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
    source.onerror = () => source.readyState === EventSource.CLOSED && this.refused(url);
  }

  close() {
    clearTimeout(this.silence);
    clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
    this.closed += 1;
  }

  hear() {
    this.heard = true;
    this.silences = this.refusals = 0;
    clearTimeout(this.silence);
  }

  /** No greeting in time: once more with more patience, unless that was in vain too. */
  stayedSilent() {
    this.close();
    this.silences += 1;
    if (this.heard || this.silences < SILENCE_MS.length) this.open();
    else this.fail();
  }

  /** The answer was no event stream: of a server that starts anew or has no time, or of one without our routes. */
  async refused(url) {
    this.close();
    const at = this.closed;
    this.refusals += 1;
    const passing = this.heard || (this.refusals < MOST_REFUSALS && (await passes(url)));
    if (this.closed !== at) return; // closed or opened meanwhile
    if (passing) this.retry = setTimeout(() => this.open(), RETRY_MS);
    else this.fail();
  }
}

/** Whether what stands in the way of a stream will pass: the browser does not say why it refused an answer. */
export async function passes(url) {
  const asked = new AbortController();
  try {
    const answer = await fetch(url, { signal: asked.signal });
    const stream = (answer.headers.get("content-type") ?? "").startsWith("text/event-stream");
    return stream || [429, 502, 503, 504].includes(answer.status);
  } catch {
    return true; // the network is away
  } finally {
    asked.abort(); // of a stream only the head is wanted
  }
}
