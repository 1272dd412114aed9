// A run's history as a Plotly figure: loss and accuracy, side by side or stacked, or one measure large. Pure.
import { bestEpoch, crossing, formatAccuracy, formatLoss, lastStep, marks, smooth, thin } from "./live_history.mjs";

const STACKED_BELOW = 640;
const PANEL_HEIGHT = 290;
const STACKED_HEIGHT = 360;
const REACH_SHARE = 1 / 40;
const NEAR_SHARE = 1 / 60; // of the axis: two marks of one setting that are closer would lie on each other
const MOST_LABELS = 6; // of changes, the last ones; the older keep their lines

/** What the chart can show: a name → its label and the measures of its panels. */
export const VIEWS = {
  both: { label: "Loss and accuracy", fields: ["loss", "accuracy"] },
  accuracy: { label: "Accuracy", fields: ["accuracy"] },
  loss: { label: "Loss", fields: ["loss"] },
  precision: { label: "Precision", fields: ["precision"] },
  recall: { label: "Recall", fields: ["recall"] },
};

const TITLES = {
  loss: "Loss", accuracy: "Accuracy",
  // Evaluate shows scikit-learn's, class by class: these must not be taken for them.
  precision: "Precision (Keras, micro-averaged at 0.5)", recall: "Recall (Keras, micro-averaged at 0.5)",
};

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
    ghost: translucent(text, 0.4),
    mark: translucent(text, 0.55),
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
export function lossTop(history, ghost = null) {
  const [, batches] = thin(history.step, history.loss);
  const epochs = [...history.epochs, ...(ghost?.epochs ?? [])].flatMap((epoch) => [epoch.loss, epoch.val_loss]);
  const finite = [...smooth(batches, reach(batches)), ...epochs].filter(Number.isFinite);
  return finite.length ? 1.1 * finite.reduce((top, value) => Math.max(top, value), 1e-3) : 1;
}

/** How far to each side the moving mean reaches, in points. */
function reach(values) {
  return Math.max(2, Math.round(values.length * REACH_SHARE));
}

/** The curves of all panels, in the order in which they lie above each other; `ghost` is an earlier run's history. */
export function traces(history, colors, view = "both", ghost = null) {
  return VIEWS[view].fields.flatMap((field, place) => {
    const axes = place ? { xaxis: "x2", yaxis: "y2" } : { xaxis: "x", yaxis: "y" };
    return [...ghosts(ghost, field, colors, axes), ...panel(history, field, colors, axes, isLoss(field) ? ".3g" : ".1%")];
  });
}

function isLoss(field) {
  return field === "loss";
}

/** Where the panels lie, as shares of the figure: [x from, x to] and [y from, y to] of each. */
function places(count, stacked) {
  if (count === 1) return [{ x: [0, 1], y: [0, 1] }];
  return stacked ? [{ x: [0, 1], y: [0.6, 1] }, { x: [0, 1], y: [0, 0.4] }] : [{ x: [0, 0.47], y: [0, 1] }, { x: [0.53, 1], y: [0, 1] }];
}

/** The layout for a width in pixels. */
export function layout(history, colors, width, view = "both", ghost = null) {
  const { fields } = VIEWS[view];
  const stacked = width < STACKED_BELOW && fields.length > 1;
  const font = { family: colors.font, size: width < 480 ? 12 : 14, color: colors.text };
  const ticks = { ticks: "outside", ticklen: 5, tickcolor: "rgba(0,0,0,0)" };
  const shown = epochsShown(history);
  // Each axis is an object of its own: Plotly writes into what it is given.
  const epochs = (anchor, domain, title) => ({
    anchor, domain, range: [0, shown], fixedrange: true, zeroline: false, gridcolor: colors.grid, ...ticks,
    title: { text: title, standoff: 10, font: { ...font } }, tickformat: "d", nticks: 11, dtick: shown <= 12 ? 1 : undefined,
  });
  const values = (anchor, domain, field) => ({
    anchor, domain, range: isLoss(field) ? [0, lossTop(history, ghost)] : [0, 1.02], fixedrange: true, zeroline: false,
    gridcolor: colors.grid, ...ticks, tickformat: isLoss(field) ? "" : ".0%", nticks: 6,
  });
  const figure = {
    width, height: figureHeight(width), font, showlegend: false, dragmode: false, hovermode: "closest",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 48, r: 12, t: 30, b: 44 },
    hoverlabel: { bgcolor: colors.background, bordercolor: colors.grid, font: { ...font } },
    annotations: [], shapes: [],
  };
  places(fields.length, stacked).forEach(({ x, y }, place) => {
    const number = place ? "2" : "";
    const field = fields[place];
    figure[`xaxis${number}`] = epochs(`y${number}`, x, stacked && !place ? "" : "Epoch");
    figure[`yaxis${number}`] = values(`x${number}`, y, field);
    figure.annotations.push(title(TITLES[field], x[0], y[1], font));
    const drawn = notes(history, field, colors, { xref: `x${number}`, yref: `y${number}`, y, font, shown, labels: !place });
    figure.annotations.push(...drawn.annotations);
    figure.shapes.push(...drawn.shapes);
  });
  return figure;
}

/** What is marked in one panel: where the curves meet, changes of settings, the best epoch. */
function notes(history, field, colors, { xref, yref, y, font, shown, labels }) {
  const perEpoch = history.stepsPerEpoch || 1;
  const small = { ...font, size: font.size - 2 };
  const line = (x, color, dash, name) => ({
    type: "line", xref, yref: "paper", x0: x, x1: x, y0: y[0], y1: y[1], name, line: { color, width: 1.5, dash },
  });
  const label = (x, text, more) => ({
    xref, yref: "paper", x, text, showarrow: false, font: small, bgcolor: translucent(colors.background, 0.8), borderpad: 1,
    xanchor: x > 0.6 * shown ? "right" : "left", xshift: x > 0.6 * shown ? -3 : 3, ...more,
  });
  const shapes = [];
  const annotations = [];
  const changes = marks(history, NEAR_SHARE * shown * perEpoch);
  changes.forEach(({ step, text }, place) => {
    const x = step / perEpoch;
    shapes.push(line(x, colors.mark, "dot", "change"));
    const age = changes.length - 1 - place;
    if (!labels || age >= MOST_LABELS) return;
    annotations.push(label(x, `${text} · step ${step}`, { y: y[1], yanchor: "top", yshift: -2 - 17 * (place % 3) }));
  });
  const meet = crossing(history, field);
  if (meet) {
    const x = meet.step / perEpoch;
    const value = isLoss(field) ? formatLoss(meet.value) : formatAccuracy(meet.value);
    shapes.push(line(x, colors.text, "dash", "meeting"));
    const above = isLoss(field) ? { y: y[1], yanchor: "top", yshift: -2 - 17 * 3 } : { y: y[0], yanchor: "bottom", yshift: 4 };
    annotations.push(label(x, `<b>meet in epoch ${meet.epoch}: ${value}</b>`, above));
  }
  const best = bestEpoch(history);
  if (best && Number.isFinite(best[`val_${field}`])) {
    annotations.push({
      xref, yref, x: best.step / perEpoch, y: best[`val_${field}`], text: "best", font: { ...small, color: colors.validation },
      showarrow: true, arrowcolor: colors.validation, arrowhead: 2, arrowsize: 0.8, arrowwidth: 1.5, standoff: 7, ax: 0,
      ay: best[`val_${field}`] > 0.5 * (isLoss(field) ? lossTop(history) : 1) ? 24 : -24, // into the panel
    });
  }
  return { shapes, annotations };
}

/** The earlier run's epochs, faint: training solid, validation dotted. */
function ghosts(ghost, field, colors, axes) {
  if (!ghost?.epochs.length) return [];
  const x = ghost.epochs.map((epoch) => epoch.step / ghost.stepsPerEpoch);
  return [["", "solid", "training"], ["val_", "dot", "validation"]].map(([prefix, dash, name]) => ({
    ...axes, x, y: ghost.epochs.map((epoch) => epoch[prefix + field] ?? null), name: `earlier run, ${name}`, type: "scatter",
    mode: ghost.epochs.length > 1 ? "lines" : "lines+markers", marker: { size: 5, color: colors.ghost },
    line: { color: colors.ghost, width: 2, dash }, hovertemplate: `earlier run, ${name}: %{y:${isLoss(field) ? ".3g" : ".1%"}}<extra></extra>`,
  }));
}

/** Smaller markers for more epochs; where they would run into each other, without an edge of their own. */
function markerSize(epochs, ground) {
  if (epochs > 60) return { size: 3, line: { width: 0 } };
  return { size: epochs > 15 ? 7 : 9, line: { color: ground, width: 1.5 } };
}

/** One panel's curves: each batch faint, its moving mean, and one marker an epoch for training and validation. */
function panel(history, field, colors, axes, format) {
  const perEpoch = history.stepsPerEpoch || 1;
  const [xs, raw] = thin(history.step.map((step) => step / perEpoch), history[field]);
  const line = (x, y, name, color, more) => ({
    ...axes, x, y, name, type: "scatter", mode: "lines", connectgaps: false,
    hovertemplate: `${name}: %{y:${format}}<extra></extra>`, ...more, line: { color, ...more.line },
  });
  const done = history.epochs.map((epoch) => epoch.step / perEpoch);
  const marked = (key, name, color, symbol) => line(done, history.epochs.map((epoch) => epoch[key] ?? null), name, color, {
    mode: "lines+markers", line: { width: 2.5 }, cliponaxis: false,
    marker: { symbol, ...markerSize(done.length, colors.background), color },
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
