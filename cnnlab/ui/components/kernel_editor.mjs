// The weights of one kernel for one input channel, as trained and as they are now: painted by pointer or keyboard.
import { css, diverging, ink } from "./convolution_paint.mjs";
import { clamp, formatValue, later, moveInGrid } from "./shared.mjs";

const LARGEST_CELL = 56;
const SMALLEST_CELL = 5;
const READABLE = 32;
// A grid is about as high as the controls beside it.
const ROOM = 176;
const GAP = 20;
// The brush reaches a little beyond the layer's largest weight; its steps and those of + and − are parts of that.
const REACH = 1.5;
const STEPS = 20;
const KEYBOARD_PAUSE = 500;

/** The side of a cell in pixels: as large as two grids beside each other allow. */
export function cellSide(rows, columns, width) {
  const across = (width - GAP) / 2 / columns;
  return clamp(Math.floor(Math.min(ROOM / rows, across)), SMALLEST_CELL, LARGEST_CELL);
}

/** The cell under a point of the grid, its place in the row of all cells; null beyond the grid. */
export function cellAt(x, y, { rows, columns, side }) {
  const [row, column] = [Math.floor(y / side), Math.floor(x / side)];
  const inside = row >= 0 && row < rows && column >= 0 && column < columns;
  return inside ? row * columns + column : null;
}

/** All cells on the straight line between two: a quick stroke leaves none out (Bresenham, 1965). */
export function stroke(from, to, columns) {
  let [row, column] = [Math.floor(from / columns), from % columns];
  const [lastRow, lastColumn] = [Math.floor(to / columns), to % columns];
  const [down, across] = [Math.abs(lastRow - row), Math.abs(lastColumn - column)];
  let slack = across - down;
  const cells = [row * columns + column];
  while (row !== lastRow || column !== lastColumn) {
    const twice = 2 * slack;
    if (twice > -down) {
      slack -= down;
      column += Math.sign(lastColumn - column);
    }
    if (twice < across) {
      slack += across;
      row += Math.sign(lastRow - row);
    }
    cells.push(row * columns + column);
  }
  return cells;
}

/** The weights with some cells given a value. */
export function painted(values, cells, value) {
  const next = values.slice();
  for (const cell of cells) next[cell] = value;
  return next;
}

/** What a key makes of a weight; null where it changes none. */
export function keyed(key, value, brush, extreme) {
  if (key === "Enter" || key === " ") return brush;
  if (key === "0" || key === "Delete" || key === "Backspace") return 0;
  const step = (extreme * 2) / STEPS;
  if (key === "+" || key === "=") return rounded(value + step);
  return key === "-" || key === "−" ? rounded(value - step) : null;
}

/** A weight without the dust of binary fractions: seven digits are all that float32 holds. */
export const rounded = (value) => Number(value.toPrecision(7)) || 0;

/** The range of the brush: {low, high, step}. */
export function brushRange(extreme) {
  return { low: -REACH * extreme, high: REACH * extreme, step: extreme / STEPS };
}

/** Flat weights as rows. */
export function inRows(values, columns) {
  return Array.from({ length: values.length / columns }, (_, row) => values.slice(row * columns, (row + 1) * columns));
}

/** One cell in words. */
export function describe(cell, columns, values, before) {
  const place = `Row ${Math.floor(cell / columns) + 1}, column ${(cell % columns) + 1}`;
  const now = formatValue(values[cell]);
  const then = formatValue(before[cell]);
  return values[cell] === before[cell] ? `${place}: ${now}` : `${place}: ${then} → ${now}`;
}

/** All weights in words, where they are few enough to be heard. */
export function spelled(values, columns, most = 49) {
  if (values.length > most) return `${values.length / columns} rows of ${columns} weights`;
  return inRows(values, columns).map((row) => row.map((value) => formatValue(value)).join(", ")).join("; ");
}

const instances = new WeakMap();

class KernelEditor {
  constructor(root) {
    root.innerHTML = `<div class="editor">
      <div class="grids"><div class="part before"><h4>As trained</h4><div class="stage" role="img"><canvas></canvas>
        <div class="numbers" aria-hidden="true"></div></div></div>
      <div class="part now"><h4></h4>
        <div class="stage" tabindex="0" role="application" aria-roledescription="kernel"><canvas></canvas>
        <div class="numbers" aria-hidden="true"></div><div class="mark"></div></div></div></div>
      <div class="brush"><span class="swatch"></span><label>Brush <output></output>
        <input type="range" aria-label="Weight that the brush paints"></label>
        <span class="tools"><button type="button" data-part="-1" aria-label="Paint the most negative weight">−</button>
        <button type="button" data-part="0" aria-label="Paint zeros">0</button>
        <button type="button" data-part="1" aria-label="Paint the most positive weight">+</button></span></div>
      <p class="line quiet"></p></div><div class="unseen" aria-live="polite"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      root, then: find(".before .stage"), stage: find(".now .stage"), mark: find(".mark"), range: find("input"),
      output: find("output"), swatch: find(".swatch"), line: find(".line"), spoken: find(".unseen"), cell: 0,
    });
    this.stage.addEventListener("pointerdown", (event) => this.begin(event));
    this.stage.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) this.stage.addEventListener(end, () => this.end());
    this.stage.addEventListener("keydown", (event) => this.onKey(event));
    root.addEventListener("focusout", () => this.flush());
    this.range.addEventListener("input", () => this.take(Number(this.range.value)));
    find(".tools").addEventListener("click", (event) => {
      const { part } = event.target.dataset;
      if (part !== undefined) this.take(Number(part) * this.data.extreme);
    });
    this.soon = later(() => this.flush(), KEYBOARD_PAUSE);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(root);
  }

  update({ data, setTriggerValue }) {
    const other = this.data?.id !== data.id;
    if (other) this.flush(); // what was painted on the kernel before belongs to that one
    this.tell = (kernel) => setTriggerValue("painted", kernel);
    // While somebody paints, what Python knows is older than what is on the screen.
    if (other || !(this.last != null || this.pending)) this.values = data.now.slice();
    if (other && this.data?.extreme !== data.extreme) this.brush = data.extreme;
    this.data = data;
    this.cell = clamp(other ? Math.floor(data.now.length / 2) : this.cell, 0, data.now.length - 1);
    const { low, high, step } = brushRange(data.extreme);
    Object.assign(this.range, { min: low, max: high, step });
    this.root.querySelector(".now h4").textContent = data.locked ? "Now: switched off" : "Now: paint on it";
    this.root.querySelector(".editor").classList.toggle("locked", data.locked);
    this.stage.setAttribute("aria-label", `${data.label}. Arrow keys move` + (data.locked ? "; switched off." :
      ", Enter paints with the brush, plus and minus change the weight, 0 clears it."));
    this.take(this.brush);
    this.redraw();
  }

  take(value) {
    const { low, high } = brushRange(this.data.extreme);
    this.brush = rounded(clamp(value, low, high));
    this.range.value = this.brush;
    const told = formatValue(this.brush);
    this.output.textContent = told;
    this.range.setAttribute("aria-valuetext", told);
    this.swatch.style.background = this.colour(this.brush);
  }

  colour(value) {
    return css(diverging(value / this.data.extreme));
  }

  redraw() {
    const width = Math.floor(this.root.clientWidth);
    if (!this.data || !width) return;
    const { rows, columns } = this.data;
    this.plan = { rows, columns, side: cellSide(rows, columns, width) };
    this.paint(this.then, this.data.before);
    this.then.setAttribute("aria-label", `As trained: ${spelled(this.data.before, columns)}`);
    this.show();
  }

  /** One canvas pixel a weight, stretched by the style sheet; numbers where they can be read. */
  paint(stage, values) {
    const { rows, columns, side } = this.plan;
    const canvas = stage.querySelector("canvas");
    Object.assign(canvas, { width: columns, height: rows });
    Object.assign(stage.style, { width: `${columns * side}px`, height: `${rows * side}px` });
    const bytes = new Uint8ClampedArray(values.length * 4);
    const shades = values.map((value) => diverging(value / this.data.extreme));
    shades.forEach((shade, k) => bytes.set([...shade, 255], 4 * k));
    canvas.getContext("2d").putImageData(new ImageData(bytes, columns, rows), 0, 0);
    const numbers = stage.querySelector(".numbers");
    numbers.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    numbers.replaceChildren(...(side < READABLE ? [] : values.map((value, k) => {
      const number = document.createElement("span");
      number.textContent = formatValue(value);
      number.style.color = ink(shades[k]);
      return number;
    })));
  }

  show() {
    const { columns, side } = this.plan;
    this.paint(this.stage, this.values);
    Object.assign(this.mark.style, {
      left: `${(this.cell % columns) * side}px`, top: `${Math.floor(this.cell / columns) * side}px`,
      width: `${side}px`, height: `${side}px`,
    });
    this.line.textContent = describe(this.cell, columns, this.values, this.data.before);
  }

  under(event) {
    const box = this.stage.getBoundingClientRect();
    return this.plan ? cellAt(event.clientX - box.left, event.clientY - box.top, this.plan) : null;
  }

  begin(event) {
    const cell = this.under(event);
    if (cell === null || event.button) return;
    event.preventDefault();
    this.stage.focus({ preventScroll: true });
    this.stage.setPointerCapture(event.pointerId);
    this.last = cell;
    this.lay([cell]);
  }

  go(event) {
    const cell = this.under(event);
    if (cell === null) return;
    if (this.last != null && cell !== this.last) {
      const cells = stroke(this.last, cell, this.data.columns);
      this.last = cell;
      this.lay(cells);
    } else if (this.last == null && cell !== this.cell) {
      this.cell = cell;
      this.show();
    }
  }

  lay(cells) {
    this.cell = cells.at(-1);
    this.change(painted(this.values, cells, this.brush));
  }

  end() {
    if (this.last == null) return;
    this.last = null;
    this.flush();
  }

  change(values) {
    if (this.data.locked) values = this.values;
    this.pending ||= values.some((value, k) => value !== this.values[k]);
    this.values = values;
    this.show();
  }

  onKey(event) {
    if (!this.plan || event.ctrlKey || event.metaKey || event.altKey) return;
    const { columns, extreme } = this.data;
    const next = moveInGrid(event.key, this.cell, this.values.length, columns);
    const value = keyed(event.key, this.values[this.cell], this.brush, extreme);
    if (next === null && value === null) return;
    event.preventDefault();
    if (next !== null) this.cell = next;
    this.change(next === null ? painted(this.values, [this.cell], value) : this.values);
    this.spoken.textContent = describe(this.cell, columns, this.values, this.data.before);
    if (next === null) this.soon();
  }

  /** Hand over what was painted, if anything was. */
  flush() {
    this.soon.cancel();
    if (!this.pending || this.last != null) return;
    this.pending = false;
    const { layer, filter, channel, columns } = this.data;
    this.tell({ layer, filter, channel, values: inRows(this.values, columns), at: Date.now() });
  }

  close() {
    this.soon.cancel();
    this.observer.disconnect();
  }
}

export default function kernelEditor(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new KernelEditor(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
