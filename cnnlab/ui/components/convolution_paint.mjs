// How the convolution's numbers become colours: pictures as they are, magnitudes in grey, signed values from blue
// through white to vermilion, centred on zero as everywhere in CNN Lab (cnnlab/analysis/palettes.py).
import { isPooling } from "./convolution_math.mjs";

const DIVERGING = [[6, 58, 94], [0, 114, 178], [125, 182, 216], [246, 246, 244], [240, 173, 130], [213, 94, 0], [110, 47, 0]];
const SHARE = 0.995;

/** A colour of the diverging scale for a number between −1 and 1: [red, green, blue]. */
export function diverging(value) {
  const at = ((Math.min(Math.max(value, -1), 1) + 1) / 2) * (DIVERGING.length - 1);
  const low = Math.min(Math.floor(at), DIVERGING.length - 2);
  return DIVERGING[low].map((part, k) => Math.round(part + (DIVERGING[low + 1][k] - part) * (at - low)));
}

/** A grey for a number between two ends. */
export function grey(value, low, high) {
  const level = Math.round(255 * Math.min(Math.max((value - low) / (high - low || 1), 0), 1));
  return [level, level, level];
}

/** Black or white, whichever reads better on a colour. */
export const ink = ([red, green, blue]) => (0.299 * red + 0.587 * green + 0.114 * blue > 140 ? "#10161d" : "#ffffff");

export const css = (colour) => `rgb(${colour.join(",")})`;

/** The ends of an input's greys: 0–255 for pictures; for small numbers what is there, with 0 in it. */
export function inputTone(image) {
  if (image.picture) return { kind: "picture", low: 0, high: 255 };
  const [low, high] = ends(image.values);
  return { kind: "picture", low: Math.min(low, 0), high: Math.max(high, 0) };
}

/**
 * How an output is shown: as a picture where it keeps the input's brightness, as signed values where some are
 * negative, else as magnitudes. The ends leave out the largest half percent, so that one bright edge does not hide all
 * others.
 */
export function outputTone(output, settings, kernel, from) {
  if (keepsBrightness(settings, kernel)) return { ...from, clipped: false };
  const sizes = Array.from(output.values, Math.abs).sort((a, b) => a - b);
  const high = sizes[Math.min(Math.floor(sizes.length * SHARE), sizes.length - 1)] || sizes[sizes.length - 1] || 1;
  const signed = output.values.some((value) => value < 0);
  return { kind: signed ? "signed" : "magnitude", low: signed ? -high : 0, high, clipped: high < sizes[sizes.length - 1] };
}

function keepsBrightness(settings, kernel) {
  if (isPooling(settings)) return settings.operation === "max" || settings.operation === "average";
  if (settings.activation === "sigmoid" || settings.activation === "tanh") return false;
  const { channels, values } = kernel;
  const sum = values.reduce((all, value) => all + value, 0) / (settings.each ? channels : 1);
  return Math.abs(sum - 1) < 1e-3;
}

/** A number's colour. */
export function toned(value, tone) {
  return tone.kind === "signed" ? diverging(value / tone.high) : grey(value, tone.low, tone.high);
}

/** An image as bytes of red, green, blue and opacity, inside a transparent margin where zeros are laid. */
export function paint(image, tone, margin = { top: 0, left: 0, bottom: 0, right: 0 }) {
  const width = image.width + margin.left + margin.right;
  const height = image.height + margin.top + margin.bottom;
  const bytes = new Uint8ClampedArray(width * height * 4);
  for (let row = 0; row < image.height; row += 1) {
    for (let column = 0; column < image.width; column += 1) {
      const at = 4 * ((row + margin.top) * width + column + margin.left);
      bytes.set(pixel(image, row * image.width + column, tone), at);
      bytes[at + 3] = 255;
    }
  }
  return { width, height, bytes };
}

/** One pixel's colour: three channels are red, green and blue. */
export function pixel(image, index, tone) {
  const at = index * image.channels;
  if (image.channels < 3) return toned(image.values[at], tone);
  return [0, 1, 2].map((channel) => grey(image.values[at + channel], tone.low, tone.high)[0]);
}

/** A colour image in greys, by the weights that Pillow and ITU-R 601 give red, green and blue. */
export function inGrey(image) {
  if (image.channels < 3) return image;
  const values = new Float64Array(image.width * image.height);
  for (let k = 0; k < values.length; k += 1) {
    const [red, green, blue] = image.values.subarray(3 * k, 3 * k + 3);
    values[k] = Math.floor((red * 19595 + green * 38470 + blue * 7471 + 0x8000) / 65536);
  }
  return { ...image, channels: 1, values };
}

function ends(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}
