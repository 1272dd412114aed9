// The microscope over a layer that gives maps: image, input and output with the window on each, and the sum under it.
import { diverging, toned } from "./convolution_paint.mjs";
import { Grid, Pointing } from "./convolution_grid.mjs";
import { Picture } from "./convolution_views.mjs";
import { cellWords, formatNumber, gridWords } from "./convolution_words.mjs";
import { fieldOf, prepared, retrace, strongest } from "./microscope_math.mjs";
import { fieldWords, resultHtml, resultLines, spokenPlace, sumWords } from "./microscope_words.mjs";
import { bringNear, clamp, formatShape, moveInGrid } from "./shared.mjs";

const SLIM = 560;
const BETWEEN = 20;
const MOST_PATCH = 121;
const AROUND = 3;
const READ = 26;
const SUMS_HEIGHT = 206; // as the style has it
const ROOM = { width: 126, height: 126 };

const KEYS = "Arrow keys move the window, Enter holds it, Page Up and Page Down change the input channel.";
const view = (name, title, hint) => `<section class="view ${name}"><h4>${title} <span class="quiet"></span></h4>
  <div class="stage" ${hint ? `tabindex="0" role="application" aria-roledescription="map with a window on it" aria-label="${title}. ${KEYS}"` : ""}>
  <canvas role="img"></canvas><div class="numbers" aria-hidden="true"></div><div class="window"></div>
  <div class="won" hidden></div></div></section>`;
const cells = (name, title) => `<section class="part ${name}"><h4>${title}</h4><div class="cells"></div></section>`;

const MAP = `<div class="views">${view("image", "Image", false)}${view("input", "Input", true)}${view("output", "Output", true)}</div>
  <p class="hint quiet"></p>
  <div class="work">${cells("patch", "Under the window")}<b class="sign times">×</b>${cells("kernel", "Kernel")}
    <b class="sign times">=</b>${cells("products", "Products")}
    <section class="steps"><h4></h4><div class="lines"></div></section><p class="line"></p></div>
  <div class="ways"><section class="sums"><h4>Sum of each input channel <span class="quiet">click one to see its kernel</span></h4>
      <label class="pick">Shown above: channel <input type="number" min="0" step="1"></label><div class="cells"></div></section>
    ${cells("around", "Output around it")}</div>`;

/** A single channel as an image of its own. */
const channelOf = ({ height, width, channels, values }, channel) =>
  ({ height, width, channels: 1, values: channels === 1 ? values : values.filter((_, k) => k % channels === channel) });

/** Colours for a map: greys from 0 up, or both signs around 0. */
export function toneOf(values) {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
  if (low < 0) return { kind: "signed", low: -Math.max(-low, high), high: Math.max(-low, high) };
  return { kind: "magnitude", low: 0, high: high || 1 };
}

export class MapLens {
  constructor(root, say) {
    root.innerHTML = MAP;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { root, find, say, box: root.closest(".microscope") });
    this.image = new Picture(find(".view.image"));
    this.input = new Picture(find(".view.input"));
    this.output = new Picture(find(".view.output"));
    this.patch = new Grid(find(".patch .cells"));
    this.kernel = new Grid(find(".kernel .cells"));
    this.products = new Grid(find(".products .cells"));
    this.around = new Grid(find(".around .cells"));
    this.sums = new Grid(find(".sums .cells"), { tall: SUMS_HEIGHT });
    for (const each of [this.patch, this.products]) each.zeros = true;
    this.pointing = new Pointing([this.patch, this.kernel, this.products], () => this.found && this.showLine());
    for (const each of [this.input, this.output]) {
      each.stage.addEventListener("pointermove", (event) => this.onMove(each, event));
      each.stage.addEventListener("pointerdown", (event) => this.onPress(each, event));
      each.stage.addEventListener("keydown", (event) => this.onKey(event));
    }
    find(".sums .cells").addEventListener("click", (event) => this.onSum(event));
    find(".pick input").addEventListener("input", ({ target }) => target.value !== "" && this.look(Number(target.value)));
  }

  /** Take another layer, channel or image; the place stays where the map has as many places as before. */
  take(given) {
    const places = this.lens?.plan.places;
    const same = this.given?.layer === given.layer && this.given.input.channels === given.input.channels;
    this.given = given;
    this.lens = prepared(given);
    this.largest = {};
    for (const [name, values] of Object.entries(given.outputs)) {
      this.largest[name] = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    }
    this.own = given.outputs[given.layer];
    if (places !== this.lens.plan.places || !same) this.index = strongest(this.own);
    this.held = same && this.held;
    const { down, across } = this.lens.plan;
    if (!same) this.channel = strongest(retrace(this.lens, ...this.at()).channels.map((each) => each.sum));
    this.map = { height: down.output, width: across.output, channels: 1, values: this.own };
    const { operation, input } = given;
    const size = down.kernel * across.kernel;
    this.box.classList.toggle("weightless", operation !== "convolution");
    this.box.classList.toggle("alone", input.channels === 1);
    this.box.classList.toggle("bare", size === 1 && operation === "value");
    this.box.classList.toggle("wholly", size > MOST_PATCH);
    this.find(".pick input").max = input.channels - 1;
    this.seen = null;
  }

  at() {
    const across = this.lens.plan.across.output;
    return [Math.floor(this.index / across), this.index % across];
  }

  draw(width) {
    this.slim = width < SLIM;
    this.width = width;
    const room = { width: Math.floor(this.slim ? (width - 1 - BETWEEN) / 2 : (width - 1 - 2 * BETWEEN) / 3), height: this.slim ? 200 : 210 };
    this.find(".views").style.setProperty("--view", `${room.width}px`);
    const { image, input, layer, source, operation } = this.given;
    this.image.show(image, { kind: "picture", low: 0, high: 255 }, null, room, "");
    this.output.show(this.map, toneOf(this.own), null, this.slim ? { width, height: 300 } : room, "");
    this.box.classList.toggle("readable", this.output.cell >= READ);
    this.find(".view.image h4 span").textContent = formatShape([image.height, image.width]);
    this.find(".view.output h4 span").textContent = `${layer}, map ${this.given.channel} · ${formatShape([this.map.height, this.map.width])}`;
    this.find(".kernel h4").textContent = this.given.kernelTitle;
    this.from = source || "image";
    this.room = room;
    this.drawInput();
    const { down, across } = this.lens.plan;
    const mute = !this.slim && operation === "convolution"; // three large grids would not stand side by side
    if (down.kernel * across.kernel <= MOST_PATCH) {
      for (const each of [this.patch, this.kernel, this.products]) {
        each.shape(down.kernel, across.kernel, ROOM, { mute });
      }
    }
    this.seen = null;
    this.around.shape(AROUND, AROUND, ROOM);
    if (operation === "convolution" && input.channels > 1) this.layOutSums(input.channels);
    this.show();
  }

  drawInput() {
    const { input, inputChannel } = this.given;
    const { down, across } = this.lens.plan;
    const margin = { top: down.before, left: across.before, bottom: down.after, right: across.after };
    const shown = channelOf(input, this.channel);
    this.tone = toneOf(shown.values);
    this.input.show(shown, this.tone, margin, this.room, this.given.operation === "convolution" ? "0" : "");
    this.find(".view.input h4 span").textContent =
      `${this.from}, channel ${inputChannel + this.channel} · ${formatShape([input.height, input.width])}`;
    this.find(".pick input").value = this.channel;
    this.drawn = this.channel;
  }

  layOutSums(count) {
    const across = Math.max(Math.min(count, Math.floor((this.slim ? this.width - 24 : this.width - 160) / 41)), 1);
    this.sums.rows = 0;
    this.sums.box.replaceChildren();
    this.sums.top = this.sums.box.scrollTop;
    this.sums.shape(Math.ceil(count / across), across, { width: 40 * across, height: 40 * Math.ceil(count / across) });
    this.sums.cells.splice(count).forEach((cell) => cell.remove());
  }

  /** Everything that depends on where the window is: called at every move of the pointer. */
  show() {
    const { lens, given } = this;
    const [row, column] = this.at();
    const { down, across } = lens.plan;
    const found = retrace(lens, row, column);
    this.found = found;
    if (this.drawn !== this.channel) this.drawInput();
    const taps = down.dilation > 1 ? { rows: down.kernel, columns: across.kernel, dilation: down.dilation } : null;
    this.input.mark(column * across.stride, row * down.stride, across.span, down.span, taps);
    this.output.mark(column, row, 1, 1, null);
    this.light(row, column);
    const shown = found.channels[this.channel];
    if (down.kernel * across.kernel <= MOST_PATCH) this.showProducts(shown);
    this.showWinner(shown, row, column);
    this.showAround(row, column);
    if (given.operation === "convolution" && given.input.channels > 1) {
      const sums = found.channels.map((each) => each.sum);
      const most = sums.reduce((high, value) => Math.max(high, Math.abs(value)), 1e-30);
      this.sums.update(sums, (value) => diverging((0.8 * value) / most), { winner: this.channel });
    }
    this.showSteps(found, row, column);
  }

  light(row, column) {
    const [top, left, height, width] = fieldOf(this.given.sees, this.given.image, row, column);
    this.image.window.hidden = !height || !width;
    this.image.mark(left, top, width, height, null);
  }

  showProducts(shown) {
    const { tone } = this;
    this.patch.update(shown.patch, (value) => toned(value, tone), shown);
    if (!shown.weights) return;
    const most = Math.max(...shown.products.map(Math.abs), 1e-30);
    this.products.update(shown.products, (value) => diverging((0.8 * value) / most), { there: shown.there });
    if (this.seen === this.channel) return;
    const largest = Math.max(...shown.weights.map(Math.abs), 1e-30);
    this.kernel.update(shown.weights, (value) => diverging((0.8 * value) / largest));
    this.seen = this.channel;
  }

  /** Of a max pooling, ring the value that won in the input, too. */
  showWinner({ winner = -1 }, row, column) {
    const mark = this.find(".view.input .won");
    mark.hidden = winner < 0 || this.given.operation === "value";
    if (mark.hidden) return;
    const { down, across } = this.lens.plan;
    const [y, x] = [row * down.stride + Math.floor(winner / across.kernel), column * across.stride + (winner % across.kernel)];
    const share = (part, whole) => `${(100 * part) / whole}%`;
    Object.assign(mark.style, {
      left: share(x, this.input.width), top: share(y, this.input.height),
      width: share(1, this.input.width), height: share(1, this.input.height),
    });
  }

  showAround(row, column) {
    const { height, width, values } = this.map;
    const [around, there] = [[], []];
    for (let k = 0; k < AROUND * AROUND; k += 1) {
      const [y, x] = [row - 1 + Math.floor(k / AROUND), column - 1 + (k % AROUND)];
      there.push(y >= 0 && x >= 0 && y < height && x < width);
      around.push(there[k] ? values[y * width + x] : 0);
    }
    this.around.update(around, (value) => toned(value, this.output.tone), { there, winner: 4 });
  }

  showSteps(found, row, column) {
    const { given } = this;
    const theirs = Object.fromEntries(Object.entries(given.outputs).map(([name, values]) => [name, values[this.index]]));
    const lines = resultLines(given.operation, found, theirs, this.largest);
    this.find(".lines").innerHTML = resultHtml(lines, given.layer);
    const where = `Row ${row + 1}, column ${column + 1}`;
    this.find(".steps h4").textContent = where;
    this.find(".hint").textContent = this.held
      ? `${where} is held. Click a map again to let it go.` : "Hover a map or use the arrow keys. A click holds the place.";
    this.showLine();
    this.say(() => {
      this.image.canvas.setAttribute("aria-label", fieldWords(fieldOf(given.sees, given.image, row, column)));
      const { patch, weights, products } = found.channels[this.channel];
      this.patch.describe(gridWords("Under the window", patch));
      if (weights) this.kernel.describe(gridWords("Kernel", weights));
      this.products.describe(gridWords("Products", products));
      return `${given.layer}, map ${given.channel}. ${spokenPlace(where, lines)}`;
    }, [this.output.canvas, this.input.canvas]);
  }

  /** The cell that is pointed at; else the sum, or where its numbers can be read. */
  showLine() {
    const { given, found, pointing: { index } } = this;
    const shown = found.channels[this.channel];
    const read = index !== null && index < shown.patch.length;
    this.find(".line").textContent = read ? cellWords(given, shown, index, this.lens.plan.across.kernel) : this.lineOf(shown);
  }

  lineOf(shown) {
    if (this.given.operation === "convolution" && this.patch.mute) return "Point at a cell to read its product.";
    if (this.given.operation === "max" || this.given.operation === "value") return "";
    if (this.given.operation === "average") {
      const count = shown.there.filter(Boolean).length;
      const words = sumWords(shown.products, shown.there, shown.sum * count);
      return words && `${words}; ÷ ${count} = ${formatNumber(shown.sum, 7)}`;
    }
    return this.given.operation === "convolution" ? sumWords(shown.products, shown.there, shown.sum) : "";
  }

  look(channel) {
    if (!Number.isInteger(channel) || channel < 0 || channel >= this.given.input.channels) return;
    this.channel = channel;
    this.show();
  }

  placeUnder(picture, event) {
    const { down, across } = this.lens.plan;
    const { x, y } = picture.under(event);
    const along = (at, way) => (picture === this.output ? Math.floor(at) : Math.round((at - way.span / 2) / way.stride));
    return clamp(along(y, down), 0, down.output - 1) * across.output + clamp(along(x, across), 0, across.output - 1);
  }

  onMove(picture, event) {
    if (this.held || !this.width) return;
    const index = this.placeUnder(picture, event);
    if (index === this.index) return;
    this.index = index;
    this.show();
  }

  onPress(picture, event) {
    // A finger has no hover: it only moves. A mouse holds the place on its way to the numbers, and lets it go again.
    this.held = event.pointerType === "mouse" && !this.held;
    this.index = this.placeUnder(picture, event);
    this.show();
    if (this.held) this.bringNear();
  }

  /** Bring the numbers into sight, with the maps. */
  bringNear() {
    bringNear(this.find(".views"), this.find(".work"));
  }

  onKey(event) {
    const { plan } = this.lens;
    if (event.key === "Enter" || event.key === " ") this.held = !this.held;
    else if (event.key === "PageDown" || event.key === "PageUp") {
      this.channel = clamp(this.channel + (event.key === "PageDown" ? 1 : -1), 0, this.given.input.channels - 1);
    } else {
      const next = moveInGrid(event.key, this.index, plan.places, plan.across.output);
      if (next === null) return;
      this.index = next;
    }
    event.preventDefault();
    this.show();
    this.bringNear();
  }

  onSum(event) {
    const box = this.sums.box.getBoundingClientRect();
    const pitch = this.sums.side + 1;
    const [x, y] = [event.clientX - box.left + this.sums.box.scrollLeft, event.clientY - box.top + this.sums.box.scrollTop];
    this.look(Math.floor(y / pitch) * this.sums.columns + Math.floor(x / pitch));
  }
}

