// Images as dots of a plane: pointed at, chosen and, by class, picked out without asking the server.
import { clamp, escapeText, formatCount, later } from "./shared.mjs";

/** Classes with a colour of their own; the next ones have the same colours in another shape. */
const COLOURS = 8;
const SHAPES = ["circle", "square", "triangle", "diamond"];
const MARGIN = 14;
/** So near a dot must be, in pixels: a finger is wider than a pointer. */
const REACH = { mouse: 14, touch: 30 };
/** How opaque the dots are: those that are not picked out, the right answers, the wrong ones. */
const FADED = 0.1;
const RIGHT = 0.6;
const WRONG = 1;
/** More names than this would hide the dots; the longest is cut to so many letters. */
const NAMES = 20;
const LETTERS = 14;
const LETTER_HEIGHT = 16;
/** Room around a name, in pixels, and how far it may be moved for it: further off it would name other dots. */
const GAP = 5;
const FURTHEST = 60;

/** The colour and the shape of a class. */
export function marker(label, colours) {
  return { colour: colours[label % COLOURS], shape: SHAPES[Math.floor(label / COLOURS) % SHAPES.length] };
}

/**
 * Where the dots are drawn on a plane of some pixels: as large as fits, one scale for both directions, up is up.
 *
 * @returns [x of each, y of each]
 */
export function placed({ x, y }, width, height) {
  const ends = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
  const [[left, right], [bottom, top]] = [ends(x), ends(y)];
  const across = (width - 2 * MARGIN) / Math.max(right - left, 1e-9);
  const scale = Math.min(across, (height - 2 * MARGIN) / Math.max(top - bottom, 1e-9));
  const middle = [(left + right) / 2, (bottom + top) / 2];
  return [
    x.map((value) => width / 2 + (value - middle[0]) * scale),
    y.map((value) => height / 2 - (value - middle[1]) * scale),
  ];
}

/** Which dots are picked out: those of a class, the wrong ones, or all of them (null). */
export function shown({ labels, called }, only) {
  return labels.map((label, index) =>
    only === null || (only === "wrong" ? label !== called[index] : label === only));
}

/** The dot nearest to a point, of those that are picked out; null where none is within reach. */
export function nearest([xs, ys], visible, x, y, reach) {
  let best = null;
  let least = reach * reach;
  visible.forEach((here, index) => {
    const away = (xs[index] - x) ** 2 + (ys[index] - y) ** 2;
    if (here && away <= least) [best, least] = [index, away];
  });
  return best;
}

/** The class of each name on the plane and where it stands: at the medians of its dots. */
export function middles({ labels, names }, [xs, ys]) {
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
  return names.flatMap((_, label) => {
    const own = labels.flatMap((each, index) => (each === label ? [index] : []));
    return own.length ? [{ label, x: median(own.map((k) => xs[k])), y: median(own.map((k) => ys[k])) }] : [];
  });
}

/** The middle, then places around it on wider and wider circles, as [right, down] in pixels. */
const SPOTS = [[0, 0]];
for (let away = 6; away <= FURTHEST; away += 6) {
  for (let turn = 0; turn < 12; turn += 1) {
    SPOTS.push([away * Math.sin((turn * Math.PI) / 6), -away * Math.cos((turn * Math.PI) / 6)]);
  }
}

/**
 * Names that do not lie on each other: the first at its place, each next one at the nearest free place around its own,
 * all inside the plane. A name without a free place near is left out: the legend has it.
 *
 * @param names Each with its middle (`x`, `y`) and its size (`wide`, `high`), in pixels.
 */
export function apart(names, width, height) {
  const taken = [];
  const isFree = (at) => taken.every((other) =>
    Math.abs(at.x - other.x) >= (at.wide + other.wide) / 2 + GAP ||
    Math.abs(at.y - other.y) >= (at.high + other.high) / 2 + GAP);
  for (const name of names) {
    const [halfWide, halfHigh] = [name.wide / 2, name.high / 2];
    const spots = SPOTS.map(([right, down]) => ({
      ...name,
      x: clamp(name.x + right, halfWide, Math.max(halfWide, width - halfWide)),
      y: clamp(name.y + down, halfHigh, Math.max(halfHigh, height - halfHigh)),
    }));
    const spot = spots.find(isFree);
    if (spot) taken.push(spot);
  }
  return taken;
}

const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Where a key moves to: the nearest dot in a quarter of the plane, Home the first and End the last one. The place
 * stays where there is none further; null when the key does not move.
 */
export function towards(key, here, [xs, ys], visible) {
  const all = visible.flatMap((seen, index) => (seen ? [index] : []));
  if (!all.length) return null;
  if (key === "Home") return all[0];
  if (key === "End") return all[all.length - 1];
  const direction = DIRECTIONS[key];
  if (!direction) return null;
  let best = here;
  let least = Infinity;
  for (const index of all) {
    const [dx, dy] = [xs[index] - xs[here], ys[index] - ys[here]];
    const ahead = dx * direction[0] + dy * direction[1];
    const away = dx * dx + dy * dy;
    const aside = Math.abs(direction[0] ? dy : dx);
    if (ahead > 0 && aside <= ahead && away < least) [best, least] = [index, away];
  }
  return best;
}

/** One dot in words: its image, its class and the answer. */
export function pointWords({ images, labels, called, sure, names }, index) {
  const answer = labels[index] === called[index] ? "rightly called so" : `called '${names[called[index]]}'`;
  return `Test image ${formatCount(images[index])}: '${names[labels[index]]}', ${answer} (${sure[index]}% sure)`;
}

/** The classes as buttons, and one for the wrong answers, as HTML. */
export function writeLegend({ names, labels, called, colours }, only) {
  const counts = names.map(() => 0);
  labels.forEach((label) => { counts[label] += 1; });
  const wrong = labels.filter((label, index) => label !== called[index]).length;
  const item = (value, mark, name, count) =>
    `<button type="button" data-only="${value}" aria-pressed="${String(only) === String(value)}">${mark}` +
    `<span>${escapeText(name)}</span><small class="quiet">${formatCount(count)}</small></button>`;
  const classes = names.map((name, label) => {
    const { colour, shape } = marker(label, colours);
    return counts[label] ? item(label, `<i class="${shape}" style="background:${colour}"></i>`, name, counts[label]) : "";
  });
  return classes.join("") + (wrong ? item("wrong", '<i class="ring"></i>', "wrong answers", wrong) : "");
}

const CORNERS = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  triangle: [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
};

/** The outline of a dot, to be filled. */
function outline(context, shape, x, y, radius) {
  context.beginPath();
  if (shape === "circle") {
    context.arc(x, y, radius, 0, 2 * Math.PI);
    return;
  }
  for (const [right, down] of CORNERS[shape]) context.lineTo(x + right * radius, y + down * radius);
  context.closePath();
}

/**
 * All dots: the faded ones first, the wrong ones last and on top. The right ones are paler, and a ring takes no room beyond
 * its dot's edge: where every second answer is wrong, the colours of the classes are still seen.
 */
export function paintDots(context, { labels, called, colours }, [xs, ys], visible, radius, ring) {
  const rank = (index) => 2 * visible[index] + (labels[index] !== called[index]);
  const order = labels.map((_, index) => index).sort((a, b) => rank(a) - rank(b));
  Object.assign(context, { strokeStyle: ring, lineWidth: radius / 2.5 });
  for (const index of order) {
    const { colour, shape } = marker(labels[index], colours);
    const wrong = labels[index] !== called[index];
    context.globalAlpha = visible[index] ? (wrong ? WRONG : RIGHT) : FADED;
    context.fillStyle = colour;
    outline(context, shape, xs[index], ys[index], radius);
    context.fill();
    if (wrong) context.stroke();
  }
}

const instances = new WeakMap();

class Scatter {
  constructor(root) {
    root.innerHTML = `<div class="plane" tabindex="0" role="application" aria-roledescription="map"><canvas></canvas>
      <div class="mark chosen" hidden></div><div class="mark under" hidden></div><div class="tip" hidden></div></div>
      <div class="legend" role="group" aria-label="Pick out"></div><div class="unseen" aria-live="polite"></div>`;
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, {
      plane: find(".plane"), canvas: find("canvas"), chosen: find(".chosen"), under: find(".under"), tip: find(".tip"),
      legend: find(".legend"), spoken: find(".unseen"), only: null, place: null, pointer: "mouse",
    });
    this.say = later((words) => { this.spoken.textContent = words; }, 150);
    this.plane.addEventListener("pointerdown", (event) => {
      this.pointer = event.pointerType === "touch" ? "touch" : "mouse";
    });
    this.plane.addEventListener("click", (event) => this.choose(this.dotUnder(event, REACH[this.pointer])));
    // A finger chooses; only what hovers points.
    this.plane.addEventListener("pointermove", (event) =>
      this.point(event.pointerType === "touch" ? null : this.dotUnder(event, REACH.mouse)));
    this.plane.addEventListener("pointerleave", () => this.point(null));
    this.plane.addEventListener("blur", () => this.point(null));
    this.plane.addEventListener("keydown", (event) => this.onKey(event));
    this.legend.addEventListener("click", (event) => this.pick(event.target.closest("[data-only]")));
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.plane);
  }

  update({ data, setTriggerValue }) {
    this.tell = (image) => setTriggerValue("chosen", image);
    // The rings have the colour of the page's text, which changes with its theme.
    const drawn = JSON.stringify({ ...data, selected: null, text: getComputedStyle(this.plane).color });
    const other = drawn !== this.drawn;
    this.data = data;
    this.selected = data.images.indexOf(data.selected);
    if (other) {
      this.drawn = drawn;
      this.plane.setAttribute("aria-label", `${data.label} Arrow keys move from dot to dot, Enter chooses one.`);
      if (this.only !== "wrong" && this.only >= data.names.length) this.only = null;
      this.draw();
    }
    this.frame(this.chosen, this.selected);
  }

  draw() {
    this.visible = shown(this.data, this.only);
    if (!this.visible.some(Boolean)) {
      this.only = null;
      this.visible = shown(this.data, null);
    }
    this.legend.innerHTML = writeLegend(this.data, this.only);
    this.point(null);
    this.fit();
  }

  /** Lay out and paint at the size that the plane has now. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.plane;
    if (!this.data || !width) return;
    const sharp = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: Math.round(width * sharp), height: Math.round(height * sharp) });
    this.at = placed(this.data, width, height);
    const context = this.canvas.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, width, height);
    const radius = this.data.images.length > 800 || width < 480 ? 3.25 : 4.5;
    paintDots(context, this.data, this.at, this.visible, radius, getComputedStyle(this.plane).color);
    if (this.data.names.length <= NAMES) this.write(context);
    this.frame(this.chosen, this.selected);
    this.frame(this.under, this.place);
  }

  /** The classes' names over their dots. */
  write(context) {
    const look = getComputedStyle(this.plane);
    Object.assign(context, {
      font: `700 ${LETTER_HEIGHT}px ${look.fontFamily}`, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 5,
      fillStyle: look.color, strokeStyle: look.getPropertyValue("--st-background-color"),
    });
    const names = middles(this.data, this.at).map((middle) => {
      const name = this.data.names[middle.label];
      const text = name.length > LETTERS ? `${name.slice(0, LETTERS - 1)}…` : name;
      return { ...middle, text, wide: context.measureText(text).width, high: LETTER_HEIGHT };
    });
    // The class that is picked out stands at its own place.
    names.sort((a, b) => (b.label === this.only) - (a.label === this.only));
    for (const { label, text, x, y } of apart(names, this.plane.clientWidth, this.plane.clientHeight)) {
      context.globalAlpha = typeof this.only === "number" && this.only !== label ? FADED : 0.9;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    }
  }

  frame(mark, index) {
    mark.hidden = index === null || index < 0 || !this.at;
    if (!mark.hidden) mark.style.translate = `${this.at[0][index]}px ${this.at[1][index]}px`;
  }

  dotUnder(event, reach) {
    const box = this.plane.getBoundingClientRect();
    return this.at ? nearest(this.at, this.visible, event.clientX - box.left, event.clientY - box.top, reach) : null;
  }

  point(index) {
    if (index === this.place) return;
    this.place = index;
    this.frame(this.under, index);
    this.plane.classList.toggle("pointing", index !== null);
    this.tip.hidden = index === null;
    if (index === null) return;
    this.tip.textContent = pointWords(this.data, index);
    const [x, y] = [this.at[0][index], this.at[1][index]];
    const half = this.tip.offsetWidth / 2;
    // Above the dot; below it where above is outside.
    const below = y < this.tip.offsetHeight + 14;
    this.tip.classList.toggle("below", below);
    this.tip.style.left = `${clamp(x, half, Math.max(half, this.plane.clientWidth - half))}px`;
    this.tip.style.top = `${y + (below ? 10 : -10)}px`;
  }

  choose(index) {
    if (index === null) return;
    this.selected = index;
    this.frame(this.chosen, index);
    this.point(index); // a finger reads it only now
    this.say(pointWords(this.data, index));
    this.tell(this.data.images[index]);
  }

  /** Pick out a class or the wrong answers; once more: all again. */
  pick(button) {
    if (!button) return;
    const asked = button.dataset.only === "wrong" ? "wrong" : Number(button.dataset.only);
    this.only = asked === this.only ? null : asked;
    this.draw();
    this.legend.querySelector(`[data-only="${asked}"]`).focus();
  }

  onKey(event) {
    if (!this.at) return;
    const here = this.place ?? Math.max(0, this.selected);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.choose(here);
      return;
    }
    const next = towards(event.key, here, this.at, this.visible);
    if (next === null) return;
    event.preventDefault();
    this.point(next);
    this.say(pointWords(this.data, next));
  }

  close() {
    this.say.cancel();
    this.observer.disconnect();
  }
}

export default function scatter(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Scatter(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
