// One number of a layer's output, retraced: what enters it, its sum, and every step to the result. Pure; tests hold it
// to TensorFlow in float32. A lens is {operation, input, kernel, settings, steps}; input and kernel as in
// convolution_math.mjs, of a vector plain numbers.
import { explain, layOut } from "./convolution_math.mjs";

/** Bytes from base64. */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Float32 numbers from base64, as Python sends them: little-endian on every machine that runs a browser. */
export function numbersOf(text) {
  return new Float32Array(bytesOf(text).buffer);
}

/** What the window needs to know of itself in the terms of convolution_math.mjs. */
export function settingsOf(operation, window) {
  const pooling = operation === "value" ? "max" : operation;
  // Bias and activation are steps here: they may stand behind a normalisation.
  return { ...window, operation: pooling, bias: 0, activation: "linear", each: false };
}

/** The complementary error function, within 1.2e-7 of itself. Source: Press et al., Numerical Recipes, erfcc. */
export function erfc(value) {
  const t = 1 / (1 + Math.abs(value) / 2);
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277,
  ];
  const sum = terms.reduceRight((rest, term) => term + t * rest, 0);
  const tail = t * Math.exp(sum - value * value);
  return value >= 0 ? tail : 2 - tail;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const relu6 = (x) => Math.min(Math.max(x, 0), 6);
const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

/** Keras's activations with its default arguments, by its names. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x < 0 ? 0.2 * x : x),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  selu: (x) => SELU.scale * (x < 0 ? SELU.alpha * Math.expm1(x) : x),
  gelu: (x) => 0.5 * x * erfc(-x / Math.SQRT2),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  hard_sigmoid: (x) => relu6(x + 3) / 6,
  hard_silu: (x) => (x * relu6(x + 3)) / 6,
  relu6,
  mish: (x) => x * Math.tanh(softplus(x)),
};

/** What one step makes of a number. */
export function stepped({ kind, numbers, function: name }, value) {
  if (kind === "bias") return value + numbers.bias;
  if (kind === "activation") return ACTIVATIONS[name](value);
  const { moving_mean: mean, moving_variance: variance, gamma, beta, epsilon } = numbers;
  return (gamma * (value - mean)) / Math.sqrt(variance + epsilon) + beta;
}

/** A number before each step and after it: [{step, before, after}]. */
export function retraced(steps, first) {
  let value = first;
  return steps.map((step) => {
    const before = value;
    value = stepped(step, before);
    return { step, before, after: value };
  });
}

/** A lens over a map with the windows laid out. */
export function prepared({ operation, input, window, kernel = null, steps = [] }) {
  const settings = settingsOf(operation, window);
  return { operation, input, kernel, steps, settings, plan: layOut(input, settings) };
}

/**
 * Everything that leads to one number of a map.
 *
 * @returns {channels, sum, trail}: `channels` as in `explain` of convolution_math.mjs, one for each that enters;
 *   `trail` the steps behind the sum
 */
export function retrace(lens, row, column) {
  const { channels, sum } = explain(lens.input, lens.kernel, lens.settings, lens.plan, row, column, 0);
  return { channels, sum, trail: retraced(lens.steps, sum) };
}

/**
 * One unit of a dense layer.
 *
 * @param most how many of the inputs that contribute most are told by themselves
 * @returns {products, sum, trail, top, rest}: `top` the places of the largest products by magnitude, `rest` the sum of
 *   all others
 */
export function weighed(input, kernel, steps, most = 12) {
  const products = Float64Array.from(input, (value, k) => value * kernel[k]);
  const sum = products.reduce((whole, product) => whole + product, 0);
  const order = Array.from(products.keys()).sort((a, b) => Math.abs(products[b]) - Math.abs(products[a]) || a - b);
  const top = order.slice(0, most);
  const rest = order.slice(most).reduce((whole, k) => whole + products[k], 0);
  return { products, sum, trail: retraced(steps, sum), top, rest };
}

/**
 * Exponentials and their share. Large logits are lowered by the greatest first, which changes no share.
 *
 * @returns {shift, exponentials, total, shares}
 */
export function softmaxed(logits, bearable = 30) {
  const greatest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const shift = Math.abs(greatest) > bearable ? greatest : 0;
  const exponentials = Float64Array.from(logits, (value) => Math.exp(value - shift));
  const total = exponentials.reduce((whole, value) => whole + value, 0);
  return { shift, exponentials, total, shares: exponentials.map((value) => value / total) };
}

/**
 * The pixels of the image that one value of a map depends on.
 *
 * @param sees {rows, columns}: for each, first pixel and one behind the last, one after another, as `sees` of
 *   cnnlab/spec/places.py has it; null: every value sees everything
 * @returns [top, left, height, width]
 */
export function fieldOf(sees, image, row, column) {
  if (!sees) return [0, 0, image.height, image.width];
  const [top, bottom] = sees.rows.slice(2 * row, 2 * row + 2);
  const [left, right] = sees.columns.slice(2 * column, 2 * column + 2);
  return [top, left, bottom - top, right - left];
}

/** Row, column and channel of a value that Flatten laid out. */
export function unflattened(index, [, width, channels]) {
  const pixel = Math.floor(index / channels);
  return { row: Math.floor(pixel / width), column: pixel % width, channel: index % channels };
}

/** The place of the value that is largest by magnitude. */
export function strongest(values) {
  return values.reduce((best, value, k) => (Math.abs(value) > Math.abs(values[best]) ? k : best), 0);
}

/** Whether a retraced number is TensorFlow's, as far as float32 and another order of adding let it be. */
export const agrees = (own, theirs, largest) => Math.abs(own - theirs) <= 1e-5 * largest + 1e-4 * Math.abs(theirs);

/** Decimals in which numbers of this size are shown: four digits of the largest, never more than float32 holds. */
export const decimalsFor = (largest) => (largest > 0 ? Math.min(Math.max(3 - Math.floor(Math.log10(largest)), 0), 9) : 3);
