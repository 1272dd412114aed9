// The pieces that the convolution is made of on the page: a picture with a window on it, a grid of numbers.
import { css, ink, paint, pixel } from "./convolution_paint.mjs";
import { formatNumber } from "./convolution_words.mjs";

const READABLE = 26;
const LARGEST_CELL = 64;
const SMALLEST_CELL = 24;
const MOST_ELEMENTS = 49;

/** A picture whose pixels are squares, with numbers on them where they are large enough to hold them. */
export class Picture {
  constructor(box) {
    this.box = box;
    this.stage = box.querySelector(".stage");
    this.canvas = box.querySelector("canvas");
    this.window = box.querySelector(".window");
    this.numbers = box.querySelector(".numbers");
  }

  /** Show an image; `margin` is how much padding lies around it, `padding` what stands there. */
  show(image, tone, margin, room, padding) {
    const { width, height, bytes } = paint(image, tone, margin ?? undefined);
    Object.assign(this, { image, tone, margin, width, height, bytes });
    Object.assign(this.canvas, { width, height });
    this.cell = Math.min(room.width / width, room.height / height, LARGEST_CELL);
    Object.assign(this.stage.style, { width: `${width * this.cell}px`, height: `${height * this.cell}px` });
    this.stage.style.setProperty("--cell", `${this.cell}px`);
    this.write(padding);
    this.fill(Infinity);
  }

  /** Show the first so many pixels only: the others are still to come. */
  fill(count) {
    if (!this.width) return;
    const opaque = this.margin ? this.width * this.height : count;
    if (!this.margin) for (let k = 0; k < this.width * this.height; k += 1) this.bytes[4 * k + 3] = k < opaque ? 255 : 0;
    this.canvas.getContext("2d").putImageData(new ImageData(this.bytes, this.width, this.height), 0, 0);
    if (!this.margin) [...this.numbers.children].forEach((each, k) => (each.hidden = k >= count));
  }

  write(padding) {
    this.numbers.replaceChildren();
    if (this.cell < READABLE || this.image.channels > 1) return;
    const { top = 0, left = 0 } = this.margin ?? {};
    this.numbers.style.gridTemplateColumns = `repeat(${this.width}, 1fr)`;
    for (let k = 0; k < this.width * this.height; k += 1) {
      const [row, column] = [Math.floor(k / this.width) - top, (k % this.width) - left];
      const inside = row >= 0 && column >= 0 && row < this.image.height && column < this.image.width;
      const cell = document.createElement("span");
      const at = row * this.image.width + column;
      cell.textContent = inside ? formatNumber(this.image.values[at], 5) : padding;
      if (inside) cell.style.color = ink(pixel(this.image, at, this.tone));
      else cell.className = "zero";
      this.numbers.append(cell);
    }
  }

  /** Put the window where it reads, in pixels of what is shown; `taps` are the pixels that dilation leaves. */
  mark(left, top, across, down, taps) {
    const part = (value, whole) => `${(100 * value) / whole}%`;
    Object.assign(this.window.style, {
      left: part(left, this.width), top: part(top, this.height),
      width: part(across, this.width), height: part(down, this.height),
    });
    const key = taps ? `${taps.rows} ${taps.columns} ${taps.dilation}` : "";
    if (this.window.dataset.taps === key) return;
    this.window.dataset.taps = key;
    this.window.replaceChildren();
    for (let k = 0; taps && k < taps.rows * taps.columns; k += 1) {
      const tap = document.createElement("i");
      Object.assign(tap.style, {
        left: part((k % taps.columns) * taps.dilation, across), top: part(Math.floor(k / taps.columns) * taps.dilation, down),
        width: part(1, across), height: part(1, down),
      });
      this.window.append(tap);
    }
  }

  /** Where a pointer is, in pixels of what is shown, with fractions. */
  under({ clientX, clientY }) {
    const box = this.stage.getBoundingClientRect();
    return { x: ((clientX - box.left) * this.width) / box.width, y: ((clientY - box.top) * this.height) / box.height };
  }
}

/** A small grid of numbers: the patch, the kernel, the products. The kernel's cells are inputs. */
export class Grid {
  constructor(box, { editable = false, label = "" } = {}) {
    Object.assign(this, { box, editable, label, cells: [], rows: 0, columns: 0 });
  }

  /** As many cells as are asked for, as large as the room allows. */
  shape(rows, columns, room) {
    this.side = Math.max(Math.min(Math.floor(room.width / columns), Math.floor(room.height / rows), 46), SMALLEST_CELL);
    this.box.style.setProperty("--side", `${this.side}px`);
    this.box.classList.toggle("small", this.side < 34);
    this.painted = !this.editable && rows * columns > MOST_ELEMENTS;
    if (this.painted) this.prepare(rows, columns);
    if (rows === this.rows && columns === this.columns) return;
    Object.assign(this, { rows, columns });
    if (this.painted) return;
    this.box.style.gridTemplateColumns = `repeat(${columns}, var(--side))`;
    this.cells = Array.from({ length: rows * columns }, (_, k) => this.cell(k));
    this.box.replaceChildren(...this.cells);
  }

  // Hundreds of elements take longer than a frame to lay out and paint; one canvas does not.
  prepare(rows, columns) {
    const canvas = this.box.querySelector("canvas") ?? document.createElement("canvas");
    if (!canvas.parentElement) this.box.replaceChildren(canvas);
    const [width, height] = [columns * (this.side + 1) - 1, rows * (this.side + 1) - 1];
    const sharp = window.devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    this.box.style.gridTemplateColumns = "auto";
    const style = getComputedStyle(this.box);
    this.pen = canvas.getContext("2d");
    this.pen.scale(sharp, sharp);
    Object.assign(this.pen, { font: `11px ${style.fontFamily}`, textAlign: "center", textBaseline: "middle" });
    this.absent = style.getPropertyValue("color");
    this.cells = [];
  }

  paint(values, colour, { there = null, winner = -1 }) {
    const { pen, side } = this;
    pen.clearRect(0, 0, this.columns * (side + 1), this.rows * (side + 1));
    values.forEach((value, k) => {
      const [x, y] = [(k % this.columns) * (side + 1), Math.floor(k / this.columns) * (side + 1)];
      const absent = there !== null && !there[k];
      const shade = colour(value);
      pen.globalAlpha = absent ? 0.12 : 1;
      pen.fillStyle = absent ? this.absent : css(shade);
      pen.fillRect(x, y, side, side);
      pen.globalAlpha = absent ? 0.7 : 1;
      pen.fillStyle = absent ? this.absent : ink(shade);
      if (!absent || this.zeros) pen.fillText(formatNumber(value, 4), x + side / 2, y + side / 2 + 1);
      if (k === winner) Object.assign(pen, { strokeStyle: "#e69f00", lineWidth: 3 }).strokeRect(x + 1, y + 1, side - 2, side - 2);
    });
  }

  cell(index) {
    const cell = document.createElement(this.editable ? "input" : "span");
    if (!this.editable) return cell;
    Object.assign(cell, { type: "text", inputMode: "decimal", autocomplete: "off", spellcheck: false });
    cell.dataset.index = index;
    const place = `row ${Math.floor(index / this.columns) + 1}, column ${(index % this.columns) + 1}`;
    cell.setAttribute("aria-label", `${this.label}, ${place}`);
    return cell;
  }

  /** New numbers: only what changed is touched, since this runs at every move of the pointer. */
  update(values, colour, marks = {}) {
    if (this.painted) {
      this.paint(values, colour, marks);
      return;
    }
    const { there = null, winner = -1 } = marks;
    const room = this.side < 34 ? 4 : 5;
    for (let k = 0; k < this.cells.length; k += 1) {
      const cell = this.cells[k];
      const absent = there !== null && !there[k];
      const shade = colour(values[k]);
      const name = `${absent ? "zero" : ""}${k === winner ? " winner" : ""}`;
      if (cell.className !== name) cell.className = name;
      const text = absent && !this.zeros ? "" : formatNumber(values[k], room);
      if (!this.editable && cell.textContent !== text) cell.textContent = text;
      if (this.editable && cell.value !== text && cell.getRootNode().activeElement !== cell) cell.value = text;
      cell.style.background = absent ? "" : css(shade);
      cell.style.color = absent ? "" : ink(shade);
    }
  }
}
