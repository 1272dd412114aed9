// Tiles of one sprite in a grid, one of them enlarged beside it. A pixel of the sprite is a value.
import { clamp, escapeText, formatCount, formatShare, formatValue, later, moveInGrid } from "./shared.mjs";

const GAP = 4;
const LARGEST_TILE = 150;
const SMALLEST_TILE = 12;
const NARROW = 560;
const PANEL = 264 + 20;
// About as high as the panel beside the grid; below the panel there is a page to scroll.
const HEIGHT = { wide: 430, narrow: 560 };

/**
 * How many columns, and how large a tile is, in pixels: as large as they can be and yet all be seen at once.
 *
 * @param count tiles
 * @param aspect a tile's width ÷ its height
 * @param width the width that is there
 * @param height the height that they should not exceed; they do where a tile would be too small to point at
 */
export function arrange(count, aspect, width, height) {
  for (let columns = 1; ; columns += 1) {
    const gap = width / columns < 40 ? 2 : GAP;
    const tileWidth = Math.min(Math.floor((width - gap * (columns - 1)) / columns), LARGEST_TILE);
    const tileHeight = tileWidth / aspect;
    const rows = Math.ceil(count / columns);
    const fits = rows * (tileHeight + gap) - gap <= height;
    if (fits || columns >= count || tileWidth <= SMALLEST_TILE) return { columns, rows, tileWidth, tileHeight, gap };
  }
}

/** Where a tile lies in the grid. */
export function place(index, plan) {
  return {
    x: (index % plan.columns) * (plan.tileWidth + plan.gap),
    y: Math.floor(index / plan.columns) * (plan.tileHeight + plan.gap),
  };
}

/** The tile under a point of the grid; null between tiles and beyond the last. */
export function tileAt(x, y, count, plan) {
  const column = Math.floor(x / (plan.tileWidth + plan.gap));
  const row = Math.floor(y / (plan.tileHeight + plan.gap));
  const index = row * plan.columns + column;
  const inside =
    x >= 0 && y >= 0 && column < plan.columns && index < count &&
    x - column * (plan.tileWidth + plan.gap) < plan.tileWidth &&
    y - row * (plan.tileHeight + plan.gap) < plan.tileHeight;
  return inside ? index : null;
}

/** Where a tile lies in the sprite: x, y, width, height in its pixels. */
export function cut(index, { columns, width, height }) {
  return [(index % columns) * width, Math.floor(index / columns) * height, width, height];
}

/** One tile in words. */
export function describe(index, { noun, count, statistics }) {
  const [minimum, maximum, zeros] = statistics[index];
  const values = minimum === maximum
    ? `value ${formatValue(minimum)}`
    : `minimum ${formatValue(minimum)}, maximum ${formatValue(maximum)}, ${formatShare(zeros)} zeros`;
  return `${noun} ${index} of ${count}: ${values}`;
}

/** The enlarged tile's words as HTML. */
export function details(index, data) {
  const [minimum, maximum, zeros] = data.statistics[index];
  const [low, high] = data.ranges[index];
  const single = data.width * data.height === 1;
  const rows = single
    ? [["value", formatValue(minimum)]]
    : [["minimum", formatValue(minimum)], ["maximum", formatValue(maximum)], ["zeros", formatShare(zeros)],
      ["size", `${data.height}×${data.width}`]];
  return {
    title: `${data.noun.charAt(0).toUpperCase()}${data.noun.slice(1)} ${index}`,
    ends: [formatValue(low), ...(low < 0 && high > 0 ? ["0"] : []), formatValue(high)],
    rows: rows.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join(""),
  };
}

const instances = new WeakMap();

class Maps {
  constructor(root) {
    root.innerHTML = `<div class="maps">
      <div class="grid" tabindex="0" role="application" aria-roledescription="grid of pictures">
        <canvas></canvas><div class="mark chosen"></div><div class="mark under" hidden></div>
        <div class="tip" hidden></div></div>
      <div class="panel"><div class="picture"><h4></h4><canvas class="large" role="img"></canvas></div>
        <div><div class="bar"></div><div class="ends quiet"></div><dl></dl></div></div>
      <p class="rest quiet" hidden></p></div><div class="unseen" aria-live="polite"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      box: find(".maps"), grid: find(".grid"), sheet: find(".grid canvas"), chosen: find(".chosen"),
      under: find(".under"), tip: find(".tip"), large: find(".large"), spoken: find(".unseen"), root,
    });
    this.image = new Image();
    this.image.onload = () => this.redraw();
    this.grid.addEventListener("click", (event) => this.onClick(event));
    this.grid.addEventListener("pointermove", (event) => this.onHover(this.tileUnder(event)));
    this.grid.addEventListener("pointerleave", () => this.onHover(null));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
    this.report = later((index) => this.tell(index), 250);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(root);
  }

  update({ data, setTriggerValue }) {
    const before = this.data;
    // The chosen tile stays while a slider changes the picture under it; another layer begins anew.
    if (!before || before.asked !== data.asked || before.label !== data.label) this.index = data.initial;
    this.index = clamp(this.index, 0, data.count - 1);
    this.data = data;
    // A trigger, not a state: a tile that is clicked again after Python chose another is news to Python.
    this.tell = (index) => data.report && setTriggerValue("selected", index);
    this.grid.setAttribute("aria-label", `${data.label}: ${data.count} tiles. Arrow keys move, Enter enlarges.`);
    const rest = this.root.querySelector(".rest");
    rest.hidden = !data.leftOut;
    rest.textContent = `The first ${formatCount(data.count)} are shown; ${formatCount(data.leftOut)} more are not.`;
    if (before?.uri === data.uri) this.redraw();
    else this.image.src = data.uri;
  }

  redraw() {
    const width = Math.floor(this.root.clientWidth);
    if (!this.data || !width || !this.image.complete || !this.image.naturalWidth) return;
    const narrow = width < NARROW;
    const { count, width: columns, height: rows } = this.data;
    this.box.classList.toggle("narrow", narrow);
    this.box.classList.toggle("single", columns * rows === 1);
    this.plan = arrange(count, columns / rows, narrow ? width : width - PANEL, HEIGHT[narrow ? "narrow" : "wide"]);
    this.paintGrid();
    this.show();
  }

  paintGrid() {
    const { plan, data } = this;
    const width = plan.columns * (plan.tileWidth + plan.gap) - plan.gap;
    const height = plan.rows * (plan.tileHeight + plan.gap) - plan.gap;
    const sharp = window.devicePixelRatio || 1;
    Object.assign(this.sheet, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
    Object.assign(this.sheet.style, { width: `${width}px`, height: `${height}px` });
    this.grid.style.width = `${width}px`;
    const context = this.sheet.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.scale(sharp, sharp);
    for (let index = 0; index < data.count; index += 1) {
      const { x, y } = place(index, plan);
      context.drawImage(this.image, ...cut(index, data), x, y, plan.tileWidth, plan.tileHeight);
    }
  }

  /** Enlarge the chosen tile: one canvas pixel a value, stretched by the style sheet. */
  show() {
    const { data, index } = this;
    Object.assign(this.large, { width: data.width, height: data.height });
    this.large.getContext("2d").drawImage(this.image, ...cut(index, data), 0, 0, data.width, data.height);
    this.large.setAttribute("aria-label", describe(index, data));
    const words = details(index, data);
    this.root.querySelector("h4").textContent = words.title;
    this.root.querySelector("dl").innerHTML = words.rows;
    this.root.querySelector(".bar").style.background = `linear-gradient(to right, ${data.palette.join(", ")})`;
    this.root.querySelector(".ends").innerHTML = words.ends.map((end) => `<span>${escapeText(end)}</span>`).join("");
    this.frame(this.chosen, index);
  }

  frame(mark, index) {
    mark.hidden = index === null;
    if (index === null) return;
    const { x, y } = place(index, this.plan);
    Object.assign(mark.style, {
      left: `${x}px`, top: `${y}px`, width: `${this.plan.tileWidth}px`, height: `${this.plan.tileHeight}px`,
    });
  }

  choose(index, pause) {
    if (index === this.index && pause) return;
    this.index = index;
    this.show();
    this.spoken.textContent = describe(index, this.data);
    if (pause) this.report(index);
    else {
      this.report.cancel();
      this.tell(index);
    }
  }

  tileUnder(event) {
    if (!this.plan) return null;
    const box = this.grid.getBoundingClientRect();
    return tileAt(event.clientX - box.left, event.clientY - box.top, this.data.count, this.plan);
  }

  onHover(index) {
    this.frame(this.under, index);
    this.tip.hidden = index === null;
    if (index === null) return;
    const { x, y } = place(index, this.plan);
    const half = 40;
    const middle = clamp(x + this.plan.tileWidth / 2, half, Math.max(half, this.grid.clientWidth - half));
    Object.assign(this.tip.style, { left: `${middle}px`, top: `${y}px` });
    this.tip.textContent = `${this.data.noun} ${index}`;
  }

  onClick(event) {
    const index = this.tileUnder(event);
    if (index !== null) this.choose(index, false);
  }

  onKey(event) {
    if (!this.plan) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(this.index, false);
      return;
    }
    const next = moveInGrid(event.key, this.index, this.data.count, this.plan.columns);
    if (next === null) return;
    event.preventDefault();
    this.choose(next, true);
  }

  close() {
    this.report.cancel();
    this.observer.disconnect();
  }
}

export default function maps(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Maps(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
