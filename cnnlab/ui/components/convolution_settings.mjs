// The convolution's settings: what the form holds, what each control makes of it.
import { comesInSizes, isPooling, namedKernel, normalised, resized, rotated } from "./convolution_math.mjs";
import { parseNumber, parseWhole } from "./convolution_words.mjs";
import { escapeText } from "./shared.mjs";

export const START = {
  operation: "convolution", rows: 3, columns: 3, stride: 1, padding: "valid", dilation: 1, bias: 0,
  activation: "linear", each: false, colour: false,
};

const KEPT = "cnnlab-convolution";

const OPERATIONS = {
  convolution: "Convolution", max: "Max pooling", average: "Average pooling", sum: "Sum pooling", l2: "L2 pooling",
};
const ACTIVATIONS = { linear: "None", relu: "ReLU", sigmoid: "Sigmoid", tanh: "Tanh" };
const CHANNELS = { grey: "Grey: one channel", sum: "Colour, summed", each: "Colour, each by itself" };
const PADDINGS = { valid: "Valid: none", same: "Same" };

const options = (choices) =>
  Object.entries(choices).map(([value, title]) => `<option value="${value}">${escapeText(title)}</option>`).join("");
const number = (name, title, low, high) =>
  `<label>${title}<input type="number" name="${name}" min="${low}" max="${high}" step="1"></label>`;
const choice = (name, title, choices, extra = "") =>
  `<label ${extra}>${title}<select name="${name}">${options(choices)}</select></label>`;

/** The form as HTML. */
export function form(kernels) {
  return `${choice("operation", "Operation", OPERATIONS, 'class="wide"')}
    ${choice("kernel", "Kernel", { ...kernels, hand: "By hand" }, 'class="wide only-kernel"')}
    <div class="tools wide only-kernel">
      <button type="button" data-do="normalise" title="Divide by the sum, so that brightness stays">Normalise</button>
      <button type="button" data-do="rotate" title="A quarter turn, clockwise">Rotate</button></div>
    <div class="group wide"><label>Rows<input type="number" name="rows" min="1" max="11"></label>
      <label>Columns<input type="number" name="columns" min="1" max="11"></label>
      ${number("stride", "Stride", 1, 8)}
      <label class="only-kernel">Dilation<input type="number" name="dilation" min="1" max="8"></label></div>
    ${choice("padding", "Padding", PADDINGS)}
    ${choice("activation", "Activation", ACTIVATIONS, 'class="only-kernel"')}
    ${choice("channels", "Channels", CHANNELS, 'class="only-colour"')}
    <label class="only-kernel">Bias<input type="text" inputmode="decimal" name="bias" autocomplete="off"></label>`;
}

/** Settings and kernel after a control was changed; the same object where what was typed means nothing. */
export function changed(state, name, text) {
  const { settings } = state;
  if (name === "operation") return operated(state, text);
  if (name === "kernel") return text === "hand" ? { ...state, name: "hand" } : named(state, text);
  if (name === "rows" || name === "columns") return sized(state, name, parseWhole(text));
  if (name === "channels") return { ...state, settings: { ...settings, colour: text !== "grey", each: text === "each" } };
  if (name === "bias") {
    const value = parseNumber(text);
    return value === null ? state : { ...state, settings: { ...settings, bias: value } };
  }
  if (name === "stride" || name === "dilation") {
    const value = parseWhole(text, 1, 8);
    return value === null ? state : { ...state, settings: { ...settings, [name]: value } };
  }
  return { ...state, settings: { ...settings, [name]: text } };
}

// Pooling starts as everybody uses it, 2×2 with stride 2; going back, the kernel is as it was.
function operated(state, operation) {
  const { settings, kernel } = state;
  const before = isPooling(settings);
  const after = operation !== "convolution";
  if (before === after) return { ...state, settings: { ...settings, operation } };
  const window = after ? { rows: 2, columns: 2, stride: 2 } : { rows: kernel.rows, columns: kernel.columns, stride: 1 };
  return { ...state, settings: { ...settings, ...window, operation } };
}

/** A kernel chosen by its name, in the size that is set where it comes in sizes. */
export function named(state, name) {
  const { rows, columns } = state.settings;
  const flat = comesInSizes(name) ? namedKernel(name, rows, columns) : namedKernel(name);
  return withKernel(state, spread(flat, state.kernel.channels), name);
}

function sized(state, side, value) {
  if (value === null) return state;
  const settings = { ...state.settings, [side]: value };
  if (isPooling(settings)) return { ...state, settings };
  if (comesInSizes(state.name)) return named({ ...state, settings }, state.name);
  return withKernel(state, sliceBySlice(state.kernel, (flat) => resized(flat, settings.rows, settings.columns)), "hand");
}

/** A turned or normalised kernel. */
export function reworked(state, how) {
  const work = { rotate: rotated, normalise: (flat) => ({ ...flat, values: normalised(flat.values) }) }[how];
  return withKernel(state, sliceBySlice(state.kernel, work), "hand");
}

/** One number of the kernel changed, in one channel or in all. */
export function edited(state, index, value, channel = null) {
  const { kernel } = state;
  const values = kernel.values.slice();
  for (let k = 0; k < kernel.channels; k += 1) {
    if (channel === null || k === channel) values[index * kernel.channels + k] = value;
  }
  return withKernel(state, { ...kernel, values }, "hand");
}

/** The kernel for an image of so many channels: a slice more is like the first. */
export function forChannels(state, channels) {
  const { kernel } = state;
  if (kernel.channels === channels) return state;
  const first = { ...kernel, values: kernel.values.filter((_, k) => k % kernel.channels === 0) };
  return { ...state, kernel: spread(first, channels) };
}

/** One slice of numbers for every channel. */
export function spread({ rows, columns, values }, channels) {
  return { rows, columns, channels, values: values.flatMap((value) => Array(channels).fill(value)) };
}

function sliceBySlice(kernel, work) {
  const slices = Array.from({ length: kernel.channels }, (_, channel) =>
    work({ ...kernel, values: kernel.values.filter((_, k) => k % kernel.channels === channel) }));
  const values = slices[0].values.flatMap((_, k) => slices.map((each) => each.values[k]));
  return { rows: slices[0].rows, columns: slices[0].columns, channels: kernel.channels, values };
}

function withKernel(state, kernel, name) {
  return { ...state, kernel, name, settings: { ...state.settings, rows: kernel.rows, columns: kernel.columns } };
}

/** Settings as text that outlasts a page switch; `unpacked` gives null for what it cannot use. */
export const packed = (state) => JSON.stringify(state);

export function unpacked(text) {
  try {
    const { settings, kernel, name } = JSON.parse(text);
    const { rows, columns, channels, values } = kernel;
    const whole = values.length === rows * columns * channels && values.every(Number.isFinite);
    const known = Object.keys(START).every((key) => typeof settings[key] === typeof START[key]);
    return whole && known && typeof name === "string" ? { settings, kernel, name } : null;
  } catch {
    return null;
  }
}

/** A browser may refuse to keep anything; then the settings last as long as the page. */
export function keep(state) {
  try {
    sessionStorage.setItem(KEPT, packed(state));
  } catch {
    // As above.
  }
}

/** The settings of this tab's last visit; null where there are none. */
export function kept() {
  try {
    return unpacked(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

/** What the component begins with: Sobel x, or a worked example. */
export function opening(example) {
  if (!example) {
    const kernel = spread(namedKernel("sobel_x"), 1);
    return { settings: { ...START }, kernel, name: "sobel_x" };
  }
  const rows = example.kernel ?? Array(3).fill([0, 0, 0]);
  const flat = { rows: rows.length, columns: rows[0].length, values: rows.flat() };
  const state = withKernel({ settings: { ...START, ...example.settings } }, spread(flat, 1), "hand");
  return example.kernel ? state : { ...state, settings: { ...START, ...example.settings } };
}
