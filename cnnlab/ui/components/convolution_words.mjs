// What the convolution says: numbers as they are read, formulas with their numbers, sentences for screen readers.
import { clamp, formatShape } from "./shared.mjs";
import { apart, isPooling, LARGEST_KERNEL } from "./convolution_math.mjs";

const KINDS = { max: "maximum", average: "mean", sum: "sum", l2: "root of the sum of squares" };
const ACTIVATION_WORDS = { linear: "", relu: "ReLU", sigmoid: "sigmoid", tanh: "tanh" };

/** A number with as many decimals as `most` characters hold; whole numbers whole, a true minus sign. */
export function formatNumber(value, most = 9) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  let text = String(Math.round(size));
  for (let decimals = 0; decimals < most && size !== 0; decimals += 1) {
    const next = size.toFixed(decimals);
    if (next.length > most) break;
    text = next;
    if (Math.abs(Number(next) - size) < 1e-12) break;
  }
  if (text.length > most + 2) text = size.toExponential(1);
  if (size > 0 && Number(text) === 0) return most < 6 ? "≈0" : (value < 0 ? "−" : "") + size.toExponential(0);
  if (text.includes(".") && !text.includes("e")) text = text.replace(/\.?0+$/, "");
  return value < 0 && text !== "0" ? `−${text}` : text;
}

/** A number as it is typed: 0.5, −2, 1/9, also with a decimal comma; null for anything else. */
export function parseNumber(text) {
  const parts = text.trim().replace(/−/g, "-").replace(",", ".").split("/");
  if (parts.length > 2 || parts.some((part) => part.trim() === "")) return null;
  const value = parts.map(Number).reduce((whole, part) => whole / part);
  return Number.isFinite(value) && Math.abs(value) <= 1e6 ? value : null;
}

/** A whole number that was typed, within its bounds; null for anything else. */
export function parseWhole(text, low = 1, high = LARGEST_KERNEL) {
  const value = Number(text);
  return text.trim() !== "" && Number.isInteger(value) ? clamp(value, low, high) : null;
}

/** A number's article, as it is spoken: a 3, an 8, an 11. */
const an = (number) => (/^(8|11$|18$)/.test(String(number)) ? "An" : "A");

/** What makes these settings impossible, in words; null where they work. */
export function problem(image, settings, plan) {
  if (plan.places > 0) return null;
  const { down, across } = plan;
  const spread = down.dilation > 1;
  const spans = spread ? `, which spans ${down.span}×${across.span} with dilation ${down.dilation},` : "";
  return `${an(down.kernel)} ${down.kernel}×${across.kernel} window${spans} does not fit the ${image.height}×${image.width} input. ` +
    `Choose a smaller one${spread ? ", less dilation" : ""}, or padding same.`;
}

/** What Keras would say of settings that work here; null where it agrees. */
export function warning(settings) {
  return !isPooling(settings) && settings.stride > 1 && settings.dilation > 1
    ? "Shown here, but Keras's Conv2D takes a stride over 1 only without dilation." : null;
}

/** The output size of one axis as a formula with its numbers. */
export function formula({ size, kernel, stride, dilation, span, before, after, output }, settings) {
  const padded = isPooling(settings) ? "Padding" : "Zeros";
  const reach = dilation > 1 ? `(${kernel} − 1) × ${dilation} + 1 = ${span}` : null;
  if (settings.padding === "same") {
    const zeros = before + after;
    return {
      text: `⌈${size} ÷ ${stride}⌉ = ${output}`,
      more: `${reach ? `Kernel spans ${reach}. ` : ""}${padded}: (${output} − 1) × ${stride} + ${span} − ${size}` +
        ` = ${(output - 1) * stride + span - size}${zeros === 0 ? ", none needed" : `: ${before} before, ${after} after`}`,
    };
  }
  const steps = (size - span) / stride;
  const left = Number.isInteger(steps) ? "" : `, ${size - span - stride * (output - 1)} left over`;
  const places = Math.floor(steps) + 1; // below 1 where it does not fit: the formula says so too
  return {
    text: `⌊(${size} − ${span}) ÷ ${stride}⌋ + 1 = ${formatNumber(places)}`,
    more: `${reach ? `Kernel spans ${reach}. ` : ""}${output > 0 ? `No ${padded.toLowerCase()}${left}` : "Below 1: no place"}`,
  };
}

/** The formula in words, for whoever meets it first. */
export function formulaWords(settings) {
  const what = isPooling(settings) ? "window" : "kernel";
  return settings.padding === "same"
    ? `Same: input ÷ stride, rounded up. ${isPooling(settings) ? "Padding, which counts for nothing, goes" : "Zeros go"} around the input; an odd row or column goes below or to the right.`
    : `Valid: (input − ${what}) ÷ stride, rounded down, + 1: only places where the whole ${what} lies inside.`;
}

/** How the numbers below the pictures come together: "10 + 0 + 25 = 35". */
export function sumLine(settings, explained, most = 25) {
  const pieces = explained.channels.flatMap((each) => each.products.filter((_, k) => each.there[k]));
  if (pieces.length > most) return "";
  const numbers = pieces.map((piece) => formatNumber(piece, 6));
  const added = numbers.map((number, k) => (k === 0 ? number : number.startsWith("−") ? ` − ${number.slice(1)}` : ` + ${number}`)).join("");
  const result = formatNumber(explained.sum);
  if (settings.operation === "max") return `max(${numbers.join(", ")}) = ${result}`;
  if (settings.operation === "average") return `(${added}) ÷ ${pieces.length} = ${result}`;
  return settings.operation === "l2" ? `√(${added}) = ${result}` : `${added} = ${result}`;
}

/** What one cell of the window is multiplied by, or counts: "Window row 1, column 2: 199 × (−1) = −199". */
export function cellWords({ operation }, { patch, there, weights, products }, index, columns) {
  const where = `Window row ${Math.floor(index / columns) + 1}, column ${(index % columns) + 1}`;
  const value = formatNumber(patch[index], 7);
  const inside = (number) => (number < 0 ? `(${formatNumber(number, 7)})` : formatNumber(number, 7));
  if (weights) {
    const zero = there[index] ? "" : " (a zero of the padding)";
    return `${where}: ${value}${zero} × ${inside(weights[index])} = ${formatNumber(products[index], 8)}`;
  }
  if (!there[index]) return `${where}: outside, counts for nothing`;
  return operation === "l2" ? `${where}: ${inside(patch[index])}² = ${formatNumber(products[index], 8)}` : `${where}: ${value}`;
}

/** The cells of a grid in one sentence: "Products: 121 numbers from −398 to 402". */
export function gridWords(title, values) {
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  return `${title}: ${values.length} numbers from ${formatNumber(low, 6)} to ${formatNumber(high, 6)}`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The rows of the result: what is added, and what comes out. */
export function resultRows(settings, explained, channelNames) {
  const parts = explained.channels.length > 1
    ? explained.channels.map((each, k) => [`Sum of ${channelNames[k]}`, formatNumber(each.sum)]) : [];
  if (isPooling(settings)) return [[`${capital(KINDS[settings.operation])} of`, `${explained.channels[0].there.filter(Boolean).length} values`]];
  const rows = [...parts, [parts.length ? "Sum of all" : "Sum of products", formatNumber(explained.sum)]];
  rows.push(["+ bias", formatNumber(settings.bias)]);
  if (settings.activation !== "linear") rows.push([`${ACTIVATION_WORDS[settings.activation]} of`, formatNumber(explained.biased)]);
  return rows;
}

/** The current place and its numbers as a sentence. */
export function describe(settings, explained, row, column) {
  const where = `Output row ${row + 1}, column ${column + 1} is ${formatNumber(explained.value)}`;
  if (isPooling(settings)) return `${where}: ${KINDS[settings.operation]} of the window, ${sumLine(settings, explained)}.`;
  const terms = explained.channels.flatMap((each) => each.patch.map((value, k) =>
    `${formatNumber(value, 6)} × ${formatNumber(each.weights[k], 6)}`));
  const sum = terms.length <= 27 ? `${terms.join(" + ")} = ${formatNumber(explained.sum)}` : `sum of ${terms.length} products ${formatNumber(explained.sum)}`;
  const then = settings.activation === "linear" ? "" : `, then ${ACTIVATION_WORDS[settings.activation]}`;
  return `${where}: ${sum}, plus bias ${formatNumber(settings.bias)}${then}.`;
}

/** What a picture holds, for its caption. */
export function caption(image, settings, output) {
  const shape = [image.height, image.width, ...(image.channels > 1 ? [image.channels] : [])];
  if (!output) return formatShape(shape);
  return formatShape([output.height, output.width, ...(apart(settings) && output.channels > 1 ? [output.channels] : [])]);
}
