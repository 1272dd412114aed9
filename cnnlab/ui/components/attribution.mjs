// Maps of what speaks for a class over their image. How strongly they cover it is the slider's, in the browser.
import { clamp, escapeText, formatShare, formatValue, later, moveInGrid } from "./shared.mjs";

const ZERO = 32768;
const MOST = 65535;
const KEPT = "cnnlab-strength";
const START = 50;

/** 256 colours on the straight lines between evenly spaced hexadecimal anchors. */
export function table(anchors) {
  const stops = anchors.map((anchor) => [1, 3, 5].map((k) => parseInt(anchor.slice(k, k + 2), 16)));
  return Array.from({ length: 256 }, (_, index) => {
    const at = (index / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    return stops[low].map((from, k) => Math.round(from + (stops[low + 1][k] - from) * (at - low)));
  });
}

/** A level as a share of the largest magnitude: −1 to 1 with signs, 0 to 1 without. */
export function shareOf(level, signed) {
  return signed ? clamp((level - ZERO) / (MOST - ZERO), -1, 1) : level / MOST;
}

/** Which of the 256 colours a level has. */
export function colourOf(level, signed) {
  return Math.round(signed ? 127.5 * (1 + shareOf(level, true)) : 255 * shareOf(level, false));
}

/** Levels from the pixels of their picture, RGBA: red is the high byte, green the low one. */
export function levelsOf(pixels) {
  return Uint16Array.from({ length: pixels.length / 4 }, (_, k) => 256 * pixels[4 * k] + pixels[4 * k + 1]);
}

/**
 * Pixels of an image, RGBA, with a map of levels over it. Up to half strength the image turns grey, so that its own
 * colours are not taken for the map's, and what speaks tints it in proportion, orange or blue where there are signs.
 * Beyond that the image fades until only the map is left.
 *
 * @param colours 256, from `table`
 * @param strength 0 to 1
 */
export function compose(pixels, levels, { colours, signed, strength }) {
  const drawn = new Uint8ClampedArray(pixels.length).fill(255);
  const half = Math.min(1, 2 * strength);
  const rest = Math.max(0, 2 * strength - 1);
  for (let index = 0; index < levels.length; index += 1) {
    const at = 4 * index;
    const share = shareOf(levels[index], signed);
    const whole = colours[colourOf(levels[index], signed)];
    const tint = signed ? colours[share < 0 ? 0 : 255] : whole;
    const light = 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]; // ITU-R BT.601
    for (let k = 0; k < 3; k += 1) {
      const grey = pixels[at + k] + (light - pixels[at + k]) * half;
      const tinted = grey + (tint[k] - grey) * half * Math.abs(share);
      drawn[at + k] = tinted + (whole[k] - tinted) * rest;
    }
  }
  return drawn;
}

/** A place and its value in words. */
export function placeWords(index, level, { width, signed, extreme }) {
  const value = formatValue(shareOf(level, signed) * extreme);
  return `row ${Math.floor(index / width)}, column ${index % width}: ${value}`;
}

/** What is under the maps: the numbers at the ends of the colours and what they mean. */
export function ends({ signed, extreme }) {
  const high = formatValue(extreme);
  return signed ? [`${formatValue(-extreme)} against`, "0", `${high} for`] : ["0", `${high} for`];
}

/** One map as HTML. */
export function drawPanel(panel, index, { width, height }) {
  const tone = panel.right === null ? "" : panel.right ? ' class="right"' : ' class="wrong"';
  return `<li${tone}><h4>${escapeText(panel.title)}</h4>
    <div class="stage" tabindex="0" role="application" aria-roledescription="map" data-index="${index}"
      style="aspect-ratio:${width}/${height}"><canvas width="${width}" height="${height}"></canvas>
      <div class="mark" hidden></div></div>
    <p class="value quiet"></p><p class="words">${escapeText(panel.words)}</p></li>`;
}

const instances = new WeakMap();

class Attribution {
  constructor(root) {
    root.innerHTML = `<ul class="panels"></ul><div class="below">
      <div class="scale"><div class="bar"></div><div class="ends quiet"></div></div>
      <label class="strength"><span>Image</span><input type="range" min="0" max="100" step="5"
        aria-label="Strength of the map over the image"><span>Map</span><output class="quiet"></output></label></div>
      <div class="unseen" aria-live="polite"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      slider: find("input"), output: find("output"), list: find("ul"), bar: find(".bar"), ends: find(".ends"),
      spoken: find(".unseen"), place: null,
    });
    this.slider.value = recalled();
    this.slider.addEventListener("input", () => {
      keep(this.slider.value);
      this.paint();
    });
    this.list.addEventListener("pointermove", (event) => this.point(placeUnder(event, this.data)));
    this.list.addEventListener("pointerdown", (event) => this.point(placeUnder(event, this.data)));
    this.list.addEventListener("pointerleave", () => this.point(null));
    this.list.addEventListener("keydown", (event) => this.onKey(event));
    this.say = later((words) => { this.spoken.textContent = words; }, 250);
  }

  async update({ data }) {
    const drawn = JSON.stringify(data);
    // A rerun with the same maps keeps the place and the focus.
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const [picture, sheet] = await Promise.all([decoded(data.picture), decoded(data.sheet)]);
    if (drawn !== this.drawn) return; // others came meanwhile
    Object.assign(this, { data, place: null, colours: table(data.palette) });
    this.pixels = cut(picture, 0, data);
    this.levels = data.panels.map((_, index) => levelsOf(cut(sheet, index, data)));
    this.list.innerHTML = data.panels.map((panel, index) => drawPanel(panel, index, data)).join("");
    this.list.classList.toggle("one", data.panels.length === 1);
    this.bar.style.background = `linear-gradient(to right, ${data.palette.join(", ")})`;
    this.ends.innerHTML = ends(data).map((end) => `<span>${escapeText(end)}</span>`).join("");
    this.list.querySelectorAll(".stage").forEach((stage, index) => {
      const { title, words } = data.panels[index];
      stage.setAttribute("aria-label", `${data.label}, ${title}. ${words} Arrow keys read single pixels.`);
    });
    this.paint();
    this.point(null);
  }

  paint() {
    if (!this.data) return;
    const { colours, data } = this;
    const strength = Number(this.slider.value) / 100;
    this.output.textContent = formatShare(strength);
    this.list.querySelectorAll("canvas").forEach((canvas, index) => {
      const drawn = compose(this.pixels, this.levels[index], { colours, signed: data.signed, strength });
      canvas.getContext("2d").putImageData(new ImageData(drawn, data.width, data.height), 0, 0);
    });
  }

  /** Read a pixel in all maps; null: the strongest of each. */
  point(place) {
    if (!this.data) return;
    this.place = place;
    const { width, height } = this.data;
    const words = this.data.panels.map(({ title, strongest }, index) => {
      const at = place ?? strongest;
      const read = placeWords(at, this.levels[index][at], this.data);
      const item = this.list.children[index];
      item.querySelector(".value").textContent = place === null ? `Strongest in ${read}` : `Value in ${read}`;
      const mark = item.querySelector(".mark");
      mark.hidden = place === null;
      Object.assign(mark.style, {
        left: `${(100 * (at % width)) / width}%`, top: `${(100 * Math.floor(at / width)) / height}%`,
        width: `${100 / width}%`, height: `${100 / height}%`,
      });
      return `${title}: ${read}`;
    });
    return words.join("; ");
  }

  onKey(event) {
    const stage = event.target.closest(".stage");
    if (!stage || !this.data) return;
    if (event.key === "Escape") this.point(null);
    const { width, height, panels } = this.data;
    const here = this.place ?? panels[Number(stage.dataset.index)].strongest;
    const next = this.place === null && event.key.startsWith("Arrow")
      ? here : moveInGrid(event.key, here, width * height, width);
    if (next === null) return;
    event.preventDefault();
    this.say(this.point(next));
  }

  close() {
    this.say.cancel();
  }
}

/** The pixel under the pointer; null beside the maps. */
function placeUnder(event, data) {
  const stage = event.target.closest?.(".stage");
  if (!stage || !data) return null;
  const box = stage.getBoundingClientRect();
  const column = clamp(Math.floor(((event.clientX - box.left) / box.width) * data.width), 0, data.width - 1);
  const row = clamp(Math.floor(((event.clientY - box.top) / box.height) * data.height), 0, data.height - 1);
  return row * data.width + column;
}

async function decoded(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}

/** The pixels of one tile of a sprite, RGBA. */
function cut(image, index, { columns, width, height }) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, -(index % columns) * width, -Math.floor(index / columns) * height);
  return context.getImageData(0, 0, width, height).data;
}

function recalled() {
  try {
    return localStorage.getItem(KEPT) ?? START;
  } catch {
    return START; // a browser that keeps nothing
  }
}

function keep(strength) {
  try {
    localStorage.setItem(KEPT, strength);
  } catch {
    // It starts anew next time.
  }
}

export default function attribution(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) {
    instances.set(parentElement, new Attribution(parentElement.querySelector(".root")));
  }
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
