// Convolution and pooling by hand. Pure; the same as cnnlab/analysis/convolution.py, to which tests hold it.
// An image is {height, width, channels, values}, values row by row with channels last; a kernel likewise
// {rows, columns, channels, values}.

export const LARGEST_KERNEL = 11;

const FIXED = {
  sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
  sobel_x: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  sobel_y: [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  laplacian: [0, 1, 0, 1, -4, 1, 0, 1, 0],
  emboss: [-2, -1, 0, -1, 1, 1, 0, 1, 2],
  outline: [-1, -1, -1, -1, 8, -1, -1, -1, -1],
};

/** The image that Python sent: bytes of a picture, or the numbers of a worked example. */
export function decoded({ height, width, channels, bytes, numbers }) {
  const values = numbers ?? Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  return { height, width, channels, picture: !numbers, values: Float64Array.from(values) };
}

/** Whether a kernel of this name comes in every size. */
export const comesInSizes = (name) => ["box", "gaussian", "identity"].includes(name);

/** A kernel by its name, row by row; box, Gaussian and identity of any size, the others 3×3. */
export function namedKernel(name, rows = 3, columns = rows) {
  if (name in FIXED) return { rows: 3, columns: 3, values: FIXED[name].slice() };
  const values = Array(rows * columns).fill(0);
  if (name === "identity") values[Math.floor((rows - 1) / 2) * columns + Math.floor((columns - 1) / 2)] = 1;
  if (name === "box") values.fill(1 / (rows * columns));
  if (name === "gaussian") {
    const [down, across] = [bell(rows), bell(columns)];
    for (let k = 0; k < values.length; k += 1) values[k] = down[Math.floor(k / columns)] * across[k % columns];
  }
  return { rows, columns, values };
}

// OpenCV's rule for the standard deviation that suits a size.
function bell(size) {
  const deviation = 0.3 * ((size - 1) / 2 - 1) + 0.8;
  const values = Array.from({ length: size }, (_, k) => Math.exp(-((k - (size - 1) / 2) ** 2) / (2 * deviation ** 2)));
  const total = values.reduce((sum, value) => sum + value, 0);
  return values.map((value) => value / total);
}

/** Divided by the sum, so that brightness stays; where the sum is 0, by the sum of magnitudes. */
export function normalised(values) {
  let total = values.reduce((sum, value) => sum + value, 0);
  if (Math.abs(total) < 1e-12) total = values.reduce((sum, value) => sum + Math.abs(value), 0);
  return total === 0 ? values.slice() : values.map((value) => value / total);
}

/** A quarter turn, clockwise. */
export function rotated({ rows, columns, values }) {
  const turned = values.map((_, k) => values[(rows - 1 - (k % rows)) * columns + Math.floor(k / rows)]);
  return { rows: columns, columns: rows, values: turned };
}

/** The same kernel with more or fewer rows and columns: what is new is 0, the middle stays where it is. */
export function resized({ rows, columns, values }, toRows, toColumns) {
  const down = Math.floor((rows - 1) / 2) - Math.floor((toRows - 1) / 2);
  const right = Math.floor((columns - 1) / 2) - Math.floor((toColumns - 1) / 2);
  const taken = Array.from({ length: toRows * toColumns }, (_, k) => {
    const row = Math.floor(k / toColumns) + down;
    const column = (k % toColumns) + right;
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    return inside ? values[row * columns + column] : 0;
  });
  return { rows: toRows, columns: toColumns, values: taken };
}

/** How a window slides along one axis, as TensorFlow lays it: an odd zero comes after the input. */
export function axis(size, kernel, { stride = 1, padding = "valid", dilation = 1 }) {
  const span = (kernel - 1) * dilation + 1;
  if (padding === "valid") {
    const output = Math.max(Math.floor((size - span) / stride) + 1, 0);
    return { size, kernel, stride, dilation, span, before: 0, after: 0, output };
  }
  const output = Math.ceil(size / stride);
  const zeros = Math.max((output - 1) * stride + span - size, 0);
  const before = Math.floor(zeros / 2);
  return { size, kernel, stride, dilation, span, before, after: zeros - before, output };
}

/** Both axes and how many places there are: {down, across, places}. */
export function layOut(image, settings) {
  // Keras's pooling has no dilation.
  const ways = { ...settings, dilation: isPooling(settings) ? 1 : settings.dilation };
  const down = axis(image.height, settings.rows, ways);
  const across = axis(image.width, settings.columns, ways);
  return { down, across, places: down.output * across.output };
}

export const isPooling = (settings) => settings.operation !== "convolution";

/** Whether each channel comes out by itself. */
export const apart = (settings) => isPooling(settings) || settings.each;

/** What an activation makes of a number. */
export function activate(name, value) {
  if (name === "relu") return Math.max(value, 0);
  if (name === "sigmoid") return 1 / (1 + Math.exp(-value));
  return name === "tanh" ? Math.tanh(value) : value;
}

/** What the window reads at a place from one channel: {values, there}; `there` is false on padding. */
export function patchAt(image, plan, row, column, channel) {
  const { down, across } = plan;
  const values = new Array(down.kernel * across.kernel);
  const there = new Array(values.length);
  for (let k = 0; k < values.length; k += 1) {
    const y = row * down.stride - down.before + Math.floor(k / across.kernel) * down.dilation;
    const x = column * across.stride - across.before + (k % across.kernel) * across.dilation;
    there[k] = y >= 0 && y < image.height && x >= 0 && x < image.width;
    values[k] = there[k] ? image.values[(y * image.width + x) * image.channels + channel] : 0;
  }
  return { values, there };
}

/** The slice of a kernel that one channel is multiplied by. */
export function slice(kernel, channel) {
  const count = kernel.rows * kernel.columns;
  return Array.from({ length: count }, (_, k) => kernel.values[k * kernel.channels + channel]);
}

/**
 * Everything that leads to one number of the output.
 *
 * @param channel the channel that is looked at; where channels are summed, the sum takes them all
 * @returns {channels: [{patch, there, weights, products, sum}], sum, total, value}
 */
export function explain(image, kernel, settings, plan, row, column, channel = 0) {
  const used = apart(settings) ? [channel] : Array.from({ length: image.channels }, (_, k) => k);
  const channels = used.map((each) => {
    const { values: patch, there } = patchAt(image, plan, row, column, each);
    if (isPooling(settings)) return { channel: each, patch, there, ...pooled(settings.operation, patch, there) };
    const weights = slice(kernel, each);
    const products = patch.map((value, k) => value * weights[k]);
    return { channel: each, patch, there, weights, products, sum: total(products) };
  });
  const sum = total(channels.map((each) => each.sum));
  const biased = isPooling(settings) ? sum : sum + settings.bias;
  const value = isPooling(settings) ? sum : activate(settings.activation, biased);
  return { channels, sum, biased, value };
}

const total = (values) => values.reduce((sum, value) => sum + value, 0);

/** One window pooled: what its numbers become, and what comes out. Padding counts for nothing. */
export function pooled(operation, patch, there) {
  const present = patch.filter((_, k) => there[k]);
  if (operation === "max") {
    const sum = present.reduce((most, value) => Math.max(most, value), -Infinity);
    return { products: patch, sum, winner: patch.findIndex((value, k) => there[k] && value === sum) };
  }
  if (operation === "l2") {
    const products = patch.map((value) => value * value);
    return { products, sum: Math.sqrt(total(products)) };
  }
  const sum = total(present);
  return { products: patch, sum: operation === "average" ? sum / present.length : sum, count: present.length };
}

/** The whole output: {height, width, channels, values}. */
export function whole(image, kernel, settings, plan) {
  const channels = apart(settings) ? image.channels : 1;
  const [height, width] = [plan.down.output, plan.across.output];
  const values = new Float64Array(height * width * channels);
  const work = isPooling(settings) ? poolPlace : convolvePlace;
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        values[(row * width + column) * channels + channel] = work(image, kernel, settings, plan, row, column, channel);
      }
    }
  }
  return { height, width, channels, values };
}

function poolPlace(image, kernel, settings, plan, row, column, channel) {
  const { values, there } = patchAt(image, plan, row, column, channel);
  return pooled(settings.operation, values, there).sum;
}

// Without an array for each place: a 224×224 image under an 11×11 kernel is millions of products.
function convolvePlace(image, kernel, settings, { down, across }, row, column, channel) {
  const { width, height, channels, values } = image;
  const [from, to] = apart(settings) ? [channel, channel + 1] : [0, channels];
  let sum = 0;
  for (let r = 0; r < down.kernel; r += 1) {
    const y = row * down.stride - down.before + r * down.dilation;
    if (y < 0 || y >= height) continue;
    for (let k = 0; k < across.kernel; k += 1) {
      const x = column * across.stride - across.before + k * across.dilation;
      if (x < 0 || x >= width) continue;
      const pixel = (y * width + x) * channels;
      const weight = (r * across.kernel + k) * channels;
      for (let c = from; c < to; c += 1) sum += values[pixel + c] * kernel.values[weight + c];
    }
  }
  return activate(settings.activation, sum + settings.bias);
}
