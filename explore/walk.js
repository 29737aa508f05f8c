// Problem 1, step by step: the film, and below it where the gradient leads. The start values are
// program (see steps.py), point, learning_rate, nodes and edges.
import { Descent } from "./descent.js";
import { Film } from "./film.js";
import { compute } from "./program.js";
import { numberIn } from "./question.js";
import { begin, fromLink, spoken, toLink, watchTheme } from "./ui.js";

const LINK_WAIT = 250; // milliseconds without a change, after which the link is written

// The state that the link describes; what it does not say well is as at the start.
function firstState(model, { program, point, learning_rate: usual }) {
  const link = fromLink(model);
  const read = (name, otherwise) => {
    const value = numberIn(link[name] ?? "");
    return Number.isFinite(value) ? value : otherwise;
  };
  const values = Object.entries(point).map(([name, value]) => [name, read(name, value)]);
  const linked = compute(program, Object.fromEntries(values));
  const now = linked.finite ? linked : compute(program, point);
  const rate = read("rate", usual);
  const at = read("at", 0);
  const isStep = Number.isInteger(at) && at >= 0 && at <= program.steps.length;
  return {
    now,
    path: [[now.point.w1, now.point.w2]],
    rate: rate > 0 ? rate : usual,
    at: isStep ? at : 0, // steps done
    asked: false, // whether the next one is asked for
    before: null, // f before the last gradient step
  };
}

class Walk {
  constructor(model, el) {
    const start = model.get("start");
    this.model = model;
    this.el = el;
    this.state = firstState(model, start);
    this.link = this.linkText();
    this.width = 0;
    this.film = new Film(el, start, this.state, () => this.showFilm());
    this.descent = new Descent(el, start, this.state, () => this.show());
    this.size = new ResizeObserver(() => this.resize());
    this.size.observe(el);
    this.show();
  }

  linkText() {
    const { now, rate, at } = this.state;
    return JSON.stringify({ at, ...now.point, rate });
  }

  // Writes the state into the link when it has not changed for a while.
  remember() {
    const link = this.linkText();
    if (this.link === link) return;
    this.link = link;
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => toLink(this.model, JSON.parse(link)), LINK_WAIT);
  }

  resize() {
    if (this.el.clientWidth !== this.width) this.film.show();
    this.width = this.el.clientWidth;
  }

  show() {
    this.descent.show();
    this.showFilm();
  }

  showFilm() {
    this.film.show();
    this.remember();
  }

  stop() {
    this.film.player.stop();
    clearTimeout(this.remembering);
    this.size.disconnect();
  }
}

// Why a graph cannot be stepped through; undefined if it can.
function troubleOf({ program, nodes, edges }) {
  if (program.trouble) return program.trouble;
  const named = program.steps.flatMap(({ node, marked }) => [node, ...marked]);
  const missing = named.find((name) => !(name in nodes) && !(name in edges));
  return missing && `"${missing}" has no place in the drawing`;
}

function render({ model, el }) {
  begin(el, "walk");
  const trouble = troubleOf(model.get("start"));
  if (trouble) {
    spoken(el).textContent = `This graph cannot be stepped through: ${trouble}.`;
    return () => {};
  }
  const walk = new Walk(model, el);
  const unwatch = watchTheme(() => walk.show());
  return () => {
    walk.stop();
    unwatch();
  };
}

export default { render };
