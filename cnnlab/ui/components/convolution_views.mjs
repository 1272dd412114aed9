// A picture with a window on it, and numbers on its pixels where they are large enough.
import { ink, paint, pixel } from "./convolution_paint.mjs";
import { formatNumber } from "./convolution_words.mjs";
import { clamp } from "./shared.mjs";

const READABLE = 26;
const LARGEST_CELL = 64;
const MOST_CHARACTERS = 5;
/** Between the numbers of two cells, in pixels. */
const APART = 4;

/** How many characters of a number, its sign among them, a cell holds beside others; both in pixels. */
export function charactersIn(cell, fontSize) {
  return clamp(Math.floor((cell - APART) / (fontSize / 2)), 1, MOST_CHARACTERS); // a digit is half as wide as high
}

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
    const most = charactersIn(this.cell, Number.parseFloat(getComputedStyle(this.numbers).fontSize));
    for (let k = 0; k < this.width * this.height; k += 1) {
      const [row, column] = [Math.floor(k / this.width) - top, (k % this.width) - left];
      const inside = row >= 0 && column >= 0 && row < this.image.height && column < this.image.width;
      const cell = document.createElement("span");
      const at = row * this.image.width + column;
      const value = this.image.values[at];
      cell.textContent = inside ? formatNumber(value, most - (value < 0)) : padding;
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
