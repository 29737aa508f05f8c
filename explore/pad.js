// Problem 4, by hand: draw a digit, and see at once what the models see, what they answer, and why.
// Start values: `templates` and `trained`, each the parameters of a linear model, [W, b].
import { add, begin, button, canvas, enable, say, spoken } from "./ui.js";
import { digitImage, penWidth } from "./ink.js";
import {
  evidence, linearModel, probabilities, ranked, scoreSum, withoutCommonPart,
} from "./scores.js";
import { Keeper } from "./keep.js";
import { Pen, drawStrokes, thinned } from "./pen.js";
import { Answers, DIGITS, percent } from "./answers.js";

const PAPER = 400; // pixels of the pad, where the page has room
const MOST_POINTS = 10000; // of one drawing in a file of digits
const LABEL = "Draw with mouse, pen or finger, or with the arrow keys: the space bar puts the " +
  "pen down and lifts it.";
const INVITATION = "Two models answer while you draw.";
const FULL = "The drawing is full: it has as many points as a file of digits can hold.";

class Pad {
  constructor(model, el) {
    const { templates, trained } = model.get("start");
    this.models = [linearModel(templates), linearModel(trained)];
    this.apart = withoutCommonPart(this.models[1]);
    this.el = el;
    this.strokes = [];
    this.cursor = null; // of the keyboard's pen
    this.build();
    this.keeper = new Keeper(model, this);
    this.pen = new Pen(this.paper.node, this);
    this.put([]);
  }

  // The parts of the page.

  build() {
    begin(this.el, "pad");
    this.sentence = spoken(this.el, "answer");
    const side = add(this.el, "div", { className: "side" });
    const left = add(side, "div", { className: "left" });
    this.paper = drawingPad(left);
    this.buildControls(add(left, "div", { className: "controls" }));
    this.answers = new Answers(add(side, "div", { className: "wide" }));
  }

  buildControls(parent) {
    add(parent, "p", { className: "note", textContent: LABEL });
    const row = add(parent, "div", { className: "row" });
    this.undo = button(row, "Undo", () => this.replace(this.strokes.slice(0, -1)));
    this.clear = button(row, "Clear", () => this.replace([]));
    this.meant = meantButtons(parent, (digit) => this.save(digit));
    const last = add(parent, "div", { className: "row" });
    this.back = button(last, "Take the last one back", () => this.keeper.takeBack());
    this.file = button(last, "Download my digits", () => this.keeper.download());
    this.saved = spoken(parent, "saved");
  }

  // What the models compute.

  // What they see in a drawing, and how probable each finds the ten digits.
  read({ strokes, pen }) {
    const image = digitImage(strokes, pen);
    return { image, answers: this.models.map((model) => probabilities(model, image)) };
  }

  // Everything that they say about the drawing on the pad.
  answer() {
    const { image, answers } = this.read(this.drawing());
    const best = ranked(answers[1]).slice(0, 2);
    const shares = best.map((k) => evidence(this.apart, image, k));
    const sums = best.map((k, i) => scoreSum(this.apart.biases[k], shares[i]));
    return { image, answers, best, evidence: shares, sums };
  }

  // Whether each model reads a drawing as the digit that was meant.
  judge(drawing) {
    return this.read(drawing).answers.map((answer) => ranked(answer)[0] === drawing.digit);
  }

  // What one can do.

  drawing() {
    return { pen: penWidth(this.strokes), strokes: this.strokes };
  }

  put(strokes) {
    this.strokes = strokes;
    this.draw();
  }

  replace(strokes) {
    this.pen.lift();
    this.put(strokes);
  }

  save(digit) {
    const drawing = { digit, ...this.drawing() };
    this.replace([]);
    this.keeper.save(drawing);
  }

  // A digit that was taken back returns to the pad, if that is free.
  putBack(strokes) {
    if (!this.strokes.length) this.put(strokes);
  }

  // The pen's moves.

  down(point) {
    this.sentence.setAttribute("aria-busy", "true"); // read out only when the pen is up
    if (this.hasRoom(1)) this.put([...this.strokes, [point]]);
  }

  along(points) {
    const stroke = this.strokes.at(-1);
    const more = thinned(stroke.at(-1), points);
    if (!more.length || !this.hasRoom(more.length)) return;
    this.put([...this.strokes.slice(0, -1), [...stroke, ...more]]);
  }

  up() {
    this.sentence.setAttribute("aria-busy", "false");
  }

  at(cursor) {
    this.cursor = cursor;
    this.drawPaper();
  }

  hasRoom(more) {
    const room = this.strokes.flat().length + more <= MOST_POINTS;
    if (!room) say(this.sentence, FULL);
    return room;
  }

  // From here on: drawing.

  draw() {
    const answer = this.strokes.length ? this.answer() : null;
    this.drawPaper();
    say(this.sentence, answer ? answerText(answer) : INVITATION);
    this.answers.show(answer);
    this.changed();
  }

  drawPaper() {
    drawStrokes(this.paper, this.strokes, this.cursor);
  }

  // The buttons, and the line that says what is saved.
  changed() {
    const { keeper } = this;
    for (const one of [this.undo, this.clear, ...this.meant])
      enable(one, this.strokes.length > 0);
    const text = keeper.text();
    if (this.saved.textContent !== text) this.saved.textContent = text; // read out once
    enable(this.back, keeper.canTakeBack());
    enable(this.file, keeper.canDownload());
    this.file.hidden = !keeper.offersDownload();
    // The focus of a button that was disabled: the next keys draw.
    if (document.activeElement === this.el) this.paper.node.focus({ preventScroll: true });
  }
}

// The pad itself: arrow keys belong to it.
function drawingPad(parent) {
  const paper = canvas(parent, PAPER, PAPER, LABEL);
  paper.node.classList.add("paper", "drawing");
  paper.node.style.width = "100%"; // of its column
  paper.node.tabIndex = 0;
  paper.node.setAttribute("role", "application");
  return paper;
}

// Ten buttons, none of which is proposed: a label must not come from a model's answer.
function meantButtons(parent, save) {
  const label = "Save the drawing: I meant";
  const group = add(parent, "div", { className: "meant", role: "group", "aria-label": label });
  add(group, "span", { textContent: "I meant (press to save):" });
  return DIGITS.map((digit) => {
    const node = button(group, digit, () => save(digit));
    node.setAttribute("aria-label", `I meant ${digit}`);
    return node;
  });
}

function answerText({ answers: [means, trained], best }) {
  return `The trained model says <b>${best[0]}</b>,
    ${percent(trained[best[0]])} sure; the mean images say <b>${ranked(means)[0]}</b>.`;
}

function render({ model, el }) {
  const pad = new Pad(model, el);
  return () => pad.keeper.end();
}

export default { render };
