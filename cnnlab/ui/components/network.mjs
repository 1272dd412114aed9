// A network as a row of volumes: height upwards, width away from the viewer, channels to the right.
import { clamp, escapeText, formatShape, later, moveInGrid } from "./shared.mjs";

// Pixels. A map's width runs away from the viewer, so a pixel of it is drawn shorter, up and to the right.
const LARGEST_MAP = 100;
const SMALLEST_MAP = 4;
const AWAY = { right: 0.42, up: 0.3 };
const CHANNEL_ROOT = 3.2;
const MOST_CHANNELS = 130;
const VECTOR_WIDTH = 9;
const VECTOR_DOUBLING = 8;
const MARGIN = 12;
const SMALLEST_GAP = 20;
const LARGEST_GAP = 52;
const LETTER = 7.8;
// A block with a shortcut: a lead, in which the shortcut leaves; two slabs with a gap; the plus where it comes back.
const BLOCK = { lead: 16, gap: 12, tail: 12, plus: 9, above: 12 };

/**
 * How large a volume is drawn, in pixels.
 *
 * Height and width are to scale with the largest map of the network. Channels grow with their square root and a
 * vector with its logarithm: true scale would make 512 channels forty times as long as the map is high.
 * `clipped` says that a part is drawn larger or smaller than its scale says.
 */
export function boxSize(shape, largest) {
  if (shape === null) return { height: 60, away: 0, across: 40, clipped: false };
  if (shape.length === 1) {
    return { height: 8 + VECTOR_DOUBLING * Math.log2(shape[0] + 1), away: 0, across: VECTOR_WIDTH, clipped: false };
  }
  const [rows, columns, channels] = shape;
  const unit = LARGEST_MAP / largest;
  const across = CHANNEL_ROOT * Math.sqrt(channels);
  return {
    height: Math.max(rows * unit, SMALLEST_MAP),
    away: Math.max(columns * unit, SMALLEST_MAP),
    across: Math.min(across, MOST_CHANNELS),
    clipped: Math.min(rows, columns) * unit < SMALLEST_MAP || across > MOST_CHANNELS,
  };
}

/** A layer's name in one or two lines: broken after an underscore, where the lines come out most alike. */
export function nameLines(name) {
  if (name.length <= 11 || !name.includes("_")) return [name];
  const cuts = [...name].flatMap((letter, k) => (letter === "_" ? [k + 1] : []));
  const uneven = (cut) => Math.abs(name.length - 2 * cut);
  const cut = cuts.reduce((best, next) => (uneven(next) < uneven(best) ? next : best));
  return [name.slice(0, cut), name.slice(cut)];
}

/** Whether a layer is drawn as two slabs with a shortcut around them. */
const isBlock = (volume) => Boolean(volume.block) && volume.shape?.length === 3;

// The second slab hides no more than a part of the first one's side.
const slabGap = (depth) => BLOCK.gap + 0.5 * depth;

const blockWidth = (across, depth) => BLOCK.lead + 2 * across + slabGap(depth) + depth + BLOCK.tail + 2 * BLOCK.plus;

/**
 * Where everything lies, in pixels from the top left.
 *
 * @param volumes [{id, name, shape: [h, w, c] | [n] | null, …}]
 * @param available the width that is there; wide gaps fill it, and beyond the smallest gaps the drawing is wider
 * @param named whether names and shapes are written below
 */
export function layout(volumes, available, named = true) {
  const maps = volumes.filter((volume) => volume.shape?.length === 3);
  const largest = Math.max(1, ...maps.flatMap((volume) => volume.shape.slice(0, 2)));
  const items = volumes.map((volume) => {
    const size = boxSize(volume.shape, largest);
    const lines = nameLines(volume.name);
    const words = volume.shape === null ? "?" : formatShape(volume.shape);
    const depth = size.away * AWAY.right;
    const boxWidth = isBlock(volume) ? blockWidth(size.across, depth) : size.across + depth;
    const letters = Math.max(words.length, ...lines.map((line) => line.length));
    return { ...size, lines, words, boxWidth, width: named ? Math.max(boxWidth, letters * LETTER) : boxWidth };
  });
  const content = items.reduce((sum, item) => sum + item.width, 0);
  const spare = (available - 2 * MARGIN - content) / Math.max(items.length - 1, 1);
  const gap = clamp(spare, SMALLEST_GAP, LARGEST_GAP);
  const drawn = content + gap * (items.length - 1) + 2 * MARGIN;
  const tallest = Math.max(0, ...items.map((item) => item.height + item.away * AWAY.up));
  const middle = MARGIN + 14 + tallest / 2;
  let left = MARGIN + Math.max(0, (available - drawn) / 2);
  for (const item of items) {
    item.left = left;
    item.x = left + (item.width - item.boxWidth) / 2;
    item.rise = item.away * AWAY.up;
    item.shift = item.away * AWAY.right;
    // Centred on one line, so that the stack narrows on both sides.
    item.y = middle - (item.height + item.rise) / 2 + item.rise;
    left += item.width + gap;
  }
  const below = MARGIN + 14 + tallest;
  const labels = below + 26;
  const twoLines = items.some((item) => item.lines.length > 1);
  return {
    items,
    gap,
    middle,
    labels,
    largest,
    width: Math.max(drawn, available),
    height: named ? labels + (twoLines ? 42 : 26) + MARGIN : below + MARGIN,
    named,
    clipped: items.some((item) => item.clipped),
  };
}

/** The corners of a box's three visible faces, as SVG takes them. */
export function faces({ x, y, across, height, shift, rise }) {
  const right = x + across;
  const bottom = y + height;
  const points = (...corners) => corners.map((corner) => corner.map((at) => at.toFixed(1)).join(",")).join(" ");
  return {
    front: points([x, y], [right, y], [right, bottom], [x, bottom]),
    top: points([x, y], [x + shift, y - rise], [right + shift, y - rise], [right, y]),
    side: points([right, y], [right + shift, y - rise], [right + shift, bottom - rise], [right, bottom]),
  };
}

/** What a screen reader says of a layer. */
export function describe(volume, position) {
  const size = volume.shape === null ? "output shape unknown" : `output ${formatShape(volume.shape)}`;
  const problem = volume.problem ? `. Problem: ${volume.problem}` : "";
  const shortcut = volume.block ? " with a shortcut" : "";
  const place = volume.family === "input" ? "Input" : `Layer ${position}: ${volume.title}${shortcut}, ${volume.name}`;
  return `${place}, ${size}${problem}`;
}

/** What must be said of the scale, for the volumes that are there. */
export function scaleNote(volumes, clipped) {
  const maps = volumes.some((volume) => volume.shape?.length === 3);
  const vectors = volumes.some((volume) => volume.shape?.length === 1);
  const parts = [];
  if (maps) parts.push("height and width to scale, channels by square root");
  if (vectors) parts.push("vectors by logarithm");
  if (clipped) parts.push("the smallest and longest clipped");
  const note = parts.join("; ");
  return note.charAt(0).toUpperCase() + note.slice(1);
}

/** A block's places: its two slabs, the plus behind them, and the line over them that the shortcut takes. */
export function blockPlaces(item, middle) {
  const first = item.x + BLOCK.lead;
  const second = first + item.across + slabGap(item.shift);
  const plus = second + item.across + item.shift + BLOCK.tail + BLOCK.plus;
  return { slabs: [first, second], plus, middle, over: item.y - item.rise - BLOCK.above };
}

function drawBlock(item, middle) {
  const { slabs, plus, over } = blockPlaces(item, middle);
  const slab = (x) => drawFaces({ ...item, x });
  const at = (value) => value.toFixed(1);
  const from = item.x + 3;
  const top = middle - BLOCK.plus;
  const bend = 6;
  return `<path class="way" d="M${at(item.x - 4)} ${at(middle)}H${at(slabs[0])}"/>
    ${slab(slabs[0]).join("")}<path class="way" d="M${at(slabs[0] + item.across + item.shift / 2)} ${at(middle)}H${at(slabs[1])}"/>
    ${slab(slabs[1]).join("")}<path class="way" d="M${at(slabs[1] + item.across + item.shift / 2)} ${at(middle)}H${at(plus - BLOCK.plus)}"/>
    <path class="skip" d="M${at(from)} ${at(middle)}V${at(over + bend)}q0 ${-bend} ${bend} ${-bend}H${at(plus - bend)}
      q${bend} 0 ${bend} ${bend}V${at(top - 2)}m-4 -5l4 5l4 -5"/>
    <circle class="plus" cx="${at(plus)}" cy="${at(middle)}" r="${BLOCK.plus}"/>
    <path class="plus" d="M${at(plus - 5)} ${at(middle)}h10m-5 -5v10"/>`;
}

function drawFaces(item) {
  const corners = faces(item);
  return ["top", "side", "front"]
    .filter((name) => item.away > 0 || name === "front")
    .map((name) => `<polygon class="face ${name}" points="${corners[name]}"/>`);
}

function drawBox(volume, item, middle) {
  if (volume.shape === null) {
    return `<rect class="unknown" x="${item.x}" y="${item.y}" width="${item.across}" height="${item.height}" rx="4"/>`;
  }
  if (isBlock(volume)) return drawBlock(item, middle);
  return drawFaces(item).join("");
}

function drawSign(item) {
  const x = item.x + item.boxWidth / 2;
  const y = item.y - item.rise - 2;
  return `<g class="sign" transform="translate(${x.toFixed(1)} ${Math.max(y, 24).toFixed(1)})">
    <path d="M0 -20 L15 6 L-15 6 Z"/><text y="3">!</text></g>`;
}

function drawLayer(volume, item, plan, selected, focusable, position) {
  const centre = (item.left + item.width / 2).toFixed(1);
  const fixed = volume.id === null;
  const names = ["layer", volume.family];
  if (fixed) names.push("fixed");
  if (selected) names.push("selected");
  if (volume.problem) names.push("wrong");
  const role = fixed
    ? 'role="img"'
    : `role="option" aria-selected="${selected}" tabindex="${focusable ? 0 : -1}" data-id="${escapeText(volume.id)}"`;
  const label = item.lines.map(
    (line, k) => `<tspan x="${centre}" dy="${k ? 16 : 0}">${escapeText(line)}</tspan>`,
  );
  const shapeY = plan.labels + 2 + 16 * item.lines.length;
  return `<g class="${names.join(" ")}" ${role} aria-label="${escapeText(describe(volume, position))}">
    <title>${escapeText(volume.problem ?? describe(volume, position))}</title>
    <rect class="column" x="${(item.left - 8).toFixed(1)}" y="3" width="${(item.width + 16).toFixed(1)}"
      height="${(plan.height - 6).toFixed(1)}" rx="8"/>
    ${drawBox(volume, item, plan.middle)}
    ${volume.problem ? drawSign(item) : ""}
    ${plan.named ? `<text class="name" y="${plan.labels}">${label.join("")}</text>
    <text class="shape" x="${centre}" y="${shapeY}">${escapeText(item.words)}</text>` : ""}</g>`;
}

function drawArrows(plan) {
  return plan.items.slice(1).map((item, k) => {
    const before = plan.items[k];
    const from = before.x + before.boxWidth + 5;
    const to = item.x - 5;
    const y = plan.middle.toFixed(1);
    return `<path class="arrow" d="M${from.toFixed(1)} ${y}H${to.toFixed(1)}m-5 -4l5 4l-5 4"/>`;
  });
}

/** The whole drawing as SVG text. */
export function draw(volumes, plan, selected) {
  const layers = volumes.filter((volume) => volume.id !== null);
  const focus = layers.some((volume) => volume.id === selected) ? selected : layers[0]?.id;
  let position = 0;
  const groups = volumes.map((volume, k) => {
    if (volume.id !== null) position += 1;
    return drawLayer(volume, plan.items[k], plan, volume.id !== null && volume.id === selected, volume.id === focus,
      position);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${plan.width}" height="${plan.height}" role="listbox"
    aria-orientation="horizontal" aria-label="The network's ${layers.length} layers">
    ${groups.join("")}${drawArrows(plan).join("")}</svg>`;
}

function drawLegend(volumes, families, clipped) {
  const present = families.filter(([name]) => volumes.some((volume) => volume.family === name));
  const marks = present.map(([name, title]) => `<span><i class="${name}"></i>${escapeText(title)}</span>`);
  return `${marks.join("")}<span class="quiet">${escapeText(scaleNote(volumes, clipped))}</span>`;
}

const instances = new WeakMap();

/** One drawing on the page; it outlives reruns, so that its place in the scroll stays. */
class Network {
  constructor(root) {
    root.innerHTML = '<div class="scroll"></div><div class="legend"></div>';
    this.scroll = root.querySelector(".scroll");
    this.legend = root.querySelector(".legend");
    this.selected = null;
    this.scroll.addEventListener("click", (event) => this.onClick(event));
    this.scroll.addEventListener("keydown", (event) => this.onKey(event));
    this.report = later((id) => this.tell(id), 180);
    this.observer = new ResizeObserver(() => this.redraw());
    this.observer.observe(root);
  }

  update({ data, setTriggerValue }) {
    const moved = data.selected !== this.selected;
    this.data = data;
    this.selected = data.selected;
    this.tell = (id) => setTriggerValue("selected", id);
    this.redraw(true);
    if (moved) this.reveal();
  }

  redraw(always = false) {
    const width = Math.floor(this.scroll.clientWidth);
    if (!this.data || width === 0 || (!always && width === this.width)) return;
    this.width = width;
    const held = this.scroll.getRootNode().activeElement;
    const focused = this.scroll.contains(held);
    const plan = layout(this.data.volumes, width, !this.data.compact);
    this.scroll.innerHTML = draw(this.data.volumes, plan, this.selected);
    this.legend.innerHTML = this.data.compact ? "" : drawLegend(this.data.volumes, this.data.families, plan.clipped);
    if (focused) this.scroll.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
  }

  /** Scroll sideways, never the page, until the selected layer is seen. */
  reveal() {
    const layer = this.scroll.querySelector(".selected .column");
    if (!layer) return;
    const view = this.scroll.getBoundingClientRect();
    const box = layer.getBoundingClientRect();
    if (box.left < view.left) this.scroll.scrollLeft -= view.left - box.left + 8;
    if (box.right > view.right) this.scroll.scrollLeft += box.right - view.right + 8;
  }

  /** Mark a layer at once; Python's answer comes later. */
  select(id) {
    this.selected = id;
    for (const layer of this.scroll.querySelectorAll("[data-id]")) {
      const chosen = layer.dataset.id === id;
      layer.classList.toggle("selected", chosen);
      layer.setAttribute("aria-selected", chosen);
      layer.tabIndex = chosen ? 0 : -1;
      if (chosen) layer.focus({ preventScroll: true });
    }
    this.reveal();
  }

  onClick(event) {
    const layer = event.target.closest("[data-id]");
    if (!layer) return;
    this.report.cancel();
    this.select(layer.dataset.id);
    this.tell(layer.dataset.id);
  }

  onKey(event) {
    const ids = this.data.volumes.filter((volume) => volume.id !== null).map((volume) => volume.id);
    const here = ids.indexOf(event.target.closest?.("[data-id]")?.dataset.id);
    if (here < 0) return;
    const chosen = event.key === "Enter" || event.key === " ";
    const next = chosen ? here : moveInGrid(event.key, here, ids.length, ids.length);
    if (next === null) return;
    event.preventDefault();
    this.select(ids[next]);
    if (chosen) {
      this.report.cancel();
      this.tell(ids[next]);
    } else if (next !== here) this.report(ids[next]);
  }

  close() {
    this.report.cancel();
    this.observer.disconnect();
  }
}

export default function network(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Network(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.close();
    instances.delete(parentElement);
  };
}
