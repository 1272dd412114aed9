// A run's history as a Plotly figure: loss and accuracy, side by side or stacked. Pure.
import { lastStep, smooth, thin } from "./live_history.mjs";

const STACKED_BELOW = 640;
const PANEL_HEIGHT = 290;
const STACKED_HEIGHT = 400;
const REACH_SHARE = 1 / 40;

/** Okabe and Ito's blue and vermilion, lighter on a dark ground; text and grid from the page's theme. */
export function palette({ text, background, font }) {
  const dark = luminance(background) < 0.4;
  return {
    training: dark ? "#56B4E9" : "#0072B2",
    validation: dark ? "#F0934A" : "#D55E00",
    text,
    // A thin bright line on dark looks weaker than a thin dark one on white.
    batch: dark ? 0.4 : 0.25,
    batches: dark ? 0.75 : 0.5,
    grid: translucent(text, dark ? 0.16 : 0.12),
    background,
    font,
  };
}

/** The figure's height in pixels for a width. */
export function figureHeight(width) {
  return width < STACKED_BELOW ? STACKED_HEIGHT : PANEL_HEIGHT;
}

/** Where the epochs' axis ends: at the last epoch, or in a long training at a round number not far ahead. */
export function epochsShown(history) {
  const total = history.totalEpochs || 1;
  const now = history.stepsPerEpoch ? lastStep(history) / history.stepsPerEpoch : 0;
  const ahead = [10, 20, 50, 100, 200].find((epochs) => epochs > now * 1.1) ?? total;
  return Math.min(total, ahead);
}

/** Where the loss axis ends: above every epoch and the batches' moving mean; a wild batch does not squeeze the rest. */
export function lossTop(history) {
  const [, batches] = thin(history.step, history.loss);
  const epochs = history.epochs.flatMap((epoch) => [epoch.loss, epoch.val_loss]);
  const finite = [...smooth(batches, reach(batches)), ...epochs].filter(Number.isFinite);
  return finite.length ? 1.1 * finite.reduce((top, value) => Math.max(top, value), 1e-3) : 1;
}

/** How far to each side the moving mean reaches, in points. */
function reach(values) {
  return Math.max(2, Math.round(values.length * REACH_SHARE));
}

/** The curves of both panels, in the order in which they lie above each other. */
export function traces(history, colors) {
  return [
    ...panel(history, "loss", colors, { xaxis: "x", yaxis: "y" }, ".3g"),
    ...panel(history, "accuracy", colors, { xaxis: "x2", yaxis: "y2" }, ".1%"),
  ];
}

/** The layout for a width in pixels. */
export function layout(history, colors, width) {
  const stacked = width < STACKED_BELOW;
  const font = { family: colors.font, size: width < 480 ? 12 : 14, color: colors.text };
  const ticks = { ticks: "outside", ticklen: 5, tickcolor: "rgba(0,0,0,0)" };
  // Each axis is an object of its own: Plotly writes into what it is given.
  const epochs = (anchor, domain, title) => ({
    anchor, domain, range: [0, epochsShown(history)], fixedrange: true, zeroline: false, gridcolor: colors.grid, ...ticks,
    title: { text: title, standoff: 10, font: { ...font } }, tickformat: "d", nticks: 11, dtick: epochsShown(history) <= 12 ? 1 : undefined,
  });
  const values = (anchor, domain, range, format) => ({
    anchor, domain, range, fixedrange: true, zeroline: false, gridcolor: colors.grid, ...ticks, tickformat: format, nticks: 6,
  });
  const [first, second] = stacked ? [[0, 1], [0, 1]] : [[0, 0.47], [0.53, 1]];
  const [upper, lower] = stacked ? [[0.58, 1], [0, 0.42]] : [[0, 1], [0, 1]];
  return {
    width, height: figureHeight(width), font, showlegend: false, dragmode: false, hovermode: "closest",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 30, b: 44 },
    hoverlabel: { bgcolor: colors.background, bordercolor: colors.grid, font: { ...font } },
    xaxis: epochs("y", first, stacked ? "" : "Epoch"),
    yaxis: values("x", upper, [0, lossTop(history)], ""),
    xaxis2: epochs("y2", second, "Epoch"),
    yaxis2: values("x2", lower, [0, 1.02], ".0%"),
    annotations: [title("Loss", first[0], upper[1], font), title("Accuracy", second[0], lower[1], font)],
  };
}

/** One panel's curves: each batch faint, its moving mean, and one marker an epoch for training and validation. */
function panel(history, field, colors, axes, format) {
  const epochOf = history.step.map((step) => step / history.stepsPerEpoch);
  const [xs, raw] = thin(epochOf, history[field]);
  const line = (x, y, name, color, more) => ({
    ...axes, x, y, name, type: "scatter", mode: "lines", connectgaps: false,
    hovertemplate: `${name}: %{y:${format}}<extra></extra>`, ...more, line: { color, ...more.line },
  });
  const done = history.epochs.map((epoch) => epoch.step / history.stepsPerEpoch);
  const marked = (key, name, color, symbol) => line(done, history.epochs.map((epoch) => epoch[key]), name, color, {
    mode: "lines+markers", line: { width: 2.5 }, cliponaxis: false,
    marker: { symbol, size: done.length > 60 ? 4 : done.length > 15 ? 7 : 9, color, line: { color: colors.background, width: 1.5 } },
  });
  return [
    line(xs, raw, "batch", translucent(colors.training, colors.batch), { line: { width: 1 }, hoverinfo: "skip", hovertemplate: null }),
    line(xs, smooth(raw, reach(raw)), "batches", translucent(colors.training, colors.batches), { line: { width: 2 } }),
    marked(field, "training", colors.training, "circle"),
    marked(`val_${field}`, "validation", colors.validation, "diamond"),
  ];
}

function title(text, x, y, font) {
  return {
    text: `<b>${text}</b>`, x, y, xref: "paper", yref: "paper", xanchor: "left", yanchor: "bottom", yshift: 6,
    showarrow: false, font: { ...font, size: font.size + 1 },
  };
}

/** A colour's red, green and blue, 0–255; of `#rrggbb`, `#rgb` and `rgb(…)`. */
export function channels(color) {
  const text = color.trim();
  const hex = /^#([0-9a-f]{3}|[0-9a-f]{6,8})$/i.exec(text)?.[1];
  if (!hex) return (text.match(/[\d.]+/g) ?? [0, 0, 0]).slice(0, 3).map(Number);
  const full = hex.length === 3 ? [...hex].map((digit) => digit + digit).join("") : hex;
  return [0, 2, 4].map((at) => parseInt(full.slice(at, at + 2), 16));
}

/** The colour with an opacity. */
export function translucent(color, opacity) {
  return `rgba(${channels(color).join(",")},${opacity})`;
}

/** How light a colour is, 0–1 (the weights of Rec. 709, without its gamma: only dark and light are told apart). */
export function luminance(color) {
  const [red, green, blue] = channels(color);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}
