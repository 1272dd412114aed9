// A training played epoch by epoch: what it makes of one image, from sprites that are here already.
import { clamp, escapeText, formatCount, formatShare, formatValue, later } from "./shared.mjs";

const STEP = 350;
const CALM_STEP = 1000;
const LARGEST_TILE = 96;
const GAP = 4;
// Beside each other they stand as high as the probabilities above the kernels.
const HEIGHT = { kernels: 150, maps: 400 };

/** The place of the moment that is shown `elapsed` milliseconds after playing began; the last one ends it. */
export function placeAt(from, elapsed, step, count) {
  return clamp(from + Math.floor(elapsed / step), 0, count - 1);
}

/** Where playing begins: from the first moment once the last is shown. */
export function startOf(place, count) {
  return place >= count - 1 ? 0 : place;
}

/** Columns and the side of tiles, so that all are seen at once where that leaves them large enough. */
export function fit(count, aspect, width, height) {
  for (let columns = 1; ; columns += 1) {
    const gap = width / columns < 24 ? 1 : GAP;
    const across = Math.min(Math.floor((width - gap * (columns - 1)) / columns), LARGEST_TILE);
    const down = Math.max(1, Math.round(across / aspect));
    const rows = Math.ceil(count / columns);
    if (rows * (down + gap) - gap <= height || columns >= count || across <= 10) {
      return { columns, rows, gap, across: Math.max(1, across), down };
    }
  }
}

/** Where a tile of a moment lies in the film's sprite: x, y, width, height in its pixels. */
export function cut(moment, tile, { tiles, columns, width, height }) {
  const index = moment * tiles + tile;
  return [(index % columns) * width, Math.floor(index / columns) * height, width, height];
}

/** The class that a moment's probabilities are highest for: its place and its probability. */
export function top(probabilities) {
  let best = 0;
  probabilities.forEach((share, index) => {
    if (share > probabilities[best]) best = index;
  });
  return [best, probabilities[best]];
}

/** An epoch as people write it: 12, 2.5. */
export function formatEpoch(epoch) {
  return String(Number(epoch.toFixed(2)));
}

/** What a moment shows, in words. */
export function describe(moment, { epochs, probabilities, names, actual }) {
  const [best, share] = top(probabilities[moment]);
  const verdict = actual < 0 ? "" : best === actual ? ", which is right" : `, but it is ${names[actual]}`;
  const when = epochs[moment] === 0 ? "Before training" : `After epoch ${formatEpoch(epochs[moment])}`;
  return `${when} the network says ${names[best]} (${formatShare(share)})${verdict}.`;
}

/** A bar for each class that is shown: its name, its share, and what its colour says. */
export function bars(moment, { probabilities, names, actual, shown }) {
  const [best] = top(probabilities[moment]);
  return shown.map((index) => ({
    name: names[index] + (index === actual ? " ✓" : ""),
    share: probabilities[moment][index],
    kind: index === actual || (actual < 0 && index === best) ? "right" : index === best ? "wrong" : "other",
  }));
}

const FILMS = ["kernels", "maps"];
const instances = new WeakMap();

class OverTime {
  constructor(root) {
    root.innerHTML = `<div class="film"><div class="controls">
      <button type="button" class="play"></button>
      <input type="range" min="0" step="1" aria-label="Epoch"><output></output></div>
      <p class="told"></p>
      <div class="views"><section class="answers"><h4>Probabilities</h4><div class="bars"></div></section>
      <section class="kernels"><h4></h4><canvas role="img"></canvas><div class="scale"></div></section>
      <section class="maps"><h4></h4><canvas role="img"></canvas><div class="scale"></div></section></div>
      <div class="unseen" aria-live="polite"></div></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      root, play: find(".play"), slider: find("input"), output: find("output"), told: find(".told"),
      bars: find(".bars"), spoken: find(".unseen"), place: 0, plans: {}, frame: null,
    });
    this.images = Object.fromEntries(FILMS.map((name) => [name, new Image()]));
    for (const name of FILMS) this.images[name].onload = () => this.layOut();
    this.play.addEventListener("click", () => (this.frame === null ? this.start() : this.stop()));
    this.slider.addEventListener("input", () => {
      this.stop();
      this.go(Number(this.slider.value));
      this.say();
    });
    this.say = later(() => (this.spoken.textContent = describe(this.place, this.data)), 250);
    this.observer = new ResizeObserver(() => this.layOut());
    this.observer.observe(root);
    this.button();
  }

  update({ data }) {
    const before = this.data;
    this.data = data;
    const another = !before || before.subject !== data.subject || before.epochs.length !== data.epochs.length;
    if (another) {
      this.stop();
      this.place = data.initial;
    }
    this.slider.max = data.epochs.length - 1;
    this.play.disabled = data.epochs.length < 2;
    for (const name of FILMS) {
      const film = data[name];
      this.root.querySelector(`.${name}`).hidden = !film.length;
      if (film.length && this.images[name].src !== film[0].uri) this.images[name].src = film[0].uri;
    }
    this.bars.innerHTML = data.shown
      .map(() => `<div class="row"><span class="name"></span><span class="track"><i></i></span><b></b></div>`)
      .join("");
    this.layOut();
  }

  /** As many tiles side by side as fit; then the moment that is shown. */
  layOut() {
    if (!this.data || !this.root.clientWidth) return;
    for (const name of FILMS) {
      const [film] = this.data[name];
      const section = this.root.querySelector(`.${name}`);
      if (!film || !section.clientWidth) continue;
      const plan = fit(film.tiles, film.width / film.height, section.clientWidth, HEIGHT[name]);
      const sharp = window.devicePixelRatio || 1;
      const width = plan.columns * (plan.across + plan.gap) - plan.gap;
      const height = plan.rows * (plan.down + plan.gap) - plan.gap;
      const canvas = section.querySelector("canvas");
      Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
      Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
      this.plans[name] = { ...plan, sharp };
      const more = film.leftOut ? ` · the first ${film.tiles} of ${formatCount(film.tiles + film.leftOut)}` : "";
      section.querySelector("h4").textContent = film.title + more;
      section.querySelector(".scale").innerHTML =
        `<span>${formatValue(film.low)}</span><i style="background: linear-gradient(to right, ${film.palette
          .map(escapeText).join(", ")})"></i><span>${formatValue(film.high)}</span><span>at every epoch</span>`;
    }
    this.go(this.place);
  }

  /** Show a moment. */
  go(place) {
    const { data } = this;
    this.place = clamp(place, 0, data.epochs.length - 1);
    const words = describe(this.place, data);
    this.slider.value = this.place;
    this.slider.setAttribute("aria-valuetext", words);
    this.output.textContent =
      `Epoch ${formatEpoch(data.epochs[this.place])} of ${formatEpoch(data.epochs[data.epochs.length - 1])}`;
    this.told.textContent = words;
    bars(this.place, data).forEach((bar, index) => {
      const row = this.bars.children[index];
      row.className = `row ${bar.kind}`;
      row.querySelector(".name").textContent = bar.name;
      row.querySelector("i").style.width = `${bar.share * 100}%`;
      row.querySelector("b").textContent = formatShare(bar.share);
    });
    for (const name of FILMS) this.paint(name);
  }

  paint(name) {
    const [film] = this.data[name];
    const image = this.images[name];
    const plan = this.plans[name];
    if (!film || !plan || !image.complete || !image.naturalWidth) return;
    const canvas = this.root.querySelector(`.${name} canvas`);
    const context = canvas.getContext("2d");
    context.setTransform(plan.sharp, 0, 0, plan.sharp, 0, 0);
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (let tile = 0; tile < film.tiles; tile += 1) {
      const x = (tile % plan.columns) * (plan.across + plan.gap);
      const y = Math.floor(tile / plan.columns) * (plan.down + plan.gap);
      context.drawImage(image, ...cut(this.place, tile, film), x, y, plan.across, plan.down);
    }
    const [low, high] = film.ends[this.place];
    const epoch = formatEpoch(this.data.epochs[this.place]);
    canvas.setAttribute(
      "aria-label", `${film.title}, epoch ${epoch}: from ${formatValue(low)} to ${formatValue(high)}`,
    );
  }

  start() {
    const from = startOf(this.place, this.data.epochs.length);
    const step = matchMedia("(prefers-reduced-motion: reduce)").matches ? CALM_STEP : STEP;
    const began = performance.now();
    this.go(from);
    const tick = (now) => {
      const place = placeAt(from, now - began, step, this.data.epochs.length);
      if (place !== this.place) this.go(place);
      if (place === this.data.epochs.length - 1) {
        this.stop();
        this.say();
      } else this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
    this.button();
  }

  stop() {
    if (this.frame === null) return;
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.button();
    this.say();
  }

  button() {
    const playing = this.frame !== null;
    this.play.innerHTML = playing
      ? `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M6 5h4v14H6zM14 5h4v14h-4z"/></svg>Pause`
      : `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>Play`;
  }

  close() {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
    this.say.cancel();
    this.observer.disconnect();
  }
}

export default function overTime(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) {
    instances.set(parentElement, new OverTime(parentElement.querySelector(".root")));
  }
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
