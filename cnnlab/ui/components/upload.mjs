// Takes files and folders, and sends them one by one to the app's own route, with a bar for all of them.
import { escapeText, formatCount } from "./shared.mjs";

const PICTURE = /\.(jpe?g|jpe|jfif|mpo|png|webp|gif|bmp|tiff?|avif|ppm)$/i;
const HIDDEN = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;
const AT_ONCE = 3;
const NAMED = 3;

/** The class of a picture in a dropped folder: the folder that it lies in; "" where it lies in none. */
export function classOf(path) {
  const parts = path.split("/").filter(Boolean);
  return parts.length > 1 ? parts[parts.length - 2] : "";
}

/** The chosen folder itself, where it holds the folders of classes; a picture beside these is of no class. */
export function rootOf(paths) {
  const roots = new Set(paths.map((path) => path.split("/")[0]));
  return roots.size === 1 && paths.some((path) => path.split("/").length > 2) ? [...roots][0] : "";
}

/**
 * What of the chosen files is sent, and what is left out and why.
 * `files` are `{path, size, file}`; `into` is the class that all pictures go into, or "".
 */
export function plan(files, { into = "", limit = Infinity } = {}) {
  const uploads = [];
  const left = [];
  const root = rootOf(files.map(({ path }) => path).filter((path) => PICTURE.test(path) && !HIDDEN.test(path)));
  for (const { path, size, file } of files) {
    const name = path.split("/").pop();
    const folder = into || classOf(path);
    let why = "";
    if (HIDDEN.test(path)) continue;
    if (/\.zip$/i.test(name) && !into) uploads.push({ name, into: "", size, file });
    else if (/\.hei[cf]$/i.test(name)) why = "HEIC cannot be read here: export it as JPEG";
    else if (!PICTURE.test(name)) why = "not a picture";
    else if (!folder || (!into && path === `${root}/${name}`)) why = "in no folder: put it into a class";
    else uploads.push({ name, into: folder, size, file });
    if (why) left.push({ name, why });
  }
  const total = uploads.reduce((sum, each) => sum + each.size, 0);
  if (total > limit) return { uploads: [], left: [{ name: "All together", why: `${megabytes(total)}, and there is room for ${megabytes(limit)}` }], total: 0 };
  return { uploads, left, total };
}

/** A number of bytes as people read it. */
export function megabytes(bytes) {
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** How far it is, in words. */
export function progressWords(done, count, sent, total) {
  const files = count > 1 ? `${formatCount(done)} of ${formatCount(count)} files · ` : "";
  return `${files}${megabytes(sent)} of ${megabytes(total)}`;
}

/** What was left out, in words: the first by name, the others counted. */
export function leftWords(left) {
  if (!left.length) return "";
  const named = left.slice(0, NAMED).map(({ name, why }) => `${name}: ${why}`).join(" · ");
  return left.length > NAMED ? `${named} · and ${formatCount(left.length - NAMED)} more` : named;
}

/** Every file of what was dropped, folders opened: `{path, size, file}`. */
async function dropped(items) {
  const found = [];
  const open = async (entry, above) => {
    const path = `${above}${entry.name}`;
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ path, size: file.size, file });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const each of some) await open(each, `${path}/`);
    }
  };
  // Entries must be asked for before the first wait: the list is empty afterwards.
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  for (const entry of entries) await open(entry, "");
  return found;
}

const instances = new WeakMap();

class Upload {
  constructor(root) {
    root.innerHTML = `<div class="zone"><p class="label"></p><p class="choose"></p>
      <div class="under-way" hidden><div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><i></i></div>
      <p><span class="far" aria-live="off"></span> <button type="button" class="cancel">Cancel</button></p></div>
      <p class="left" role="status"></p></div>`;
    this.find = (name) => root.querySelector(`.${name}`);
    this.zone = this.find("zone");
    this.requests = new Set();
    this.zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.zone.classList.toggle("over", !this.busy);
    });
    this.zone.addEventListener("dragleave", () => this.zone.classList.remove("over"));
    this.zone.addEventListener("drop", async (event) => {
      event.preventDefault();
      this.zone.classList.remove("over");
      if (!this.busy) this.send(await dropped(event.dataTransfer.items));
    });
    this.find("cancel").addEventListener("click", () => this.stop());
  }

  update({ data, setTriggerValue }) {
    this.data = data;
    this.tell = setTriggerValue;
    const drawn = JSON.stringify([data.label, data.into]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.find("label").textContent = data.label;
    const ways = data.into
      ? [["Choose pictures", 'accept="image/*" multiple']]
      : [["Choose a zip", 'accept=".zip,application/zip"'], ["Choose a folder", "webkitdirectory multiple"]];
    this.find("choose").innerHTML = ways
      .map(([text, kind]) => `<label class="button">${escapeText(text)}<input type="file" class="unseen" ${kind}></label>`)
      .join(" ");
    for (const input of this.find("choose").querySelectorAll("input")) {
      input.addEventListener("change", () => {
        this.send([...input.files].map((file) => ({ path: file.webkitRelativePath || file.name, size: file.size, file })));
        input.value = "";
      });
    }
  }

  async send(files) {
    if (this.busy || !files.length) return;
    const { uploads, left, total } = plan(files, { into: this.data.into, limit: this.data.room });
    this.left = left;
    this.sayLeft();
    if (!uploads.length) return;
    this.begin(uploads.length, total);
    const queue = [...uploads];
    const worker = async () => {
      while (queue.length && this.busy) await this.sendOne(queue.shift());
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    if (this.busy) this.end();
  }

  begin(count, total) {
    Object.assign(this, { busy: true, count, total, done: 0, taken: 0, sentBefore: 0, sending: new Map() });
    this.find("under-way").hidden = false;
    this.find("choose").hidden = true;
    this.show();
  }

  async sendOne({ name, into, size, file }) {
    const answer = await this.post(name, into, file);
    this.sending.delete(file);
    this.sentBefore += size;
    this.done += 1;
    if (answer.missing) this.missing = true;
    if (answer.error) this.left.push({ name, why: answer.error });
    else if (!answer.missing) this.taken += 1;
    this.show();
  }

  post(name, into, file) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const address = new URL(this.data.url, document.baseURI);
      address.search = new URLSearchParams({ name, class: into });
      request.open("POST", address);
      request.setRequestHeader(this.data.header, "1");
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.addEventListener("progress", ({ loaded }) => {
        this.sending.set(file, loaded);
        this.show();
      });
      request.addEventListener("loadend", () => {
        this.requests.delete(request);
        resolve(answerOf(request.status, request.getResponseHeader("content-type"), request.responseText));
      });
      this.requests.add(request);
      request.send(file);
    });
  }

  show() {
    const sent = Math.min(this.total, this.sentBefore + [...this.sending.values()].reduce((sum, each) => sum + each, 0));
    const share = this.total ? Math.floor((100 * sent) / this.total) : 100;
    this.find("bar").setAttribute("aria-valuenow", share);
    this.find("bar").firstElementChild.style.width = `${share}%`;
    this.find("far").textContent = progressWords(this.done, this.count, sent, this.total);
  }

  stop() {
    const { busy } = this;
    this.busy = false;
    for (const request of [...this.requests]) request.abort();
    if (busy) this.end();
  }

  end() {
    this.busy = false;
    this.find("under-way").hidden = true;
    this.find("choose").hidden = false;
    this.sayLeft();
    this.tell(this.missing ? "missing" : "finished", { files: this.taken, at: Date.now() });
  }

  sayLeft() {
    const words = leftWords(this.left);
    this.find("left").textContent = words && `Left out: ${words}`;
  }
}

/** What the server answered: nothing wrong, an error in words, or no route of ours at all. */
export function answerOf(status, type, text) {
  if (status === 0) return { error: "the connection broke off" };
  if (!(type ?? "").startsWith("application/json")) return { missing: true };
  try {
    const { error } = JSON.parse(text);
    return error ? { error } : {};
  } catch {
    return { missing: true };
  }
}

export default function upload(component) {
  const { parentElement } = component;
  if (!instances.has(parentElement)) instances.set(parentElement, new Upload(parentElement.querySelector(".root")));
  instances.get(parentElement).update(component);
  return () => {
    instances.get(parentElement)?.stop();
    instances.delete(parentElement);
  };
}
