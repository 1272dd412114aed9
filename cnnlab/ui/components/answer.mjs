// A network's answer to one image as bars.
import { escapeText } from "./shared.mjs";

/** One row a class: its name, with a tick where it is the image's, its bar and its probability. */
export function drawRows(rows) {
  return rows
    .map(([name, share, percent, role, actual]) =>
      `<span class="name" title="${escapeText(name)}">${escapeText(name)}</span>` +
      `<span class="tick">${actual ? "✓" : ""}</span>` +
      `<span class="track"><i class="${role}" style="width:${(share * 100).toFixed(2)}%"></i>` +
      `<span class="number">${escapeText(percent)}</span></span>`)
    .join("");
}

export default function answer({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const rows = drawRows(data.rows);
  if (root.drawn !== rows) root.innerHTML = `<div class="rows" role="img">${rows}</div>`;
  root.drawn = rows;
  root.firstChild.setAttribute("aria-label", data.label);
}
