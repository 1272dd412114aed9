// What the microscope says: every step with its numbers, and the whole of it as a sentence. Pure.
import { formatNumber } from "./convolution_words.mjs";
import { agrees, decimalsFor } from "./microscope_math.mjs";
import { escapeText, formatCount } from "./shared.mjs";

const TITLES = {
  relu: "ReLU", leaky_relu: "Leaky ReLU", elu: "ELU", selu: "SELU", gelu: "GELU", silu: "SiLU", tanh: "tanh",
  sigmoid: "Sigmoid", softplus: "Softplus", softsign: "Softsign", hard_sigmoid: "Hard sigmoid", hard_silu: "Hard SiLU",
  relu6: "ReLU6", mish: "Mish", linear: "Linear",
};

/** A number with a fixed count of decimals and a true minus sign; never "−0.00". */
export function fixed(value, decimals) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number inside a formula: in brackets where it is negative. */
const inside = (value) => (value < 0 ? `(${formatNumber(value, 6)})` : formatNumber(value, 6));

/** What a step does, and to which number, as title and formula. */
export function stepWords({ step, before }) {
  if (step.kind === "bias") return { title: "+ bias", detail: formatNumber(step.numbers.bias, 7) };
  if (step.kind === "activation") return { title: TITLES[step.function] ?? step.function, detail: `of ${formatNumber(before, 7)}` };
  const { gamma, beta, moving_mean: mean, moving_variance: variance, epsilon } = step.numbers;
  return {
    title: "Batch normalization",
    detail: `${inside(gamma)} × (${formatNumber(before, 6)} − ${inside(mean)}) ÷ √(${formatNumber(variance, 6)} + ` +
      `${formatNumber(epsilon, 6)}) + ${inside(beta)}`,
  };
}

/** What the number is before any step, in words. */
export function beginning(operation, found) {
  if (operation === "value") return "Input";
  if (operation === "dense") return `Sum of ${formatCount(found.products.length)} products`;
  const [first] = found.channels;
  if (operation === "convolution") {
    return found.channels.length > 1 ? `Sum of ${formatCount(found.channels.length)} channels` : "Sum of products";
  }
  const count = formatCount(first.there.filter(Boolean).length);
  return operation === "max" ? `Largest of ${count} values` : `Sum of ${count} values ÷ ${count}`;
}

/**
 * The lines from the sum to the result.
 *
 * @param found from `retrace` or `weighed`
 * @param theirs {layer: TensorFlow's value}, in the order of the steps
 * @param largest {layer: the largest magnitude of its output}
 * @returns [{title, detail, value, layer, result, right}]: a line with `result` is what that layer gives; `right` says
 *   whether it is TensorFlow's
 */
export function resultLines(operation, found, theirs, largest) {
  const layers = Object.keys(theirs);
  const lines = [{ title: beginning(operation, found), detail: "", number: found.sum, layer: layers[0] }];
  for (const each of found.trail) lines.push({ ...stepWords(each), number: each.after, layer: each.step.layer });
  return lines.map((line, k) => {
    const result = lines[k + 1]?.layer !== line.layer;
    const [own, right] = [line.number, agrees(line.number, theirs[line.layer], largest[line.layer])];
    // Float32 may round the last digit to the other side: then TensorFlow's own number is written.
    const number = result && right ? theirs[line.layer] : own;
    return { ...line, value: fixed(number, decimalsFor(largest[line.layer])), result, right: result ? right : null };
  });
}

/** These lines as the rows of a table; the layer's own result is large, those of the layers behind it follow. */
export function resultHtml(lines, layer) {
  return lines.map(({ title, detail, value, result, right, layer: of }) => {
    const mark = right === null ? "" : right
      ? '<small class="right" title="TensorFlow computed the same">✓ TensorFlow</small>'
      : '<small class="wrong">TensorFlow differs</small>';
    const behind = of === layer ? "" : ` <i>${escapeText(of)}</i>`;
    return `<div class="step${result ? " result" : ""}${of === layer ? "" : " behind"}"><span>${escapeText(title)}` +
      `${behind}${detail ? ` <small>${escapeText(detail)}</small>` : ""}</span>${mark}<b>${escapeText(value)}</b></div>`;
  }).join("");
}

/** The number that is looked at and how it comes about, for whoever does not see the picture. */
export function spokenPlace(where, lines) {
  const steps = lines.map(({ title, detail, value }) => `${title}${detail ? ` ${detail}` : ""} is ${value}`).join("; ");
  return `${where}: ${steps}.`;
}

/** The pixels that lead to a number: "Image: rows 2 to 4 and columns 1 to 3 lead to this number". */
export function fieldWords([top, left, height, width]) {
  const span = (noun, first, count) => (count === 1 ? `${noun} ${first + 1}` : `${noun}s ${first + 1} to ${first + count}`);
  if (!height || !width) return "Image: no pixel of it leads to this number";
  if (height * width === 1) return `Image: the pixel of row ${top + 1}, column ${left + 1} leads to this number`;
  return `Image: ${span("row", top, height)} and ${span("column", left, width)} lead to this number`;
}

/** A sum with its numbers, where they are few: "0.5 − 0.2 + 0.1 = 0.4". */
export function sumWords(products, there, sum, most = 9) {
  const pieces = products.filter((_, k) => !there || there[k]);
  if (!pieces.length || pieces.length > most) return "";
  const [first, ...rest] = pieces.map((piece) => formatNumber(piece, 6));
  return `${first}${rest.map((text) => (text.startsWith("−") ? ` − ${text.slice(1)}` : ` + ${text}`)).join("")} = ${formatNumber(sum, 7)}`;
}

/** The inputs that contribute most to a unit, as the rows of a table. */
export function topHtml({ top, products, rest }, input, kernel, nameOf) {
  const most = Math.max(...top.map((k) => Math.abs(products[k])), 1e-30);
  const rows = top.map((k) => {
    const [value, weight, product] = [input[k], kernel[k], products[k]];
    const share = Math.abs(product) / most;
    return `<tr tabindex="0" data-input="${k}"><th scope="row">${escapeText(nameOf(k))}</th><td>${formatNumber(value, 6)}</td>` +
      `<td>${formatNumber(weight, 6)}</td><td>${formatNumber(product, 6)}</td><td class="share"><i class="${product < 0 ? "less" : "more"}"` +
      ` style="width:${(100 * share).toFixed(1)}%"></i></td></tr>`;
  });
  const left = products.length - top.length;
  if (left > 0) {
    rows.push(`<tr class="rest"><th scope="row">${formatCount(left)} other${left === 1 ? "" : "s"}</th><td></td><td></td>` +
      `<td>${formatNumber(rest, 6)}</td><td></td></tr>`);
  }
  return rows.join("");
}

/** Classes whose exponential is told: all of few; of many those of the largest logits, and the chosen one. */
export function toldClasses(logits, chosen, most = 12) {
  const order = Array.from(logits.keys());
  if (logits.length <= most) return order;
  const largest = order.sort((a, b) => logits[b] - logits[a]).slice(0, most);
  return largest.includes(chosen) ? largest : [...largest.slice(0, -1), chosen];
}

/** The softmax as the rows of a table. */
export function softmaxHtml({ exponentials, total, shares }, logits, names, chosen) {
  const told = toldClasses(logits, chosen);
  const percent = (share) => (share > 0 && share < 0.0005 ? "<0.1%" : `${(100 * share).toFixed(1)}%`);
  const rows = told.map((k) => `<tr class="${k === chosen ? "chosen" : ""}"><th scope="row">${escapeText(names[k] ?? k)}</th>` +
    `<td>${fixed(logits[k], 3)}</td><td>${formatNumber(exponentials[k], 7)}</td><td>${percent(shares[k])}</td>` +
    `<td class="share"><i class="more" style="width:${(100 * shares[k]).toFixed(1)}%"></i></td></tr>`);
  const left = logits.length - told.length;
  const others = left > 0 ? ` (${formatCount(left)} more classes are not shown)` : "";
  rows.push(`<tr class="rest"><th scope="row">Sum${others}</th><td></td><td>${formatNumber(total, 8)}</td><td>100%</td><td></td></tr>`);
  return rows.join("");
}
