// What a run's numbers say, in the words of cnnlab/analysis/progress.py: asked for again as the training goes on.
import { escapeText } from "./shared.mjs";

const SOON_MS = 2000; // after an epoch or a status: as often as anybody can read
const SOMETIMES_MS = 8000; // after anything else: a training may go wrong in the midst of an epoch
const NEWS = ["epoch", "status", "tested", undefined];

/** The findings as list items, as HTML. */
export function drawWords(found) {
  const item = ({ tone, title, text }) =>
    `<li class="${escapeText(tone)}"><b>${escapeText(title)}.</b> <span>${escapeText(text)}</span></li>`;
  return (found ?? []).map(item).join("");
}

/** How long to wait, in milliseconds, before the words are asked for after an event of this kind. */
export function waitFor(kind, sinceAsked) {
  return Math.max(0, (NEWS.includes(kind) ? SOON_MS : SOMETIMES_MS) - sinceAsked);
}

/** The words of one run; `show(found)` is called with each new list. */
export class Words {
  constructor(show) {
    this.show = show;
    this.asked = -Infinity;
  }

  /** What the page knows already, and where there is more. */
  take(found, url) {
    this.url = url;
    this.show(found);
  }

  /** Something has happened: the words are asked for again, soon. */
  stir(kind) {
    const due = performance.now() + waitFor(kind, performance.now() - this.asked);
    if (this.timer && due >= this.due) return;
    clearTimeout(this.timer);
    this.due = due;
    this.timer = setTimeout(() => this.ask(), due - performance.now());
  }

  async ask() {
    this.timer = null;
    this.asked = performance.now();
    if (!this.url || document.hidden) return;
    try {
      const answer = await fetch(new URL(this.url, document.baseURI));
      if (answer.ok && !this.gone) this.show((await answer.json()).words);
    } catch {
      // A host without our routes, or no network: the page's own words stay.
    }
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
  }
}
