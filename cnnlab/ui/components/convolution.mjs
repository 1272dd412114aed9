// A window slides over an image; under it every product, their sum and the output that fills in. All of it here, in the
// browser: nothing that the pointer does asks the server.
import { apart, decoded, explain, isPooling, layOut, slice, whole } from "./convolution_math.mjs";
import { css, diverging, grey, inGrey, inputTone, outputTone, toned } from "./convolution_paint.mjs";
import { ICONS, layout, SPEEDS } from "./convolution_layout.mjs";
import { changed, edited, forChannels, keep, kept, opening, reworked } from "./convolution_settings.mjs";
import { Grid, Pointing } from "./convolution_grid.mjs";
import { Picture } from "./convolution_views.mjs";
import {
  caption, cellWords, describe, formatNumber, formula, formulaWords, gridWords, parseNumber, problem, resultRows, sumLine, warning,
} from "./convolution_words.mjs";
import { clamp, escapeText, later, moveInGrid } from "./shared.mjs";

const NARROW = 760;
const SETTINGS_WIDTH = 300;
const GAP = 24;
const TALLEST = { wide: 216, narrow: 300 };
const GRID = { wide: { width: 160, height: 126 }, narrow: { width: 92, height: 126 } };
const NAMES = ["red", "green", "blue"];
const SECONDS_FOR_ALL = 14;

const instances = new WeakMap();

class Convolution {
  constructor(root, kernels) {
    root.innerHTML = layout(kernels);
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { root, find, box: find(".convolution"), form: find("form"), spoken: find(".unseen") });
    this.input = new Picture(find(".input"));
    this.output = new Picture(find(".output"));
    this.patch = new Grid(find(".patch .cells"));
    this.weights = new Grid(find(".kernel .cells"), { editable: true, label: "Kernel" });
    this.products = new Grid(find(".products .cells"));
    this.pointing = new Pointing([this.patch, this.weights, this.products], () => this.explained && this.showLine());
    this.channel = 0;
    this.say = later(() => this.speak(), 250);
    this.listen();
    this.observer = new ResizeObserver(() => this.root.clientWidth !== this.width && this.image && this.redraw());
    this.observer.observe(root);
  }

  listen() {
    for (const view of [this.input, this.output]) {
      view.stage.addEventListener("pointerdown", (event) => this.onPress(view, event));
      view.stage.addEventListener("pointermove", (event) => this.onMove(view, event));
      view.stage.addEventListener("keydown", (event) => this.onKey(event));
    }
    this.root.addEventListener("click", (event) => this.onClick(event.target.closest("[data-do]")?.dataset.do));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", ({ target }) => this.change(changed(this.state, target.name, target.value)));
    this.form.addEventListener("change", () => this.fillForm());
    const kernel = this.find(".kernel .cells");
    kernel.addEventListener("input", ({ target }) => this.onWeight(target));
    kernel.addEventListener("focusin", ({ target }) => this.onWeightFocus(target));
    kernel.addEventListener("focusout", () => setTimeout(() => { this.drawn = null; this.show(); }));
    kernel.addEventListener("keydown", (event) => this.onWeightKey(event));
    this.find(".tabs").addEventListener("click", ({ target }) => this.look(Number(target.dataset.channel)));
    this.find(".speed input").addEventListener("input", ({ target }) => (this.speed = SPEEDS[target.value]));
  }

  update({ data }) {
    if (data.id === this.id) return;
    this.pause();
    this.id = data.id;
    this.given = decoded(data);
    // A worked example brings settings of its own; afterwards, and on coming back to the page, those from before.
    this.worked = Boolean(data.example);
    this.state = data.example ? opening(data.example) : (kept() ?? opening(null));
    this.index = 0;
    this.begin = data.example ? 1 : Infinity;
    this.change(this.state);
    this.speed = null;
    this.showSpeed();
  }

  /** Take new settings: everything that follows from them is worked out again. */
  change(state) {
    const colour = this.given.channels === 3 && state.settings.colour;
    this.image = colour ? this.given : inGrey(this.given);
    this.state = forChannels(state, this.image.channels);
    if (!colour && state.settings.each) this.state = { ...this.state, settings: { ...state.settings, each: false } };
    const { settings, kernel } = this.state;
    if (!this.worked) keep(this.state);
    this.channel = Math.min(this.channel, this.image.channels - 1);
    const before = this.plan?.places;
    this.plan = layOut(this.image, settings);
    this.trouble = problem(this.image, settings, this.plan);
    this.result = this.trouble ? null : whole(this.image, kernel, settings, this.plan);
    this.index = clamp(this.index, 0, Math.max(this.plan.places - 1, 0));
    if (before !== this.plan.places || this.begin) this.filled = this.begin || Infinity;
    this.begin = null;
    if (this.trouble) this.pause();
    this.redraw();
  }

  redraw() {
    this.width = Math.floor(this.root.clientWidth);
    if (!this.width) return;
    this.narrow = this.width < NARROW;
    this.box.classList.toggle("narrow", this.narrow);
    this.fillForm();
    this.drawViews();
    this.drawSize();
    if (!this.trouble) {
      const { rows, columns } = this.state.settings;
      const room = GRID[this.narrow ? "narrow" : "wide"];
      for (const each of [this.patch, this.weights, this.products]) {
        each.zeros = !isPooling(this.state.settings);
        each.shape(rows, columns, room, { mute: !this.narrow });
      }
      this.show();
      this.say();
    }
  }

  drawViews() {
    const { down, across } = this.plan;
    const width = this.narrow ? this.width : (this.width - SETTINGS_WIDTH - 2 * GAP) / 2;
    const room = { width: Math.floor(width), height: TALLEST[this.narrow ? "narrow" : "wide"] };
    const from = inputTone(this.image);
    const margin = { top: down.before, left: across.before, bottom: down.after, right: across.after };
    this.input.show(this.image, from, margin, room, isPooling(this.state.settings) ? "" : "0");
    this.find(".input h4 span").textContent = caption(this.image, this.state.settings);
    this.box.classList.toggle("impossible", Boolean(this.trouble));
    const words = this.find(".problem");
    const said = this.trouble ?? warning(this.state.settings);
    words.hidden = !said;
    words.textContent = said ?? "";
    this.find(".output h4 span").textContent = this.trouble ? "" : caption(this.image, this.state.settings, this.result);
    if (this.trouble) return;
    const tone = outputTone(this.result, this.state.settings, this.state.kernel, from);
    this.output.show(this.result, tone, null, room, "");
    this.output.fill(this.filled);
    this.drawLegend(tone);
  }

  drawLegend(tone) {
    const legend = this.find(".output .legend");
    const [low, bar, high] = legend.children;
    legend.hidden = false;
    low.textContent = formatNumber(tone.low, 6);
    high.textContent = `${formatNumber(tone.high, 6)}${tone.clipped ? " and more" : ""}`;
    const stops = Array.from({ length: 9 }, (_, k) => css(toned(tone.low + ((tone.high - tone.low) * k) / 8, tone)));
    bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
  }

  drawSize() {
    const { settings } = this.state;
    const rows = [["Height", this.plan.down], ["Width", this.plan.across]].map(([title, each]) => {
      const { text, more } = formula(each, settings);
      return `<dt>${title}</dt><dd>${escapeText(text)}<small class="quiet">${escapeText(more)}</small></dd>`;
    });
    this.find(".size").innerHTML = `<h4>Output size</h4><dl>${rows.join("")}</dl>
      <p class="quiet">${escapeText(formulaWords(settings))}</p>`;
  }

  fillForm() {
    const { settings, name } = this.state;
    const values = { ...settings, kernel: name, channels: settings.each ? "each" : settings.colour ? "sum" : "grey" };
    const focused = this.root.getRootNode().activeElement;
    for (const control of this.form.elements) {
      const text = String(values[control.name]);
      if (control !== focused || control.tagName === "SELECT") control.value = control.name === "bias" ? formatNumber(settings.bias) : text;
    }
    this.box.classList.toggle("pooling", isPooling(settings));
    this.box.classList.toggle("operation-l2", settings.operation === "l2");
    this.box.classList.toggle("coloured", this.given.channels === 3);
    const tabs = this.image.channels === 3 ? NAMES : [];
    this.find(".tabs").innerHTML = tabs.map((title, k) =>
      `<button type="button" data-channel="${k}" aria-pressed="${k === this.channel}" class="${title}">${title}</button>`).join("");
  }

  /** Everything that depends on where the window is: called at every move of the pointer. */
  show() {
    if (this.trouble || !this.result || !this.width) return;
    const { settings, kernel } = this.state;
    const { down, across } = this.plan;
    const [row, column] = [Math.floor(this.index / across.output), this.index % across.output];
    this.explained = explain(this.image, kernel, settings, this.plan, row, column, this.channel);
    const shown = this.shown();
    const taps = down.dilation > 1 ? { rows: down.kernel, columns: across.kernel, dilation: down.dilation } : null;
    this.input.mark(column * across.stride, row * down.stride, across.span, down.span, taps);
    this.output.mark(column, row, 1, 1, null);
    const { low, high } = this.input.tone;
    this.patch.update(shown.patch, (value) => grey(value, low, high), shown);
    const most = Math.max(...shown.products.map(Math.abs), 1e-12);
    this.products.update(shown.products, (value) => (isPooling(settings) ? grey(value, 0, most) : diverging(value / most)), shown);
    if (shown.weights) this.showKernel(kernel, shown.weights);
    this.showResult(row, column);
  }

  /** The channel whose numbers stand in the grids. */
  shown() {
    return this.explained.channels.find((each) => each.channel === this.channel) ?? this.explained.channels[0];
  }

  /** The cell that is pointed at; else the sum, or where its numbers can be read. */
  showLine() {
    const { settings } = this.state;
    const { index } = this.pointing;
    const shown = this.shown();
    const sum = this.patch.mute ? `Point at a cell to read its ${shown.weights ? "product" : "number"}.` : sumLine(settings, this.explained);
    const read = index !== null && index < shown.patch.length;
    this.find(".line").textContent = read ? cellWords(settings, shown, index, settings.columns) : sum;
  }

  /** The kernel does not change while the window moves: a hundred inputs are left in peace. */
  showKernel(kernel, weights) {
    const { cells } = this.weights;
    if (this.drawn?.kernel === kernel && this.drawn.channel === this.channel && this.drawn.cells === cells) return;
    this.drawn = { kernel, cells, channel: this.channel };
    const largest = Math.max(...weights.map(Math.abs), 1e-12);
    this.weights.update(weights, (value) => diverging((0.8 * value) / largest));
  }

  showResult(row, column) {
    const { settings } = this.state;
    const { explained } = this;
    const names = this.image.channels === 3 ? NAMES : ["all"];
    const rows = resultRows(settings, explained, names).map(([title, value]) => `<dt>${title}</dt><dd>${value}</dd>`);
    this.find(".result dl").innerHTML = rows.join("");
    this.find(".value span").textContent = `row ${row + 1}, column ${column + 1}`;
    this.find(".value strong").textContent = formatNumber(explained.value);
    const colour = apart(settings) && this.image.channels === 3 ? [180, 180, 180] : toned(explained.value, this.output.tone);
    this.find(".value").style.setProperty("--shade", css(colour));
    this.showLine();
    this.find(".place").textContent = `Row ${row + 1} of ${this.plan.down.output}, column ${column + 1} of ${this.plan.across.output}`;
  }

  /** Say the place once the window has come to rest: a hundred sentences on the way to it help nobody. */
  speak() {
    const words = this.sentence();
    this.spoken.textContent = words;
    this.output.canvas.setAttribute("aria-label", `Output: ${words}`);
    this.input.canvas.setAttribute("aria-label", `Input with the window of ${words}`);
    if (!this.explained) return;
    this.patch.describe(gridWords("Under the window", this.shown().patch));
    this.products.describe(gridWords("Products", this.shown().products));
  }

  /** The current place and its numbers, for whoever does not see the pictures. */
  sentence() {
    if (this.trouble || !this.explained) return this.trouble ?? "";
    const across = this.plan.across.output;
    return describe(this.state.settings, this.explained, Math.floor(this.index / across), this.index % across);
  }

  /** Move the window; with `filling`, an output that is not whole yet is filled in up to there. */
  go(index, filling = false) {
    if (this.trouble) return;
    this.index = clamp(index, 0, this.plan.places - 1);
    if (filling && this.index + 1 > this.filled) this.fill(this.index + 1);
    this.show();
    this.say();
  }

  fill(count) {
    this.filled = count >= this.plan.places ? Infinity : count;
    this.output.fill(this.filled);
  }

  /** The place whose window lies nearest around a point of the input, or that is a point of the output. */
  placeAt(view, event) {
    const { down, across } = this.plan;
    const { x, y } = view.under(event);
    const along = (at, way) => (view === this.output ? Math.floor(at) : Math.round((at - way.span / 2) / way.stride));
    return clamp(along(y, down), 0, down.output - 1) * across.output + clamp(along(x, across), 0, across.output - 1);
  }

  onPress(view, event) {
    if (this.trouble) return;
    this.pause();
    view.stage.setPointerCapture(event.pointerId);
    this.go(this.placeAt(view, event));
  }

  onMove(view, event) {
    if (this.trouble || this.playing) return;
    const index = this.placeAt(view, event);
    if (index !== this.index) this.go(index);
  }

  onKey(event) {
    if (this.trouble) return;
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      this.onClick(event.key === " " ? "play" : "step");
      return;
    }
    const next = moveInGrid(event.key, this.index, this.plan.places, this.plan.across.output);
    if (next === null) return;
    event.preventDefault();
    this.pause();
    this.go(next, true);
  }

  onClick(action) {
    if (action === "normalise" || action === "rotate") this.change(reworked(this.state, action));
    if (!action || this.trouble) return;
    if (action === "play") {
      if (this.playing) this.pause();
      else this.play();
      return;
    }
    this.pause();
    if (action === "first") this.fill(1);
    if (action === "all") this.fill(Infinity);
    if (action !== "all") this.go({ first: 0, back: this.index - 1, step: this.index + 1 }[action] ?? this.index, true);
  }

  /** Go on by itself, from the beginning where the output is whole. */
  play() {
    if (!Number.isFinite(this.filled) || this.index === this.plan.places - 1) {
      this.fill(1);
      this.go(0);
    }
    const speed = () => this.speed ?? this.plan.places / SECONDS_FOR_ALL;
    let [last, steps] = [performance.now(), 0];
    const move = (now) => {
      steps += ((now - last) / 1000) * speed();
      last = now;
      if (steps >= 1) {
        this.go(this.index + Math.floor(steps), true);
        steps %= 1;
      }
      if (this.index >= this.plan.places - 1) this.pause();
      else this.playing = requestAnimationFrame(move);
    };
    this.playing = requestAnimationFrame(move);
    this.showPlaying();
  }

  pause() {
    if (this.playing) cancelAnimationFrame(this.playing);
    this.playing = null;
    this.showPlaying();
  }

  showPlaying() {
    const button = this.find('[data-do="play"]');
    button.innerHTML = this.playing ? `${ICONS.pause}Pause` : `${ICONS.play}Play`;
  }

  showSpeed() {
    const wanted = this.speed ?? clamp(this.plan.places / SECONDS_FOR_ALL, 1, SPEEDS[SPEEDS.length - 1]);
    const nearest = SPEEDS.findIndex((speed) => speed >= wanted);
    this.find(".speed input").value = nearest;
    this.speed = SPEEDS[nearest];
  }

  onWeight(cell) {
    const value = parseNumber(cell.value);
    cell.toggleAttribute("aria-invalid", value === null);
    if (value === null) return;
    const { kernel, settings } = this.state;
    const channel = kernel.channels > 1 && !settings.each ? this.channel : null;
    this.change(edited(this.state, Number(cell.dataset.index), value, channel));
  }

  onWeightFocus(cell) {
    if (cell.dataset.index === undefined) return;
    cell.value = formatNumber(slice(this.state.kernel, this.channel)[cell.dataset.index]);
    cell.select();
  }

  onWeightKey(event) {
    const { rows, columns } = this.state.kernel;
    const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const next = vertical ? moveInGrid(event.key, Number(event.target.dataset.index), rows * columns, columns) : null;
    if (next === null) return;
    event.preventDefault();
    this.weights.cells[next].focus();
  }

  look(channel) {
    if (!Number.isInteger(channel)) return;
    this.channel = channel;
    this.fillForm();
    this.show();
  }

  close() {
    this.pause();
    this.say.cancel();
    this.observer.disconnect();
  }
}

export default function convolution(component) {
  const { parentElement, data } = component;
  if (!instances.has(parentElement)) {
    instances.set(parentElement, new Convolution(parentElement.querySelector(".root"), data.kernels));
  }
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
