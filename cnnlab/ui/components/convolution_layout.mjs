// What the convolution's parts are made of, as HTML; its script fills them.
import { form } from "./convolution_settings.mjs";

/** Places a second that the window can slide. */
export const SPEEDS = [1, 2, 5, 15, 60, 300, 1500];

const icon = (path) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
export const ICONS = {
  first: icon("M6 6h2v12H6zM20 6v12L9.5 12z"), back: icon("M15.5 6v12L7 12z"), play: icon("M8 5v14l11-7z"),
  pause: icon("M6 5h4v14H6zM14 5h4v14h-4z"), step: icon("M8.5 6v12l8.5-6z"), all: icon("M16 6h2v12h-2zM4 6v12l10.5-6z"),
};

const picture = (name, title) => `<section class="view ${name}"><h4>${title} <span class="quiet"></span></h4>
  <div class="stage" tabindex="0" role="application" aria-roledescription="picture with a sliding window"
    aria-label="${title}. Arrow keys move the window, Home and End go to its ends, Enter steps, Space plays.">
    <canvas role="img"></canvas><div class="numbers" aria-hidden="true"></div><div class="window"></div></div>
  <div class="legend quiet" hidden><span></span><i></i><span></span></div></section>`;

const grid = (name, title) => `<section class="part ${name}"><h4>${title}</h4><div class="cells"></div></section>`;

/** The whole component as HTML. */
export const layout = (kernels) => `<div class="convolution"><div class="left">
  <div class="views">${picture("input", "Input")}${picture("output", "Output")}</div>
  <p class="problem" role="alert" hidden></p>
  <div class="transport" role="group" aria-label="Slide the window">
    <button type="button" data-do="first" title="Clear the output and begin" aria-label="To the first place">${ICONS.first}</button>
    <button type="button" data-do="back" title="One step back" aria-label="One step back">${ICONS.back}</button>
    <button type="button" data-do="play" class="main"></button>
    <button type="button" data-do="step">${ICONS.step}Step</button>
    <button type="button" data-do="all" title="Fill in the whole output" aria-label="Fill in the whole output">${ICONS.all}</button>
    <label class="speed">Speed<input type="range" min="0" max="${SPEEDS.length - 1}" step="1"></label>
    <span class="place"></span></div>
  <div class="work">${grid("patch", "Under the window")}<div class="together only-kernel"><b class="sign">×</b>
    ${grid("kernel", 'Kernel <span class="tabs" role="group" aria-label="Channel"></span>')}</div>
    <div class="together outcome"><b class="sign">=</b>${grid("products", "Products")}</div>
    <section class="part result"><h4>Result</h4><dl></dl><p class="value"><span></span><strong></strong></p></section>
    <p class="line"></p></div></div>
  <section class="settings"><form>${form(kernels)}</form><div class="size"></div></section></div>
  <div class="unseen" aria-live="polite"></div>`;
