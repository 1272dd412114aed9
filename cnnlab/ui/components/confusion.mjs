// The confusion matrix: a plane painted at a pixel a cell, numbers and frames laid over it.
import { clamp, escapeText, formatCount, moveInGrid } from "./shared.mjs";

/** A label needs so many pixels of its row or column to be read. */
const LABEL_LINE = 15;
/** From this darkness on numbers are white. */
const DARK = 0.75;
/** Gaps between the cells are drawn while a cell is at least so many pixels wide. */
const GAP_FROM = 9;
/** The smallest and the largest numbers in cells, in px; a digit's width for each px of it, and what is left free. */
const SMALLEST_NUMBER = 9;
const LARGEST_NUMBER = 17;
const DIGIT = 0.5;
const NUMBER_GAP = 5;

/** What one cell counts, in words; as `cell_words` of cnnlab.analysis.metrics says it. */
export function cellWords({ counts, names }, actual, predicted) {
  const images = counts[actual][predicted];
  const total = counts[actual].reduce((sum, count) => sum + count, 0);
  if (!total) return `There are no images of '${names[actual]}'`;
  const noun = total === 1 ? "image" : "images";
  const verb = images === 1 ? "was" : "were";
  const rightly = actual === predicted ? "rightly " : "";
  return `${formatCount(images)} of ${formatCount(total)} ${noun} of '${names[actual]}' ${verb} ` +
    `${rightly}called '${names[predicted]}'`;
}

/** How opaque a cell's colour is: even one image among thousands is more than none. */
export function opacity(darkness) {
  return darkness > 0 ? 0.14 + 0.86 * darkness : 0.05;
}

/** The plane's pixels, RGBA, row by row: blue on the diagonal, vermilion beside it. */
export function paint({ darkness, order, colours }) {
  const [right, wrong] = colours.map((hex) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)));
  const pixels = new Uint8ClampedArray(4 * order.length * order.length);
  order.forEach((actual, row) => order.forEach((predicted, column) => {
    const colour = actual === predicted ? right : wrong;
    pixels.set([...colour, Math.round(255 * opacity(darkness[actual][predicted]))], 4 * (row * order.length + column));
  }));
  return pixels;
}

/** The numbers of all cells as HTML, each at its place in a grid of so many rows and columns. */
export function writeNumbers({ numbers, darkness, order }) {
  if (!numbers.length) return "";
  const cells = order.flatMap((actual, row) => order.map((predicted, column) => {
    const number = numbers[actual][predicted];
    if (!number) return "";
    const dark = darkness[actual][predicted] > DARK ? ' class="dark"' : "";
    return `<span${dark} style="grid-area:${row + 1}/${column + 1}">${escapeText(number)}</span>`;
  }));
  return cells.join("");
}

/** The size of the numbers, in px: as large as the longest allows in cells of this width. */
export function sizeOfNumbers(width, classes, numbers) {
  const longest = Math.max(1, ...numbers.flat().map((number) => number.length));
  return clamp((width / classes - NUMBER_GAP) / (DIGIT * longest), SMALLEST_NUMBER, LARGEST_NUMBER);
}

/** The place (row by row) under a point of a plane of this size; null outside. */
export function placeAt(x, y, width, height, classes) {
  const column = Math.floor((x / width) * classes);
  const row = Math.floor((y / height) * classes);
  const inside = row >= 0 && row < classes && column >= 0 && column < classes;
  return inside ? row * classes + column : null;
}

/** Which labels are written: every one, or every second, third … where the lines are too narrow for all. */
export function labelEvery(length, classes) {
  return Math.max(1, Math.ceil((LABEL_LINE * classes) / Math.max(1, length)));
}

/** The names along one side as HTML. */
export function writeLabels({ names, order }, every) {
  return order.map((index, at) => {
    const name = escapeText(names[index]);
    return `<span title="${name}">${at % every ? "" : name}</span>`;
  }).join("");
}

const instances = new WeakMap();

class Confusion {
  constructor(root) {
    root.innerHTML = `<div class="confusion"><div class="side quiet"><span>actual</span></div><div class="rows"></div>
      <div class="plane" tabindex="0" role="application"><canvas></canvas><div class="lines"></div>
      <div class="numbers"></div><div class="mark chosen"></div><div class="mark under" hidden></div>
      <div class="tip" hidden></div></div>
      <div class="columns"></div><div class="title quiet">predicted</div></div>
      <div class="unseen" aria-live="polite"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      box: find(".confusion"), plane: find(".plane"), canvas: find("canvas"), lines: find(".lines"),
      numbers: find(".numbers"), chosen: find(".chosen"), under: find(".under"), tip: find(".tip"),
      rows: find(".rows"), columns: find(".columns"), spoken: find(".unseen"),
    });
    this.plane.addEventListener("click", (event) => this.choose(this.placeUnder(event)));
    // A finger chooses; only what hovers points.
    this.plane.addEventListener("pointermove", (event) =>
      this.point(event.pointerType === "touch" ? null : this.placeUnder(event)));
    this.plane.addEventListener("pointerleave", () => this.point(null));
    this.plane.addEventListener("keydown", (event) => this.onKey(event));
    this.plane.addEventListener("blur", () => this.point(null));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(root);
  }

  update({ data, setTriggerValue }) {
    this.tell = (cell) => setTriggerValue("chosen", cell);
    const drawn = JSON.stringify({ ...data, selected: null });
    this.data = data;
    if (drawn !== this.drawn) {
      this.drawn = drawn;
      this.draw();
    }
    this.frame(this.chosen, this.selectedPlace());
  }

  draw() {
    const { data, plane } = this;
    const classes = data.order.length;
    this.box.style.height = `${data.height}px`;
    plane.setAttribute("aria-label", `${data.label} Arrow keys move from cell to cell, Enter chooses one.`);
    Object.assign(this.canvas, { width: classes, height: classes });
    this.canvas.getContext("2d").putImageData(new ImageData(paint(data), classes, classes), 0, 0);
    this.numbers.innerHTML = writeNumbers(data);
    plane.style.setProperty("--classes", classes);
    this.point(null);
    this.fit();
  }

  /** What depends on the size: the gaps, and which labels stand and how. */
  fit() {
    if (!this.data || !this.plane.clientWidth) return;
    const { data, plane, columns } = this;
    const classes = data.order.length;
    // The names are written upright where one of them is wider than its column.
    columns.classList.remove("upright");
    columns.innerHTML = writeLabels(data, 1);
    const wide = [...columns.children].some((label) => label.scrollWidth > label.clientWidth);
    columns.classList.toggle("upright", wide);
    if (wide) columns.innerHTML = writeLabels(data, labelEvery(plane.clientWidth, classes));
    this.rows.innerHTML = writeLabels(data, labelEvery(plane.clientHeight, classes));
    this.numbers.style.fontSize = `${sizeOfNumbers(plane.clientWidth, classes, data.numbers)}px`;
    this.lines.hidden = Math.min(plane.clientWidth, plane.clientHeight) / classes < GAP_FROM;
  }

  frame(mark, place) {
    const classes = this.data.order.length;
    mark.hidden = place === null || place < 0;
    if (mark.hidden) return;
    const share = (at) => `${(100 * at) / classes}%`;
    Object.assign(mark.style, {
      left: share(place % classes), top: share(Math.floor(place / classes)), width: share(1), height: share(1),
    });
  }

  /** The classes of a place: actual and predicted. */
  cell(place) {
    const { order } = this.data;
    return [order[Math.floor(place / order.length)], order[place % order.length]];
  }

  selectedPlace() {
    const { order, selected } = this.data;
    return order.indexOf(selected[0]) * order.length + order.indexOf(selected[1]);
  }

  placeUnder(event) {
    const box = this.plane.getBoundingClientRect();
    return placeAt(event.clientX - box.left, event.clientY - box.top, box.width, box.height, this.data.order.length);
  }

  point(place) {
    if (place === this.place) return;
    this.place = place;
    this.frame(this.under, place);
    this.tip.hidden = place === null;
    if (place === null) return;
    this.tip.textContent = cellWords(this.data, ...this.cell(place));
    const classes = this.data.order.length;
    const { clientWidth, clientHeight } = this.plane;
    const row = Math.floor(place / classes);
    // Above the cell; below it in the first rows, where above is outside.
    const below = (row * clientHeight) / classes < this.tip.offsetHeight + 8;
    const half = this.tip.offsetWidth / 2;
    const middle = ((place % classes) + 0.5) * (clientWidth / classes);
    this.tip.classList.toggle("below", below);
    Object.assign(this.tip.style, {
      left: `${clamp(middle, half, Math.max(half, clientWidth - half))}px`,
      top: `${((row + (below ? 1 : 0)) * clientHeight) / classes}px`,
    });
  }

  choose(place) {
    if (place === null) return;
    this.frame(this.chosen, place);
    this.spoken.textContent = cellWords(this.data, ...this.cell(place));
    this.tell(this.cell(place));
  }

  onKey(event) {
    const { order } = this.data;
    const here = this.place ?? this.selectedPlace();
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(here);
      return;
    }
    const next = moveInGrid(event.key, here, order.length ** 2, order.length);
    if (next === null) return;
    event.preventDefault();
    this.point(next);
    this.spoken.textContent = cellWords(this.data, ...this.cell(next));
  }

  close() {
    this.observer.disconnect();
  }
}

export default function confusion(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) {
    instances.set(parentElement, new Confusion(parentElement.querySelector(".root")));
  }
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
