// An image along a sweep of shifts, angles or scales: picture, answers and curve follow one slider.
import { clamp, escapeText } from "./shared.mjs";

const WIDTH = 1000;
const HEIGHT = 240;

/** A probability in percent; a doubt is never rounded away. */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1%";
  if (share >= 0.9995 && share < 1) return ">99.9%";
  return share === 1 ? "100%" : `${(share * 100).toFixed(1)}%`;
}

/** Where an index of `count` lies along a width: the first at 0, the last at its end. */
export function along(index, count, width) {
  return count < 2 ? 0 : (index / (count - 1)) * width;
}

/** The index nearest to a place along a width. */
export function nearest(place, count, width) {
  return clamp(Math.round((place / Math.max(width, 1)) * (count - 1)), 0, count - 1);
}

/** A curve of shares as the points of an SVG line, 1 at the top. */
export function points(shares, width = WIDTH, height = HEIGHT) {
  return shares
    .map((share, index) => `${along(index, shares.length, width).toFixed(1)},${((1 - share) * height).toFixed(1)}`)
    .join(" ");
}

/** From where to where a stretch of the strip goes, in shares of the width: half a step to either side. */
export function extent([first, last], count) {
  const whole = Math.max(count - 1, 1);
  const from = clamp((first - 0.5) / whole, 0, 1);
  return { from, to: clamp((last + 0.5) / whole, 0, 1) };
}

/** The bytes of one image as the RGBA of a canvas. */
export function frame(bytes, index, { width, height, channels }) {
  const pixels = new Uint8ClampedArray(width * height * 4);
  const start = index * width * height * channels;
  for (let at = 0; at < width * height; at += 1) {
    for (let colour = 0; colour < 3; colour += 1) {
      pixels[at * 4 + colour] = bytes[start + at * channels + (channels === 1 ? 0 : colour)];
    }
    pixels[at * 4 + 3] = 255;
  }
  return pixels;
}

/** One place of the sweep in words. */
export function describe(index, { labels, top }) {
  const [name, share] = top[index][0];
  return `${labels[index]}: the network says '${name}', ${percent(share)}`;
}

/** The answers as rows of bars. */
export function bars(answers) {
  return answers
    .map(([name, share, role]) => `<span class="name" title="${escapeText(name)}">${escapeText(name)}</span>` +
      `<span class="track"><i class="${role}" style="width:${(share * 100).toFixed(1)}%"></i></span>` +
      `<span class="number">${percent(share)}</span>`)
    .join("");
}

/** Curves as SVG; grid lines at 0, 50 and 100 %. */
export function chart(curves) {
  const grid = [0, 0.5, 1].map((share) => `<line x1="0" x2="${WIDTH}" y1="${share * HEIGHT}" y2="${share * HEIGHT}"/>`);
  // The first is drawn last: it lies above the others.
  const lines = curves.toReversed().map(([, role, shares]) => `<polyline class="${role}" points="${points(shares)}"/>`);
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">` +
    `<g class="grid">${grid.join("")}</g>${lines.join("")}</svg>`;
}

/** The strip under the curve: which answer each stretch gets. */
export function strip(stretches, count, right) {
  return stretches
    .map(([first, last, name]) => {
      const { from, to } = extent([first, last], count);
      const place = `left:${(from * 100).toFixed(2)}%;width:${((to - from) * 100).toFixed(2)}%`;
      return `<span class="${name === right ? "right" : "wrong"}" style="${place}" title="${escapeText(name)}">` +
        `${escapeText(name)}</span>`;
    })
    .join("");
}

const instances = new WeakMap();

class Sweep {
  constructor(root) {
    root.innerHTML = `<div class="sweep">
      <div class="picture"><canvas></canvas><div class="amount"></div><button type="button">As it is</button></div>
      <div class="curve"><div class="legend"></div>
        <div class="scale quiet" aria-hidden="true"><span>100%</span><span>50%</span><span>0%</span></div>
        <div class="plot"><div class="lines"></div><div class="at"></div></div>
        <div class="strip" aria-hidden="true"></div>
        <input type="range" min="0" step="1"><div class="ends quiet"></div></div>
      <div class="answers"></div></div>
      <div class="unseen words"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      canvas: find("canvas"), amount: find(".amount"), answers: find(".answers"), plot: find(".plot"),
      lines: find(".lines"), at: find(".at"), strip: find(".strip"), slider: find("input"), ends: find(".ends"),
      back: find("button"), legend: find(".legend"), words: find(".words"),
    });
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.back.addEventListener("click", () => this.show(this.data.neutral));
    this.plot.addEventListener("pointerdown", (event) => this.drag(event));
    this.plot.addEventListener("pointermove", (event) => event.buttons && this.drag(event));
  }

  update({ data }) {
    const same = this.data?.title === data.title && this.data.labels.length === data.labels.length;
    this.data = data;
    this.bytes = Uint8Array.from(atob(data.pixels), (letter) => letter.charCodeAt(0));
    Object.assign(this.canvas, { width: data.width, height: data.height });
    this.slider.max = data.labels.length - 1;
    this.slider.setAttribute("aria-label", `${data.title}. Arrow keys move.`);
    this.lines.innerHTML = chart(data.curves);
    this.strip.innerHTML = strip(data.stretches, data.labels.length, data.right);
    this.ends.innerHTML = [data.labels[0], data.labels.at(-1)].map((text) => `<span>${escapeText(text)}</span>`).join("");
    this.legend.innerHTML = data.curves
      .map(([name, role]) => `<span><i class="${role}"></i>${escapeText(`'${name}'`)}</span>`).join("");
    this.words.textContent = data.words;
    this.show(same ? this.index : data.neutral);
  }

  show(index) {
    const { data } = this;
    const count = data.labels.length;
    this.index = index;
    this.canvas.getContext("2d").putImageData(
      new ImageData(frame(this.bytes, index, data), data.width, data.height), 0, 0);
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `The image: ${data.title.toLowerCase()} ${data.labels[index]}`);
    this.amount.textContent = data.labels[index];
    this.answers.innerHTML = bars(data.top[index]);
    this.at.style.left = `${along(index, count, 100)}%`;
    this.slider.value = index;
    this.slider.setAttribute("aria-valuetext", describe(index, data));
    this.back.disabled = index === data.neutral;
  }

  drag(event) {
    const { left, width } = this.plot.getBoundingClientRect();
    this.show(nearest(event.clientX - left, this.data.labels.length, width));
  }
}

export default function invariance(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Sweep(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => instances.delete(parentElement);
}
