// Pictures of one sprite with captions, in a grid.
import { escapeText, moveInGrid } from "./shared.mjs";

/** The style that shows one tile of a sprite in a box of any size: in percent, so that it follows the box. */
export function tileStyle(index, { columns, count, width, height, uri }) {
  const rows = Math.ceil(count / columns);
  const share = (at, of) => (of > 1 ? (100 * at) / (of - 1) : 0);
  const x = share(index % columns, columns).toFixed(4);
  const y = share(Math.floor(index / columns), rows).toFixed(4);
  return `aspect-ratio:${width}/${height};background-image:url("${uri}");` +
    `background-size:${columns * 100}% ${rows * 100}%;background-position:${x}% ${y}%`;
}

/** One picture in words. */
export function describe({ title, caption, right }) {
  const verdict = right === null ? "" : right ? ", right" : ", wrong";
  return `${title}${caption ? `, ${caption}` : ""}${verdict}`;
}

/** One picture as HTML; a button where it can be clicked. */
export function drawPicture(picture, index, data) {
  const tag = data.action ? "button" : "div";
  const names = ["picture", ...(picture.right === null ? [] : [picture.right ? "right" : "wrong"])].join(" ");
  const style = escapeText(tileStyle(index, { ...data, count: data.pictures.length }));
  const words = escapeText(describe(picture));
  const role = data.action
    ? `type="button" tabindex="${index ? -1 : 0}" data-id="${escapeText(picture.id)}" title="${escapeText(data.action)}"`
    : 'role="img"';
  const [title, caption] = picture.short ? [picture.short, ""] : [picture.title, picture.caption];
  const captions = data.captions === false ? "" :
    `<b title="${escapeText(picture.title)}">${escapeText(title)}</b>` +
    (caption && `<small title="${escapeText(caption)}">${escapeText(caption)}</small>`);
  return `<li><${tag} class="${names}" ${role} aria-label="${words}"><span class="pixels" style="${style}"></span>` +
    `${captions}</${tag}></li>`;
}

/** The grid's columns: so many, or as many of about this size as fit. */
export function gridColumns({ across, size }) {
  return across ? `repeat(${across}, minmax(0, 1fr))` : `repeat(auto-fill, minmax(min(${size}px, 28%), 1fr))`;
}

const instances = new WeakMap();

class Images {
  constructor(root) {
    root.innerHTML = '<ul class="images"></ul>';
    this.list = root.querySelector("ul");
    this.list.addEventListener("click", (event) => {
      const picture = event.target.closest("[data-id]");
      if (picture) this.tell(picture.dataset.id);
    });
    this.list.addEventListener("keydown", (event) => this.onKey(event));
  }

  update({ data, setTriggerValue }) {
    this.tell = (id) => setTriggerValue("clicked", id);
    const drawn = JSON.stringify(data);
    // A rerun with the same pictures keeps the place and the focus.
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.list.setAttribute("aria-label", data.label);
    this.list.style.gridTemplateColumns = gridColumns(data);
    this.list.innerHTML = data.pictures.map((picture, index) => drawPicture(picture, index, data)).join("");
  }

  onKey(event) {
    const pictures = [...this.list.querySelectorAll("[data-id]")];
    const here = pictures.indexOf(event.target.closest("[data-id]"));
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const next = here < 0 ? null : moveInGrid(event.key, here, pictures.length, columns);
    if (next === null) return;
    event.preventDefault();
    pictures[here].tabIndex = -1;
    pictures[next].tabIndex = 0;
    pictures[next].focus();
  }
}

export default function images(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Images(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => instances.delete(parentElement);
}
