// A small grid of numbers: the patch, the kernel, the products; and the cell that is pointed at in all of them.
import { css, ink } from "./convolution_paint.mjs";
import { formatNumber } from "./convolution_words.mjs";

const LARGEST_SIDE = 46;
const SMALLEST_SIDE = 24;
const MOST_ELEMENTS = 49;
/** Between two cells, in pixels, as the style has it. */
const SEAM = 1;

/** A small grid of numbers: the patch, the kernel, the products. The kernel's cells are inputs. */
export class Grid {
  /** @param tall of a grid that scrolls: how many pixels of it are seen at a time */
  constructor(box, { editable = false, label = "", tall = Infinity } = {}) {
    Object.assign(this, { box, editable, label, tall, top: 0, cells: [], rows: 0, columns: 0 });
    box.addEventListener("scroll", () => {
      this.top = box.scrollTop; // noted here: to ask for it at a move of the pointer would lay out the page once more
      if (this.painted && this.last) this.paint(...this.last);
    });
  }

  /** As many cells as are asked for, as large as the room allows; `mute` ones may be too small for their numbers. */
  shape(rows, columns, room, { mute = false } = {}) {
    const fits = Math.min(Math.floor(room.width / columns), Math.floor(room.height / rows), LARGEST_SIDE);
    this.mute = mute && fits < SMALLEST_SIDE;
    this.side = this.mute ? fits : Math.max(fits, SMALLEST_SIDE);
    this.box.style.setProperty("--side", `${this.side}px`);
    this.box.classList.toggle("small", this.side < 34);
    this.box.classList.toggle("mute", this.mute);
    const painted = !this.editable && (this.mute || rows * columns > MOST_ELEMENTS);
    if (painted) this.prepare(rows, columns);
    const same = rows === this.rows && columns === this.columns && painted === this.painted;
    Object.assign(this, { rows, columns, painted });
    if (same || painted) return;
    this.box.style.gridTemplateColumns = `repeat(${columns}, var(--side))`;
    this.cells = Array.from({ length: rows * columns }, (_, k) => this.cell(k));
    this.box.replaceChildren(...this.cells);
  }

  // Hundreds of elements take longer than a frame to lay out and paint; one canvas does not.
  prepare(rows, columns) {
    this.canvas ??= document.createElement("canvas");
    const { canvas } = this;
    canvas.setAttribute("role", "img");
    if (!canvas.parentElement) this.box.replaceChildren(canvas);
    const [width, height] = [columns * (this.side + SEAM) - SEAM, rows * (this.side + SEAM) - SEAM];
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

  /** Paint what is in sight: of hundreds of sums most are scrolled away. */
  paint(values, colour, marks) {
    this.last = [values, colour, marks];
    const pitch = this.side + SEAM;
    const [first, last] = [Math.floor(this.top / pitch), Math.ceil((this.top + this.tall) / pitch)];
    this.pen.clearRect(0, first * pitch, this.columns * pitch, (Math.min(last, this.rows) - first) * pitch);
    const end = Math.min(last * this.columns, values.length);
    for (let k = first * this.columns; k < end; k += 1) this.paintCell(k, values[k], colour(values[k]), marks);
  }

  paintCell(k, value, shade, { there = null, winner = -1 }) {
    const { pen, side } = this;
    const [x, y] = [(k % this.columns) * (side + SEAM), Math.floor(k / this.columns) * (side + SEAM)];
    const absent = there !== null && !there[k];
    pen.globalAlpha = absent ? 0.12 : 1;
    pen.fillStyle = absent ? this.absent : css(shade);
    pen.fillRect(x, y, side, side);
    pen.globalAlpha = absent ? 0.7 : 1;
    pen.fillStyle = absent ? this.absent : ink(shade);
    if (!this.mute && (!absent || this.zeros)) pen.fillText(formatNumber(value, 4), x + side / 2, y + side / 2 + 1);
    if (k === winner) Object.assign(pen, { strokeStyle: "#e69f00", lineWidth: 3 }).strokeRect(x + 1, y + 1, side - 2, side - 2);
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

  /** Say what is painted, for whoever does not see it; elements say it themselves. */
  describe(words) {
    if (this.painted) this.canvas.setAttribute("aria-label", words);
  }

  /** Ring a cell; null: none. */
  point(index) {
    this.ring?.remove();
    if (index === null) return;
    this.ring ??= Object.assign(document.createElement("i"), { className: "pointed" });
    const pitch = this.side + SEAM;
    const [left, top] = [(index % this.columns) * pitch, Math.floor(index / this.columns) * pitch];
    Object.assign(this.ring.style, { left: `${left}px`, top: `${top}px` });
    this.box.append(this.ring);
  }

  /** The cell under a pointer; null where there is none. */
  under({ clientX, clientY }) {
    const { left, top } = this.box.getBoundingClientRect();
    const pitch = this.side + SEAM;
    const [column, row] = [Math.floor((clientX - left) / pitch), Math.floor((clientY - top) / pitch)];
    const inside = row >= 0 && column >= 0 && row < this.rows && column < this.columns;
    return inside ? row * this.columns + column : null;
  }
}

/** A cell that is pointed at in one of several grids, or has the focus in it, is ringed in all of them and told. */
export class Pointing {
  /** @param tell called with the cell, or null, when it is another than before */
  constructor(grids, tell) {
    Object.assign(this, { grids, tell, index: null });
    for (const grid of grids) {
      grid.box.addEventListener("pointermove", (event) => this.point(grid.under(event)));
      grid.box.addEventListener("pointerdown", (event) => this.point(grid.under(event)));
      grid.box.addEventListener("pointerleave", () => this.point(null));
      grid.box.addEventListener("focusin", ({ target }) => this.point(Number(target.dataset.index)));
      grid.box.addEventListener("focusout", () => this.point(null));
    }
  }

  point(index) {
    if (index === this.index) return;
    this.index = index;
    for (const grid of this.grids) grid.point(index);
    this.tell(index);
  }
}
