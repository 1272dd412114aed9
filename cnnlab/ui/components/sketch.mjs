// A small sheet of paper to draw on, with mouse, pen, finger or keys; each drawing is handed over as a picture.

import { clamp } from "./shared.mjs";

const SIDE = 256;
const PEN = 16;
const STEP = 8;
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Where a pointer is on the paper, in the paper's own pixels. */
export function onPaper({ clientX, clientY }, box, side = SIDE) {
  return [((clientX - box.left) * side) / box.width, ((clientY - box.top) * side) / box.height];
}

/** Where an arrow key moves the pen, with Shift four steps at once; null for another key. */
export function moved([x, y], { key, shiftKey }, side = SIDE) {
  if (!(key in MOVES)) return null;
  const far = shiftKey ? 4 * STEP : STEP;
  return [clamp(x + far * MOVES[key][0], 0, side), clamp(y + far * MOVES[key][1], 0, side)];
}

/** The paper in words: what is on it, where the pen is, which keys move it. */
export function describe(label, { pen: [x, y], down, strokes }) {
  const drawn = strokes === 0 ? "empty" : strokes === 1 ? "1 stroke" : `${strokes} strokes`;
  const place = `${Math.round(x)} right, ${Math.round(y)} down of ${SIDE}`;
  return `${label}: ${drawn}. Pen ${down ? "on the paper" : "lifted"} at ${place}. `
    + "Arrow keys move it, with Shift faster; Space puts it down or lifts it.";
}

const instances = new WeakMap();

class Sketch {
  constructor(root) {
    root.innerHTML = `<div class="sketch"><div class="sheet">
      <canvas width="${SIDE}" height="${SIDE}" tabindex="0" role="img"></canvas><span class="pen"></span></div>
      <p><button type="button" class="add">Add the drawing</button><button type="button" class="wipe">Wipe</button></p></div>`;
    this.canvas = root.querySelector("canvas");
    this.mark = root.querySelector(".pen");
    this.paint = this.canvas.getContext("2d");
    this.add = root.querySelector(".add");
    this.label = "";
    this.wipe();
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.drawing = false));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    root.querySelector(".wipe").addEventListener("click", () => this.wipe());
    this.add.addEventListener("click", () => {
      this.tell({ picture: this.canvas.toDataURL("image/png"), at: Date.now() });
      this.wipe();
    });
  }

  update({ data, setTriggerValue }) {
    this.tell = (drawing) => setTriggerValue("drawn", drawing);
    this.label = data.label;
    this.say();
  }

  wipe() {
    this.paint.fillStyle = "white";
    this.paint.fillRect(0, 0, SIDE, SIDE);
    this.add.disabled = true;
    Object.assign(this, { pen: [SIDE / 2, SIDE / 2], down: false, strokes: 0, drawing: false });
    this.say();
  }

  say() {
    this.canvas.setAttribute("aria-label", describe(this.label, this));
    const [left, top] = this.pen.map((place) => `${(100 * place) / SIDE}%`);
    Object.assign(this.mark.style, { left, top });
    this.mark.classList.toggle("down", this.down);
  }

  begin(event) {
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.down = false;
    this.touch(onPaper(event, this.canvas.getBoundingClientRect()));
    this.drawing = true;
  }

  go(event) {
    if (this.drawing) this.line(onPaper(event, this.canvas.getBoundingClientRect()));
  }

  key(event) {
    const to = moved(this.pen, event);
    if (!to && event.key !== " ") return;
    event.preventDefault();
    if (!to) {
      this.down = !this.down;
      if (this.down) this.touch(this.pen);
    } else if (this.down) this.line(to);
    else this.pen = to;
    this.say();
  }

  /** A stroke begins here. */
  touch(at) {
    this.pen = at;
    this.strokes += 1;
    this.line(at);
  }

  line(to) {
    Object.assign(this.paint, { strokeStyle: "black", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    this.paint.beginPath();
    this.paint.moveTo(...this.pen);
    this.paint.lineTo(...to);
    this.paint.stroke();
    this.pen = to;
    this.add.disabled = false;
    this.say();
  }
}

export default function sketch(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Sketch(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => instances.delete(parentElement);
}
