// Inside the network while it trains: kernels and maps that move, and how each layer does.
import { feedOf } from "./live_feed.mjs";
import { escapeText, formatShare, formatValue } from "./shared.mjs";

const REDRAW_MS = 300;
const LEAST_POWER = -7; // the bars of gradients and updates run from 1e-7 to 1, a power of ten a seventh

const COLUMNS = [
  { name: "dead", label: "Dead", help: "Share of ReLUs that give 0 for every image of the batch" },
  { name: "saturated", label: "Saturated", help: "Share of outputs at the flat ends of a sigmoid or tanh" },
  { name: "gradient", label: "Gradient", help: "Its size divided by that of the weights" },
  { name: "update", label: "Update", help: "What a step changes, divided by the weights; about 0.001 is healthy" },
];

/** Length of a bar, 0–1: a share as it is, a ratio by its power of ten. */
export function barLength(name, value) {
  if (!Number.isFinite(value)) return 0;
  const length = name === "dead" || name === "saturated" ? value : 1 - Math.log10(Math.max(value, 1e-30)) / LEAST_POWER;
  return Math.min(1, Math.max(0, length));
}

/** Whether a measure is beyond what is healthy. */
export function isUnwell(name, value, limits) {
  if (!Number.isFinite(value)) return false;
  if (name === "update") return value >= limits.largeUpdate || value <= limits.tinyUpdate;
  return name in limits && value >= limits[name];
}

/** The last look at the layers as a table, as HTML; nothing without one. */
export function drawHealth(history, limits) {
  const look = history.health[history.health.length - 1];
  if (!look) return "";
  const columns = COLUMNS.filter(({ name }) => look.layers.some((layer) => layer[name] != null));
  const heads = columns.map(({ label, help }) => `<th scope="col" title="${escapeText(help)}">${label}</th>`).join("");
  const cell = (layer, name) => {
    const value = layer[name];
    if (value == null) return '<td class="quiet">–</td>';
    const words = name === "dead" || name === "saturated" ? formatShare(value) : formatValue(value);
    const width = (100 * barLength(name, value)).toFixed(0);
    const bar = `<span class="gauge"><i style="width:${width}%"></i></span>`;
    return `<td class="${isUnwell(name, value, limits) ? "unwell" : ""}">${bar}<span>${words}</span></td>`;
  };
  const row = (layer) =>
    `<tr><th scope="row">${escapeText(layer.name)}</th>${columns.map(({ name }) => cell(layer, name)).join("")}</tr>`;
  return `<table><caption class="unseen">Health of the layers at step ${look.step}</caption>` +
    `<thead><tr><th scope="col">Layer</th>${heads}</tr></thead><tbody>${look.layers.map(row).join("")}</tbody></table>`;
}

/** The moving pictures, as HTML; nothing without any. */
export function drawPictures(found) {
  if (!found?.kernels) return "";
  const layer = escapeText(found.layer);
  const some = found.shown < found.are ? `, ${found.shown} of ${found.are}` : "";
  return `<p><b>Kernels of ${layer}</b><span class="quiet">${some} · step ${Number(found.step)}</span></p>` +
    `<img class="kernels" alt="Kernels of ${layer}" src="${escapeText(found.kernels)}">` +
    `<p><b>What they make of an image</b></p><div class="maps">` +
    `<img class="image" alt="The first test image" src="${escapeText(found.image)}">` +
    `<img alt="Feature maps of ${layer}" src="${escapeText(found.maps)}"></div>`;
}

class LiveLayers {
  constructor(root) {
    root.innerHTML = '<div class="pictures"></div><div class="health"></div><p class="waiting quiet"></p>';
    const part = (name) => root.querySelector(name);
    this.parts = { pictures: part(".pictures"), health: part(".health"), waiting: part(".waiting") };
  }

  update({ data }) {
    const before = this.data;
    this.data = data;
    if (before?.url !== data.url) {
      this.feed?.leave(this);
      this.shown = null;
      this.parts.pictures.innerHTML = "";
      this.feed = feedOf(data.url).join(this);
    }
    this.parts.waiting.textContent = data.waiting;
    this.take(null);
  }

  /** The feed has an event, or a whole history. */
  take(event) {
    if (event && !["health", "snapshot", "started"].includes(event.kind)) return;
    this.timer ??= setTimeout(() => this.paint(), REDRAW_MS);
  }

  end() {
    this.take(null);
  }

  paint() {
    this.timer = null;
    if (this.gone) return;
    this.parts.health.innerHTML = drawHealth(this.feed.history, this.data.limits);
    this.look();
  }

  /** Fetches the pictures of a newer step; one question at a time. */
  async look() {
    const wanted = this.feed.history.snapshotStep;
    if (!wanted || wanted === this.shown || this.asking || document.hidden) return;
    this.asking = true;
    try {
      const answer = await fetch(new URL(this.data.pictures, document.baseURI));
      if (!answer.ok || this.gone) return;
      const found = await answer.json();
      this.shown = wanted;
      await this.show(found);
    } catch {
      this.shown = wanted; // a host without our routes: the numbers stay
    } finally {
      this.asking = false;
      if (this.feed.history.snapshotStep !== wanted) this.take(null);
    }
  }

  /** Puts new pictures in the places of the old ones once they can be drawn: nothing flickers. */
  async show(found) {
    const fresh = document.createElement("div");
    fresh.innerHTML = drawPictures(found);
    await Promise.all([...fresh.querySelectorAll("img")].map((image) => image.decode().catch(() => null)));
    if (!this.gone) this.parts.pictures.replaceChildren(...fresh.childNodes);
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    this.feed?.leave(this);
  }
}

const panels = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!panels.has(parentElement)) panels.set(parentElement, new LiveLayers(parentElement.querySelector(".root")));
  const panel = panels.get(parentElement);
  panel.update(component);
  return () => {
    panel.leave();
    panels.delete(parentElement);
  };
}
