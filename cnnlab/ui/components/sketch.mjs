// A small sheet of paper to draw on, with mouse, pen or finger; each drawing is handed over as a picture.

const SIDE = 256;
const PEN = 16;

/** Where a pointer is on the paper, in the paper's own pixels. */
export function onPaper({ clientX, clientY }, box, side = SIDE) {
  return [((clientX - box.left) * side) / box.width, ((clientY - box.top) * side) / box.height];
}

const instances = new WeakMap();

class Sketch {
  constructor(root) {
    root.innerHTML = `<div class="sketch"><canvas width="${SIDE}" height="${SIDE}" tabindex="0" role="img"></canvas>
      <p><button type="button" class="add">Add the drawing</button><button type="button" class="wipe">Wipe</button></p></div>`;
    this.canvas = root.querySelector("canvas");
    this.pen = this.canvas.getContext("2d");
    this.add = root.querySelector(".add");
    this.wipe();
    this.canvas.addEventListener("pointerdown", (event) => this.begin(event));
    this.canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => (this.last = null));
    root.querySelector(".wipe").addEventListener("click", () => this.wipe());
    this.add.addEventListener("click", () => {
      this.tell({ picture: this.canvas.toDataURL("image/png"), at: Date.now() });
      this.wipe();
    });
  }

  update({ data, setTriggerValue }) {
    this.tell = (drawing) => setTriggerValue("drawn", drawing);
    this.canvas.setAttribute("aria-label", data.label);
  }

  wipe() {
    this.pen.fillStyle = "white";
    this.pen.fillRect(0, 0, SIDE, SIDE);
    this.add.disabled = true;
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.last = onPaper(event, this.canvas.getBoundingClientRect());
    this.line(this.last);
    event.preventDefault();
  }

  go(event) {
    if (this.last) this.line(onPaper(event, this.canvas.getBoundingClientRect()));
  }

  line(to) {
    Object.assign(this.pen, { strokeStyle: "black", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    this.pen.beginPath();
    this.pen.moveTo(...this.last);
    this.pen.lineTo(...to);
    this.pen.stroke();
    this.last = to;
    this.add.disabled = false;
  }
}

export default function sketch(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Sketch(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => instances.delete(parentElement);
}
