// Problems 2 and 3, live: a network trains while you watch. The start values are { points, labels,
// learning_rate } and, for a network with hidden units, { hidden, seed }.

import {
  add, begin, button, checkbox, choice, enable, floats, fromLink, player, say, slider, spoken,
  toLink, watchTheme,
} from "./ui.js";
import { MOST_DRAWS } from "./sets.js";
import {
  SET_NAMES, choices, fitsLink, linkValues, readEdits, readMet, readSettings,
} from "./settings.js";
import { Lab } from "./lab.js";
import { board, classShape, rgbOf } from "./board.js";
import { Plane } from "./plane.js";
import { Units, explain } from "./units.js";
import { accuracyChart, lossChart } from "./chart.js";
import { challenges } from "./challenges.js";
import {
  REPLACES, STOPPED, legend, lossText, percent, stateText, unitsText, verdictText,
} from "./words.js";

const NEAR = 8; // pixels: a click that is nearer to a point may take it away
const SAME = 3; // pixels: a click that is nearer to an added point adds no other
const FRAME_SECONDS = 0.01; // that the steps of a frame may take; the rest is for drawing
const JUDGE_WAIT = 500; // milliseconds without a change, after which the points are judged
const LINK_WAIT = 300; // the same, after which the link is written
const HEIGHTS = { linear: [170, 92], hidden: [230, 110] }; // pixels, of the two charts
const POINT_HELP = "Click, or use the arrow keys and Enter.";
const FIXED = "The given points are fixed: choose another set to draw new ones.";
const TOO_MANY = "Too many changes for the link: it gives the first points.";

class Train {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.start = decoded(model.get("start"));
    this.lists = choices(this.start);
    const link = fromLink(model);
    this.lab = new Lab(this.start, readSettings(link, this.start));
    const edits = readEdits(link, this.lab);
    if (edits.added.length || edits.gone.length) this.lab.edit(edits);
    this.met = readMet(link);
    this.brush = 0;
    this.lit = -1;
    this.build();
    this.showPoints();
    if (model.get("link").includes("=")) this.writeLink(); // without what was ignored
  }

  // The parts of the page.

  build() {
    begin(this.el, "train");
    this.buildControls(add(this.el, "div", { className: "row controls" }));
    this.readout = spoken(this.el, "state");
    const side = add(this.el, "div", { className: "side" });
    this.buildLeft(add(side, "div", { className: "left" }));
    this.buildRight(add(side, "div", { className: "right" }));
    this.buildVerdict(this.el);
    const panels = add(this.el, "div", { className: "panels" });
    this.buildSets(panel(panels, "Points"));
    this.buildSliders(panel(panels, this.start.hidden ? "Network and training" : "Training"));
    const third = panel(panels, "Challenges");
    third.parentNode.classList.add("all");
    this.lookAtChallenges = challenges(third, this.start.hidden, this.met);
  }

  // On a phone, these stay in sight.
  buildControls(parent) {
    this.player = player(parent, () => this.train(this.lab.settings.speed, FRAME_SECONDS));
    this.player.node.addEventListener("click", () => this.draw());
    button(parent, "One step", () => this.train(1));
    this.again = button(parent, "Start over", () => this.restart());
    this.slider(parent, "speed", "speed", () => {});
  }

  // The plane, and under it the units whose creases it shows.
  buildLeft(parent) {
    const figure = add(parent, "figure", { className: "plane" });
    this.plane = new Plane(figure, this.el, () => this.draw(), (...spot) => this.act(...spot));
    if (!this.start.hidden) return;
    add(parent, "p", { className: "legend", textContent: "Hidden units" });
    this.units = new Units(parent, (m) => this.look(m));
    this.sentence = spoken(parent, "sentence");
  }

  buildRight(parent) {
    this.buildBrushes(add(parent, "div", { className: "brushes" }));
    this.buildCharts(parent);
  }

  buildBrushes(parent) {
    this.brushes = add(parent, "div");
    const row = add(parent, "div", { className: "row" });
    this.undo = button(row, "Undo", () => this.edit(() => this.lab.undo()));
    this.firstAgain = button(row, "The first points again", () =>
      this.edit(() => this.lab.firstAgain()));
    this.answer = spoken(parent, "answer");
  }

  buildCharts(parent) {
    const redraw = () => this.drawCharts();
    const part = (label, height) => {
      const legend = add(parent, "p", { className: "legend" });
      const place = add(parent, "div");
      return { legend, board: board(place, label, 500, () => height, redraw) };
    };
    const [high, low] = this.start.hidden ? HEIGHTS.hidden : HEIGHTS.linear;
    this.loss = part("The loss after each step, on a logarithmic axis", high);
    this.accuracy = part("The accuracy after each step", low);
    this.time = timeSlider(parent, (at) => this.back(at));
  }

  buildVerdict(parent) {
    const part = add(parent, "div", { className: "verdict" });
    this.verdict = spoken(part);
    const text = "show the proof, and cross out the points in the way";
    this.proof = checkbox(part, text, false, () => this.draw());
  }

  buildSets(parent) {
    const chosen = SET_NAMES.indexOf(this.lab.settings.set);
    choice(parent, "Set", SET_NAMES, chosen, (i) => this.choosePoints({ set: SET_NAMES[i] }));
    this.noise = this.slider(parent, "noise", "noise", () => this.choosePoints({}));
    const row = add(parent, "div", { className: "row" });
    this.redraw = button(row, "New draw", () =>
      this.choosePoints({ draw: (this.lab.settings.draw + 1) % MOST_DRAWS }));
    this.fresh = checkbox(row, "show the fresh points", false, () => this.draw());
    this.fixed = add(parent, "p", { className: "readout fixed", textContent: FIXED });
  }

  buildSliders(parent) {
    this.slider(parent, "rate", "learning rate", () => {});
    if (!this.start.hidden) return;
    this.slider(parent, "hidden", "hidden units", () => this.restart());
    this.slider(parent, "seed", "seed", () => this.restart());
  }

  // A slider for one of the settings.
  slider(parent, name, text, action) {
    const { settings } = this.lab;
    return slider(parent, text, this.lists[name], settings[name], (value) => {
      settings[name] = value;
      this.remember();
      action();
    });
  }

  // What one can do.

  train(steps, seconds) {
    const able = this.lab.train(steps, seconds);
    this.draw();
    return able;
  }

  restart() {
    this.lab.begin();
    this.draw();
  }

  back(at) {
    this.player.stop();
    this.lab.back(at);
    this.draw();
  }

  choosePoints(settings) {
    Object.assign(this.lab.settings, settings);
    this.lab.choosePoints();
    this.remember();
    this.showPoints();
  }

  // Acts on the plane: adds a point of the chosen class, or takes the nearest point away.
  act(place, away) {
    const { lab } = this;
    const distances = lab.points.map(away);
    const nearest = distances.indexOf(Math.min(...distances));
    if (this.brush === lab.K) {
      this.takeAway(nearest, distances[nearest] <= NEAR);
      return;
    }
    const { added } = lab.edits();
    const free = added.every((point) => away(point) > SAME) && lab.addPoint(place, this.brush);
    const text = free ? `A point of class ${this.brush} is added.` : "A point is here already.";
    this.edited(free, text);
  }

  takeAway(n, near) {
    const taken = near && this.lab.takeAway(n);
    const why = near ? "The last point stays." : "No point is here.";
    this.edited(taken, taken ? "One point is taken away." : why);
  }

  edit(change) {
    change();
    this.edited(true, `There are ${this.lab.points.length} points now.`);
  }

  edited(changed, text) {
    say(this.answer, fitsLink(this.lab.edits()) ? text : `${text} ${TOO_MANY}`);
    if (!changed) return;
    this.remember();
    this.judgeSoon();
    this.draw();
  }

  look(m) {
    this.lit = m;
    this.drawPlane();
    this.drawSentence();
  }

  // Writes the link when nothing has changed for a while.
  remember() {
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => this.writeLink(), LINK_WAIT);
  }

  writeLink() {
    toLink(this.model, linkValues(this.lab, this.met));
  }

  // The picture comes first, and the verdict when nothing has changed for a while: it may take a
  // second, in which no click is heard. Points that came back have theirs already.
  judgeSoon() {
    clearTimeout(this.judging);
    if (this.lab.verdict) return;
    this.judging = setTimeout(() => {
      this.lab.judge();
      this.draw();
    }, JUDGE_WAIT);
  }

  // The end: nothing of it goes on in the background.
  leave() {
    this.player.stop();
    clearTimeout(this.judging);
    clearTimeout(this.remembering);
    for (const { release } of [this.plane.board, this.loss.board, this.accuracy.board]) release();
  }

  // From here on: drawing.

  // Another set of points: other limits, perhaps another number of classes to add.
  showPoints() {
    const { K, limits } = this.lab;
    this.plane.show(limits, K);
    this.brush = 0;
    this.brushes.replaceChildren();
    const names = Array.from({ length: K }, (_, k) => `${classShape(k)} class ${k}`);
    this.choice = choice(this.brushes, "Click:", [...names, "take away"], 0, (i) => {
      this.brush = i;
      this.draw();
    });
    say(this.answer, POINT_HELP);
    this.judgeSoon();
    this.draw();
  }

  draw() {
    const { lab } = this;
    this.drawPlane();
    this.drawCharts();
    if (this.units) this.drawUnits();
    this.drawWords();
    this.enableControls();
    this.drawChallenges();
  }

  drawChallenges() {
    const before = String(this.met);
    this.met = this.lookAtChallenges(this.lab);
    if (String(this.met) !== before) this.remember();
  }

  get showsProof() {
    return this.proof.checked && this.lab.verdict?.separable === false;
  }

  drawPlane() {
    const { lab, showsProof } = this;
    const { wrong } = lab.past.shown.measured;
    this.plane.draw({
      network: lab.network,
      points: lab.points,
      labels: lab.labels,
      wrong: showsProof ? [] : wrong, // one kind of mark at a time
      lit: this.lit,
      fresh: this.fresh.checked ? lab.first.fresh : null,
      inTheWay: showsProof ? lab.verdict.inTheWay : [],
      proof: showsProof ? lab.verdict.proof : null,
    });
  }

  drawCharts() {
    const { past } = this.lab;
    lossChart(this.el, this.loss.board, past);
    accuracyChart(this.el, this.accuracy.board, past);
  }

  drawUnits() {
    const { lab } = this;
    const { active } = lab.past.shown.measured;
    this.units.count(active.length);
    const paper = rgbOf(this.el, "--paper");
    this.units.draw(lab.network, this.plane.field.activations(lab.network), active, paper);
    this.drawSentence();
  }

  drawSentence() {
    const { lab, lit } = this;
    const { active } = lab.past.shown.measured;
    const one = lit >= 0 && lit < active.length;
    say(this.sentence, one
      ? explain(lab.network, lit, active[lit], lab.points.length, lab.limits)
      : unitsText([...active]));
  }

  drawWords() {
    const { lab } = this;
    const { shown } = lab.past;
    const wrong = shown.measured.wrong.filter(Boolean).length;
    const live = this.player.playing() && !lab.stopped ? "off" : "polite";
    this.readout.setAttribute("aria-live", live);
    const state = stateText(shown, wrong, [...shown.measured.active], !this.showsProof);
    const later = shown === lab.past.last ? "" : REPLACES;
    say(this.readout, lab.stopped ? STOPPED : state + later);
    this.loss.legend.innerHTML =
      legend("KL loss in nats", shown.measured, "loss", "freshLoss", lossText);
    this.accuracy.legend.innerHTML =
      legend("Accuracy", shown.measured, "accuracy", "freshAccuracy", percent);
    say(this.verdict, verdictText(lab.verdict, lab.labels));
    this.time.place(lab.past);
    const enter = this.brush === lab.K ? "takes a point away" : `adds one of class ${this.brush}`;
    this.plane.node.setAttribute("aria-label",
      `The plane at step ${shown.step}: ${lab.points.length} points in ${lab.K} classes, ${wrong} `
      + `of them wrong. The arrow keys move a cross-hair, Enter ${enter}.`);
  }

  enableControls() {
    const { lab } = this;
    const drawn = lab.first.fresh !== null;
    enable(this.again, lab.past.states.length > 1 || lab.stopped);
    enable(this.undo, lab.versions.length > 1);
    enable(this.firstAgain, lab.changed);
    enable(this.noise.range, drawn);
    enable(this.redraw, drawn);
    enable(this.fresh, drawn);
    this.fixed.hidden = drawn;
    enable(this.proof, lab.verdict?.separable === false);
    enable(this.choice.buttons.at(-1), lab.points.length > 1);
    enable(this.time.range, lab.past.states.length > 1);
  }
}

// Start values as lists: a large array comes as { shape, float64 }.
function decoded(start) {
  const listed = (array) => (array.float64 ? [...floats(array)] : array);
  const numbers = listed(start.points).flat();
  const points = Array.from({ length: numbers.length / 2 }, (_, n) =>
    numbers.slice(2 * n, 2 * n + 2));
  return { ...start, points, labels: listed(start.labels) };
}

function panel(parent, title) {
  const group = add(parent, "section", { className: "panel" });
  add(group, "h3", { textContent: title });
  return add(group, "div");
}

// A slider over the kept states.
function timeSlider(parent, action) {
  const label = add(parent, "label", { className: "time" });
  const text = add(label, "span", { textContent: "Back in time" });
  const range = add(label, "input", { type: "range", min: 0, step: 1 });
  range.addEventListener("input", () => action(Number(range.value)));
  const place = ({ states, at, shown, last }) => {
    range.max = states.length - 1;
    range.value = at;
    const words = `step ${shown.step} of ${last.step}`;
    range.setAttribute("aria-valuetext", words);
    text.textContent = `Back in time: ${words}`;
  };
  return { range, place };
}

function render({ model, el }) {
  const train = new Train(model, el);
  el.play = train; // for the tests
  const unwatch = watchTheme(() => train.draw());
  return () => {
    train.leave();
    unwatch();
  };
}

export default { render };
