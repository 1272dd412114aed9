// A run's live chart: a strip of numbers, the curves and what they say in words, fed by the run's event stream.
import { feedOf } from "./live_feed.mjs";
import { figureHeight, layout, palette, traces, VIEWS } from "./live_figure.mjs";
import {
  currentEpoch, describe, formatAccuracy, formatLoss, formatSeconds, hasEnded, headline,
  lastStep, newHistory, progress, recentBatches, statusWord, timeLeft,
} from "./live_history.mjs";
import { escapeText, formatCount, isBusy, later } from "./shared.mjs";
import { drawWords, Words } from "./live_words.mjs";

const REDRAW_MS = 250;
const SPEAK_MS = 1000;
const SETTLE_MS = 400; // what a stream catches up with comes at once; a status that stays is news
const VIEW_KEY = "cnnlab-live-view";
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false };

let plotly = null;

/** Plotly.js, loaded once; the reference is kept, because charts of Streamlit's own put another one on `window`. */
function loadPlotly(url) {
  plotly ??= import(new URL(url, document.baseURI)).then(() => window.Plotly).catch(() => null);
  return plotly;
}

/** The measure that was last chosen in this tab; a page switch forgets what a component knew. */
function recall() {
  try {
    const view = sessionStorage.getItem(VIEW_KEY);
    return VIEWS[view] ? view : null;
  } catch {
    return null; // storage is switched off
  }
}

function remember(view) {
  try {
    sessionStorage.setItem(VIEW_KEY, view);
  } catch {
    // As long as the page stands, the chart knows.
  }
}

/** What the strip above the chart says, as HTML. */
export function drawStrip(history) {
  const { source, accuracy, loss } = headline(history);
  const epoch = history.epochs[history.epochs.length - 1];
  const training = epoch ?? recentBatches(history);
  const known = source === "validation";
  const tile = (name, value, note) =>
    `<div class="tile"><span class="quiet">${name}</span><b>${value}</b><span class="quiet">${note}</span></div>`;
  const name = known ? "Validation" : "Training";
  const tiles = [
    tile(`${name} accuracy`, formatAccuracy(accuracy), known ? `training ${formatAccuracy(training.accuracy)}` : ""),
    tile(`${name} loss`, formatLoss(loss), known ? `training ${formatLoss(training.loss)}` : ""),
  ];
  if (history.tested) {
    const { accuracy: right, loss: error } = history.tested;
    tiles.push(tile("Test accuracy", formatAccuracy(right), `loss ${formatLoss(error)}`));
  }
  return `<div class="tiles">${tiles.join("")}</div><div class="facts">${drawFacts(history)}</div>`;
}

/** Status, place and pace of the run, as HTML; what is of class "more" goes first where it is narrow. */
export function drawFacts(history) {
  const left = timeLeft(history);
  const known = history.epochs.length > 0 || history.step.length > 1; // the first step builds the graph: it is no pace
  const dot = '<i aria-hidden="true"> · </i>';
  const step = `<span class="more">${dot}step <b>${formatCount(lastStep(history))}</b> of ${formatCount(history.totalSteps)}</span>`;
  const place = history.totalEpochs ? `Epoch <b>${currentEpoch(history)}</b> of ${history.totalEpochs}${step}` : "";
  const speed = known && history.imagesPerSecond
    ? `<span class="speed">${formatCount(Math.round(history.imagesPerSecond))} images/s${left === null ? "" : dot}</span>`
    : "";
  const pace = speed + (left === null ? "" : `${formatSeconds(left)} left`);
  return `<span class="chip ${escapeText(history.status ?? "")}">${statusWord(history.status)}</span>` +
    `<span>${place}</span><span class="pace">${pace}</span>`;
}

/** The choice of what the chart shows, as HTML. */
export function drawViews(chosen) {
  const button = ([view, { label }]) =>
    `<button type="button" data-view="${view}" aria-pressed="${view === chosen}">${label}</button>`;
  return Object.entries(VIEWS).map(button).join("");
}

/** What the lines mean, as HTML; `ghost` is the name of the earlier run, where there is one. */
export function drawLegend(ghost) {
  const entry = (name, words) => `<span><i class="${name}"></i>${words}</span>`;
  const lines = [entry("each", "each batch"), entry("training", "training"), entry("validation", "validation")];
  const faint = entry("ghost", "training") + entry("ghost dotted", "validation");
  if (ghost) lines.push(`<div class="before"><b>before: ${escapeText(ghost)}</b>${faint}</div>`);
  return lines.join("");
}

const HTML = `
  <div class="strip"></div>
  <div class="bar" role="progressbar" aria-label="Progress of the training" aria-valuemin="0" aria-valuemax="100"><div></div></div>
  <div class="views" role="group" aria-label="What the chart shows"></div>
  <div class="legend" aria-hidden="true"></div>
  <div class="plot" role="img"></div>
  <ul class="words" aria-label="What the curves say"></ul>
  <div class="unseen" aria-live="polite"></div>`;

class LiveChart {
  constructor(root) {
    root.innerHTML = HTML;
    const part = (name) => root.querySelector(name);
    this.parts = {
      root, strip: part(".strip"), bar: part(".bar"), plot: part(".plot"), views: part(".views"),
      legend: part(".legend"), words: part(".words"), spoken: part(".unseen"),
    };
    this.view = recall() ?? "both";
    this.parts.views.addEventListener("click", (event) => this.choose(event.target.dataset?.view));
    this.over = null; // the status that the run ended with
    this.settled = later(() => this.tell(), SETTLE_MS);
    this.words = new Words((found) => (this.parts.words.innerHTML = drawWords(found)));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.parts.plot);
  }

  get history() {
    return this.feed?.history ?? newHistory();
  }

  update({ data, setStateValue, setTriggerValue }) {
    const before = this.data;
    this.data = data;
    this.say = { setStateValue, setTriggerValue };
    if (before?.run !== data.run) this.watch();
    else if (hasEnded(before.status) && !hasEnded(data.status)) this.follow(); // resumed
    else if (before.snapshot && !data.snapshot) this.follow(newHistory()); // the stream is tried again
    if (data.snapshot) this.feed.give(data.snapshot[0]);
    this.words.take(data.words, data.wordsUrl);
    this.parts.legend.innerHTML = drawLegend(data.ghost?.[0].name);
    this.parts.views.innerHTML ||= drawViews(this.view); // once: a button keeps its focus
    this.colors = null; // the theme may be another
    this.draw();
  }

  /** Joins the run's feed, and that of the earlier run that it is compared with. */
  watch() {
    this.leaveFeeds();
    const { url, ghost, snapshot } = this.data;
    this.feed = feedOf(url).join(this);
    if (!snapshot) this.follow(this.feed.history);
    if (!ghost) return;
    this.ghost = feedOf(ghost[0].url).join((this.haunted = { take: () => this.draw() }));
    if (!snapshot) this.ghost.follow();
  }

  follow(history) {
    this.reported = false;
    this.over = null;
    this.feed.follow(history);
  }

  leaveFeeds() {
    this.feed?.leave(this);
    this.ghost?.leave(this.haunted);
    this.feed = this.ghost = null;
  }

  /** The feed has an event, or a whole history. */
  take(event) {
    if (event?.kind === "status") this.settled();
    this.words.stir(event?.kind);
    this.draw();
  }

  fail() {
    this.say.setTriggerValue("stream", "unavailable");
  }

  /** Shows another measure, now and on the next page. */
  choose(view) {
    if (!VIEWS[view]) return;
    this.view = view;
    remember(view);
    for (const button of this.parts.views.children) button.setAttribute("aria-pressed", button.dataset.view === view);
    this.plot();
  }

  /**
   * The page is told of a new status, which changes its buttons; that the run has ended, once, if it still
   * believes the run to be active. Never while it is at work: a user's click would be lost.
   */
  tell() {
    const { status } = this.history;
    if (this.gone || (this.over ?? status) === this.data.status) return;
    if (isBusy()) this.settled();
    else if (this.over === null) this.tellStatus(status);
    else this.tellEnd();
  }

  tellStatus(status) {
    if (!hasEnded(status)) this.say.setTriggerValue("status", status);
  }

  tellEnd() {
    if (hasEnded(this.data.status) || this.reported) return;
    this.reported = true;
    this.say.setTriggerValue("ended", this.over);
  }

  /** The run is over. */
  end(status) {
    this.words.stir("status");
    this.draw();
    this.over = status;
    this.tell();
  }

  /** Draws soon: at most a few times a second, and nothing while the tab is hidden. */
  draw() {
    if (this.timer || this.gone) return;
    const wait = Math.max(0, REDRAW_MS - (performance.now() - (this.drawn ?? 0)));
    this.timer = setTimeout(() => requestAnimationFrame(() => this.paint()), wait);
  }

  paint() {
    this.timer = null;
    if (this.gone) return;
    this.drawn = performance.now();
    const { history, parts } = this;
    parts.strip.innerHTML = drawStrip(history);
    const percent = (100 * progress(history)).toFixed(1);
    parts.bar.firstElementChild.style.width = `${percent}%`;
    parts.bar.setAttribute("aria-valuenow", Math.round(percent));
    parts.bar.className = `bar ${history.status ?? ""}`;
    this.speak();
    this.plot();
  }

  /** Numbers for those who hear the page, at most once a second; read out when an epoch or the status changes. */
  speak() {
    const { history, parts } = this;
    const wait = SPEAK_MS - (performance.now() - (this.spoke ?? -SPEAK_MS));
    clearTimeout(this.speaking);
    if (wait > 0) {
      this.speaking = setTimeout(() => this.speak(), wait);
      return;
    }
    this.spoke = performance.now();
    const words = describe(history);
    parts.plot.setAttribute("aria-label", `${VIEWS[this.view].label} of the training. ${words}`);
    const moment = `${history.status} ${history.epochs.length} ${Boolean(history.tested)}`;
    if (moment !== this.moment && history.status) parts.spoken.textContent = words;
    this.moment = moment;
  }

  async plot() {
    const { plot } = this.parts;
    const width = plot.clientWidth;
    if (!width) return; // hidden: the observer calls again at the first width
    plot.style.height = `${figureHeight(width)}px`;
    this.colors ??= this.theme(); // the legend has its marks while Plotly still loads
    const Plotly = await loadPlotly(this.data.plotly);
    if (this.gone) return;
    if (!Plotly) {
      plot.style.height = "0"; // a host without our routes: the page draws the curves itself
      if (!this.told) this.say.setStateValue("plotly", "unavailable");
      this.told = true;
      return;
    }
    this.colors ??= this.theme();
    const drawn = [this.view, this.ghost?.history ?? null];
    const { history, colors } = this;
    await Plotly.react(plot, traces(history, colors, ...drawn), layout(history, colors, width, ...drawn), CONFIG);
    this.adoptStyles();
  }

  /** Colours of the page's theme. */
  theme() {
    const style = getComputedStyle(this.parts.root);
    const value = (name) => style.getPropertyValue(`--st-${name}`).trim();
    const colors = palette({ text: value("text-color"), background: value("background-color"), font: value("font") });
    for (const name of ["training", "validation"]) this.parts.root.style.setProperty(`--${name}`, colors[name]);
    return colors;
  }

  /** Plotly writes its rules into the document's head, where they do not reach a shadow root: copies them, once. */
  adoptStyles() {
    const shadow = this.parts.root.getRootNode();
    if (this.adopted || !(shadow instanceof ShadowRoot)) return;
    this.adopted = true;
    const rules = [...document.querySelectorAll('style[id^="plotly.js-style"]')]
      .flatMap((style) => [...style.sheet.cssRules].map((rule) => rule.cssText));
    const sheet = document.createElement("style");
    sheet.textContent = rules.join("\n");
    shadow.append(sheet);
  }

  leave() {
    this.gone = true;
    clearTimeout(this.timer);
    clearTimeout(this.speaking);
    this.settled.cancel();
    this.words.leave();
    this.leaveFeeds();
    this.sizes.disconnect();
    plotly?.then((Plotly) => Plotly?.purge(this.parts.plot));
  }
}

const charts = new WeakMap();

export default function (component) {
  const { parentElement } = component;
  if (!charts.has(parentElement)) charts.set(parentElement, new LiveChart(parentElement.querySelector(".root")));
  const chart = charts.get(parentElement);
  chart.update(component);
  return () => {
    chart.leave();
    charts.delete(parentElement);
  };
}
