// The way down: sliders for the weights and the inputs, gradient steps, and the map of f on which
// they leave their path.
import { ContourMap, LEAST_STEP } from "./contours.js";
import { compute, descend, functionOf, minimum, outcome, unbroken } from "./program.js";
import { add, button, choice, enable, number, say, slider, spoken } from "./ui.js";

const RATES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const ZOOMS = [1, 10, 100];
const MANY = 30; // gradient steps of one button
const GRID = Array.from({ length: 321 }, (_, i) => (i - 160) / 100); // what a slider can say
const LEAST_SEEN = 3; // pixels; a shorter step cannot be seen
const NAMES = { w1: "weight w₁", w2: "weight w₂", x1: "input x₁", x2: "input x₂" };
const TOO_LARGE = "the next step is too large to be computed: take a <b>smaller learning rate</b>";

// `state` has now, the numbers at the present point; path, the weights since the reader chose them;
// before, f before the last step; and rate. `changed()` is called when they have changed.
export class Descent {
  constructor(el, start, state, changed) {
    this.el = el;
    this.start = start;
    this.program = start.program;
    this.state = state;
    this.changed = changed;
    this.f = functionOf(start.program);
    this.zoom = ZOOMS[0];
    this.trouble = ""; // why a step was not taken
    this.best = { inputs: "", weights: null };
    this.build();
  }

  // The parts of the page.

  build() {
    const side = add(this.el, "div", { className: "side down" });
    this.buildPanel(add(side, "div", { className: "panel" }));
    this.buildMap(add(side, "figure"));
  }

  buildPanel(panel) {
    this.sliders = Object.entries(NAMES).map(([name, text]) => ({
      name,
      ...slider(panel, text, GRID, 0, (value) => this.begin({ [name]: value })),
    }));
    const { rate } = this.state;
    const rates = [...new Set([...RATES, this.start.learning_rate])].sort((a, b) => a - b);
    this.rate = slider(panel, "learning rate", rates, rate, (chosen) => this.setRate(chosen));
    const row = add(panel, "div", { className: "row" });
    button(row, "One gradient step", () => this.goDown(1)).classList.add("primary");
    button(row, `${MANY} steps`, () => this.goDown(MANY));
    const { w1, w2 } = this.start.point;
    this.again = button(row, "First weights again", () => this.begin({ w1, w2 }));
    this.line = spoken(panel, "descent");
  }

  buildMap(figure) {
    choice(figure, "zoom", ZOOMS.map((zoom) => `${zoom}×`), 0, (i) => this.setZoom(ZOOMS[i]));
    const begin = ([w1, w2]) => this.begin({ w1, w2 });
    this.map = new ContourMap(this.el, figure, begin, (weights) => this.aim(weights));
    this.caption = add(figure, "figcaption");
  }

  // What one can do.

  // Begins a new path, at other weights or with other inputs.
  begin(change) {
    const now = compute(this.program, { ...this.state.now.point, ...change });
    this.trouble = "";
    this.state.now = now;
    this.state.path = [[now.point.w1, now.point.w2]];
    this.changed();
  }

  goDown(count) {
    this.trouble = "";
    for (let i = 0; i < count && !this.trouble; i += 1) this.step();
    this.changed();
  }

  step() {
    const { state } = this;
    const next = descend(this.program, state.now, state.rate);
    if (!next.finite) {
      this.trouble = TOO_LARGE;
      return;
    }
    state.before = this.height;
    state.now = next;
    state.path = [...state.path, [next.point.w1, next.point.w2]];
  }

  setRate(rate) {
    this.state.rate = rate;
    this.trouble = "";
    this.changed();
  }

  setZoom(zoom) {
    this.zoom = zoom;
    this.changed();
  }

  // Says where the keyboard's cross is; null: it is gone.
  aim(weights) {
    if (!weights) return this.show();
    const [w1, w2] = weights.map((weight) => number(weight));
    return say(this.line, unbroken(`Enter begins at w₁ = ${w1}, w₂ = ${w2}.`));
  }

  // From here on: drawing.

  // f at the present point.
  get height() {
    return this.state.now.v[outcome(this.program)];
  }

  show() {
    this.findMinimum();
    this.showSliders();
    const drawn = this.showMap();
    const progress = progressText(this.state, this.height, drawn.moved, this.zoom);
    say(this.line, unbroken(this.trouble ? `${progress} But ${this.trouble}.` : progress));
    const valley = valleyText(this.best.weights, this.map);
    const texts = ["Lines of equal f; the bluer, the larger f is.", arrowText(drawn), valley];
    this.caption.innerHTML = unbroken([...texts, "Click to begin there."].join(" "));
  }

  findMinimum() {
    const { point } = this.state.now;
    const inputs = `${point.x1} ${point.x2}`;
    if (this.best.inputs === inputs) return;
    this.best = { inputs, weights: minimum(this.program, point) };
  }

  showSliders() {
    const { now, path, rate } = this.state;
    for (const one of this.sliders) putSlider(one, now.point[one.name]);
    putSlider(this.rate, rate);
    const { w1, w2 } = this.start.point;
    enable(this.again, path.length > 1 || now.point.w1 !== w1 || now.point.w2 !== w2);
  }

  showMap() {
    const { now, path, rate } = this.state;
    const next = descend(this.program, now, rate);
    const place = `w₁ = ${number(now.point.w1)}, w₂ = ${number(now.point.w2)}`;
    this.map.node.setAttribute("aria-label", `Map of f over both weights, now ${place}. Arrow keys `
      + "and Enter choose where to begin.");
    return this.map.show({
      f: this.f,
      point: now.point,
      path,
      next: next.finite ? [next.point.w1, next.point.w2] : null,
      zoom: this.zoom,
      best: this.best.weights,
    });
  }
}

// Where f is after the gradient steps, and what the last one did; `moved` is its pixels.
function progressText({ path, before }, height, moved, zoom) {
  const count = path.length - 1;
  const digits = number(height, 6);
  if (count === 0) return `<b>f = ${digits}</b>`;
  const now = `after ${count} gradient step${count === 1 ? "" : "s"}: <b>f = ${digits}</b>`;
  if (digits === number(before, 6)) return `${now}, the same as before in all digits shown.`;
  const change = height - before;
  const size = `${number(Math.abs(change), 6)} ${change < 0 ? "less" : "more"} than before`;
  const [[a, b], [c, d]] = path.slice(-2);
  const far = number(Math.hypot(c - a, d - b), 6);
  const look = moved < LEAST_SEEN && zoom < ZOOMS.at(-1) ? ": zoom in" : "";
  return `${now}, ${size}. The last step moved the weights by ${far}, `
    + `${pixelText(moved)} of the map${look}.`;
}

function pixelText(pixels) {
  if (pixels < LEAST_STEP) return `less than ${LEAST_STEP} pixels`;
  if (pixels < 0.1) return "less than 0.1 pixels";
  const text = number(pixels, pixels < 10 ? 1 : 0);
  return `${text} pixel${text === "1" ? "" : "s"}`;
}

// What the arrow on the map is, or why there is none.
function arrowText({ arrow, length }) {
  return {
    refused: "The next step is too large to be computed.",
    none: `No arrow: the next step is too short for one, ${pixelText(length)}.`,
    dashed: `The dashed arrow points where the next step goes, only ${pixelText(length)}.`,
    cut: "The arrow is the next step, up to the edge of the map: it leads out.",
    whole: "The arrow is the next step.",
  }[arrow];
}

function valleyText(best, map) {
  if (!best) return "";
  const place = `(${best.map((weight) => number(weight)).join(", ")})`;
  const shown = map.shows(best);
  return shown ? `The star is the minimum, ${place}.` : `The minimum, ${place}, is outside.`;
}

// A slider says the number itself, also where it can only stand near it.
function putSlider({ place, label, range }, value) {
  place(value);
  const text = number(value);
  label.querySelector("output").textContent = text;
  range.setAttribute("aria-valuetext", text);
}
