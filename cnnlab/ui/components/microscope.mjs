// One channel of a layer under the pointer: what enters each number, and every step to it. All of it here, in the browser:
// nothing that the pointer does asks the server.
import { MapLens } from "./microscope_map.mjs";
import { bytesOf, numbersOf } from "./microscope_math.mjs";
import { UnitLens } from "./microscope_unit.mjs";
import { later } from "./shared.mjs";

const lenses = new WeakMap();

/** What Python sends, with its numbers decoded and its maps shaped. */
export function received(data) {
  const shaped = ([height = 1, width = 1, channels = 1], values) => ({ height, width, channels, values });
  const [rows = 1, columns = 1, channels = 1] = data.kernelShape;
  return {
    ...data,
    image: shaped(data.imageShape, bytesOf(data.image)),
    input: shaped(data.inputShape, numbersOf(data.input)),
    kernel: data.kernel ? { rows, columns, channels, values: numbersOf(data.kernel) } : null,
    window: JSON.parse(data.window),
    steps: JSON.parse(data.steps),
    outputs: Object.fromEntries(data.outputs.map(([name, text]) => [name, numbersOf(text)])),
    sees: data.seesRows.length ? { rows: data.seesRows, columns: data.seesColumns } : null,
    logits: data.logits ? numbersOf(data.logits) : null,
  };
}

class Microscope {
  constructor(root) {
    root.innerHTML = '<div class="microscope"><div class="lens"></div></div><div class="unseen" aria-live="polite"></div>';
    Object.assign(this, { root, place: root.querySelector(".lens"), box: root.querySelector(".microscope") });
    this.spoken = root.querySelector(".unseen");
    // Once the pointer has come to rest: a hundred sentences on the way to a place help nobody.
    this.speak = later((words, canvases) => {
      const text = words();
      this.spoken.textContent = text;
      canvases.forEach((canvas) => canvas.setAttribute("aria-label", text));
    }, 250);
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.redraw());
    this.observer.observe(root);
  }

  update({ data }) {
    if (data.id === this.id) return;
    this.id = data.id;
    const Lens = data.operation === "dense" ? UnitLens : MapLens;
    if (!(this.lens instanceof Lens)) {
      this.box.className = `microscope ${data.operation === "dense" ? "of-unit" : "of-map"}`;
      this.lens = new Lens(this.place, (words, canvases) => this.speak(words, canvases));
    }
    this.lens.take(received(data));
    this.redraw();
  }

  redraw() {
    this.width = Math.floor(this.root.clientWidth);
    if (!this.width || !this.lens) return;
    this.box.classList.toggle("narrow", this.width < 560);
    this.lens.draw(this.width);
    // Whoever has just opened the tab shall see what the pointer will do; nobody else's page moves.
    if (!this.shown && document.activeElement?.getAttribute("role") === "tab") this.lens.bringNear();
    this.shown = true;
  }

  close() {
    this.speak.cancel();
    this.observer.disconnect();
  }
}

export default function microscope(component) {
  const { parentElement } = component;
  if (!lenses.has(parentElement)) lenses.set(parentElement, new Microscope(parentElement.querySelector(".root")));
  lenses.get(parentElement).update(component);
  return () => {
    lenses.get(parentElement)?.close();
    lenses.delete(parentElement);
  };
}
