// The microscope over one unit of a dense layer: the inputs that contribute most, their sum, and the softmax behind it.
import { Picture } from "./convolution_views.mjs";
import { formatNumber } from "./convolution_words.mjs";
import { fieldOf, softmaxed, strongest, unflattened, weighed } from "./microscope_math.mjs";
import { resultHtml, resultLines, softmaxHtml, spokenPlace, topHtml } from "./microscope_words.mjs";
import { bringNear, clamp, formatCount, formatShape, moveInGrid } from "./shared.mjs";

const TIGHT = 560;

const UNIT = `<div class="views">
    <section class="view image"><h4>Image <span class="quiet"></span></h4><div class="stage"><canvas role="img"></canvas>
      <div class="numbers" aria-hidden="true"></div><div class="window"></div></div></section>
    <section class="view shares"><h4>Evidence <span class="quiet"></span></h4>
      <div class="stage" tabindex="0" role="application" aria-roledescription="map of contributions"
        aria-label="Evidence. Arrow keys move from place to place."><canvas role="img"></canvas>
      <div class="numbers" aria-hidden="true"></div><div class="window"></div></div></section></div>
  <p class="hint quiet"></p>
  <div class="ways"><section class="inputs"><h4>Inputs that count most</h4>
      <table><thead><tr><th scope="col">Input</th><th scope="col">Value</th><th scope="col">× weight</th>
        <th scope="col">= product</th><th><span class="unseen">Share</span></th></tr></thead><tbody></tbody></table></section>
    <section class="steps"><h4></h4><div class="lines"></div>
      <div class="softmax" hidden><h4>Softmax</h4><p class="quiet"></p>
        <table><thead><tr><th scope="col">Class</th><th scope="col">z</th><th scope="col" class="power"></th>
          <th scope="col">Share</th><th></th></tr></thead><tbody></tbody></table></div></section></div>`;

export class UnitLens {
  constructor(root, say) {
    root.innerHTML = UNIT;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { root, find, say, box: root.closest(".microscope") });
    this.image = new Picture(find(".view.image"));
    this.evidence = new Picture(find(".view.shares"));
    const rows = find(".inputs tbody");
    for (const kind of ["pointerover", "focusin"]) rows.addEventListener(kind, (event) => this.onRow(event));
    const { stage } = this.evidence;
    for (const kind of ["pointermove", "pointerdown"]) stage.addEventListener(kind, (event) => this.onMove(event));
    stage.addEventListener("keydown", (event) => this.onKey(event));
  }

  take(given) {
    const same = this.given?.layer === given.layer;
    this.given = given;
    this.found = weighed(given.input.values, given.kernel.values, given.steps);
    const [height, width] = given.laidOut;
    this.box.classList.toggle("flat", !height);
    if (height) {
      const sums = new Float64Array(height * width);
      this.found.products.forEach((product, k) => (sums[this.pixelOf(k)] += product));
      this.map = { height, width, channels: 1, values: sums };
      if (!same) this.index = strongest(sums);
      this.index = clamp(this.index ?? 0, 0, sums.length - 1);
    }
    this.fill();
  }

  pixelOf(index) {
    const { row, column } = unflattened(index, this.given.laidOut);
    return row * this.given.laidOut[1] + column;
  }

  /** What an input is called: where it lay in the map that was flattened, or its number. */
  nameOf(index) {
    if (!this.given.laidOut.length) return `${this.given.source}, ${formatCount(index)}`;
    const { row, column, channel } = unflattened(index, this.given.laidOut);
    return `map ${channel}, row ${row + 1}, column ${column + 1}`;
  }

  /** The tables: they change with the unit and the image, not with the pointer. */
  fill() {
    const { given, found } = this;
    const theirs = Object.fromEntries(Object.entries(given.outputs).map(([name, values]) => [name, values[0]]));
    const largest = Object.fromEntries(Object.entries(theirs).map(([name, value]) => [name, Math.abs(value)]));
    this.lines = resultLines("dense", found, theirs, largest);
    const name = given.names[given.channel];
    this.title = name === undefined ? `${given.layer}, unit ${given.channel}` : `Logit of ${name}`;
    this.find(".steps h4").textContent = this.title;
    this.find(".lines").innerHTML = resultHtml(this.lines, given.layer);
    this.find(".inputs tbody").innerHTML = topHtml(found, given.input.values, given.kernel.values, (k) => this.nameOf(k));
    const softmax = this.find(".softmax");
    softmax.hidden = !given.logits;
    if (!given.logits) return;
    const shares = softmaxed(given.logits);
    const power = shares.shift === 0 ? "eᶻ" : `e^(z − ${formatNumber(shares.shift, 5)})`;
    this.find(".power").textContent = power;
    softmax.querySelector("p").textContent = `A class's probability is its ${power} ÷ the sum over all classes.`;
    softmax.querySelector("tbody").innerHTML = softmaxHtml(shares, given.logits, given.names, given.channel);
  }

  draw(width) {
    const slim = width < TIGHT;
    this.width = width;
    const room = { width: slim ? Math.floor((width - 20) / 2) : 230, height: 210 };
    const { image, laidOut } = this.given;
    this.image.show(image, { kind: "picture", low: 0, high: 255 }, null, room, "");
    this.find(".view.image h4 span").textContent = formatShape([image.height, image.width]);
    if (laidOut.length) {
      const most = this.map.values.reduce((high, value) => Math.max(high, Math.abs(value)), 1e-30);
      this.evidence.show(this.map, { kind: "signed", low: -most, high: most }, null, room, "");
      this.find(".view.shares h4 span").textContent = `products over ${formatCount(laidOut[2])} maps`;
    }
    this.show();
  }

  show() {
    const { given } = this;
    const hint = this.find(".hint");
    const canvases = [this.image.canvas, this.evidence.canvas];
    if (!given.laidOut.length) {
      this.image.window.hidden = true;
      this.say(() => spokenPlace(this.title, this.lines), canvases);
      return;
    }
    const across = this.map.width;
    const [row, column] = [Math.floor(this.index / across), this.index % across];
    this.evidence.mark(column, row, 1, 1, null);
    const [top, left, height, width] = fieldOf(given.sees, given.image, row, column);
    this.image.window.hidden = !height || !width;
    this.image.mark(left, top, width, height, null);
    const sum = this.map.values[this.index];
    hint.textContent = `Row ${row + 1}, column ${column + 1}: its ${formatCount(given.laidOut[2])} inputs ` +
      `${sum < 0 ? "take away" : "add"} ${formatNumber(Math.abs(sum), 6)}. Orange adds, blue takes away.`;
    this.say(() => `${hint.textContent} ${spokenPlace(this.title, this.lines)}`, canvases);
  }

  /** Bring the tables into sight, with the maps. */
  bringNear() {
    bringNear(this.find(this.given.laidOut.length ? ".views" : ".ways"), this.find(".ways"));
  }

  onRow(event) {
    const row = event.target.closest("tr[data-input]");
    if (!row || !this.given.laidOut.length || !this.width) return;
    this.index = this.pixelOf(Number(row.dataset.input));
    this.show();
  }

  onMove(event) {
    const { x, y } = this.evidence.under(event);
    const index = clamp(Math.floor(y), 0, this.map.height - 1) * this.map.width + clamp(Math.floor(x), 0, this.map.width - 1);
    if (index === this.index) return;
    this.index = index;
    this.show();
  }

  onKey(event) {
    const next = moveInGrid(event.key, this.index, this.map.values.length, this.map.width);
    if (next === null) return;
    event.preventDefault();
    this.index = next;
    this.show();
  }
}
