// Helpers of several components. Pure, but for `bringNear`, `isBusy` and `later`.

/** Text that may stand in HTML, in an attribute's quotes too. */
export function escapeText(text) {
  const marks = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return String(text).replace(/[&<>"']/g, (mark) => marks[mark]);
}

/** A number between two ends. */
export function clamp(value, low, high) {
  return Math.min(Math.max(value, low), high);
}

/** A value of an array in at most four digits; a true minus sign. */
export function formatValue(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 10000 || size < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replace(/-/g, "−");
}

/** A whole number with its thousands apart. */
export function formatCount(count) {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** A shape as people write it: 24×24×32. */
export function formatShape(shape) {
  return shape.map(formatCount).join("×");
}

/** A share in percent; only 0 is "0%" and only 1 is "100%". */
export function formatShare(share) {
  if (share > 0 && share < 0.01) return "<1%";
  if (share < 1 && share > 0.99) return ">99%";
  return `${Math.round(share * 100)}%`;
}

/**
 * Where a key moves to in a grid that is filled row by row; null when the key does not move.
 * Up and down stay in the column; at an edge the place stays.
 */
export function moveInGrid(key, index, count, columns) {
  const last = count - 1;
  const targets = {
    ArrowLeft: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index - columns >= 0 ? index - columns : index,
    ArrowDown: index + columns <= last ? index + columns : index,
    Home: 0,
    End: last,
  };
  return key in targets && count > 0 ? clamp(targets[key], 0, last) : null;
}

/**
 * Whether Streamlit is at work on a rerun or has been asked for one.
 *
 * A rerun that is asked for in the first milliseconds of another takes its place, and with it the click that
 * the other was for (Streamlit 1.67). What asks by itself, without a user, therefore waits until nothing runs.
 */
export function isBusy(page = document) {
  const state = page.querySelector('[data-testid="stApp"]')?.dataset.testScriptState;
  return state !== undefined && state !== "notRunning" && state !== "initial";
}

/** Of the window, in pixels: what the app's header covers. */
const HEADER = 60;

/** Scroll to the last of two elements, by no more than it takes, where all from the first one on fits into the window. */
export function bringNear(first, last) {
  const height = last.getBoundingClientRect().bottom - first.getBoundingClientRect().top;
  if (height > window.innerHeight - HEADER) return;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  last.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
}

/** A function that does its work once calls have paused for some milliseconds. */
export function later(work, milliseconds) {
  let timer = null;
  const call = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...values), milliseconds);
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}
