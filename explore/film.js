// Problem 1 as a film with its script: each line of `forward` and `backward` beside the graph that
// it fills, one number at a time. The reader may have to guess a number before it is shown.
import { Graph, subscripted } from "./graph.js";
import { sentence, unbroken, whatIsKnown } from "./program.js";
import { Question } from "./question.js";
import { add, button, checkbox, enable, number, player, say, slider, spoken } from "./ui.js";

const PLAY_SECONDS = 1.2; // for each step at speed 1
const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const WIDE = 720; // pixels; from here on the code stands left of the graph
const CODE_WIDTH = 284; // of its column then, with the gap
const LEAST_WIDTH = 280; // of the graph
const INVITATION = "Press <b>Next</b> to compute the first line of <code>forward</code>, or "
  + "<b>Play</b>. The weights and the inputs are known.";
const LAST = "All gradients are known: the map below shows where they lead.";
const POINT_AT = "Point at a node, tap it, or go there with Tab, ↑ and ↓: it explains itself.";
const NO_PLAY = "Play rests while “Guess first” is on.";

// `state` has now, the numbers at the present point; at, the steps done; and asked, whether the
// next one is asked for. `changed()` is called when the film has changed it.
export class Film {
  constructor(el, start, state, changed) {
    this.el = el;
    this.start = start;
    this.state = state;
    this.changed = changed;
    this.steps = start.program.steps;
    this.last = this.steps.length;
    this.guessing = false;
    this.speed = 1;
    this.explained = null; // the node that the reader looks at
    this.build();
  }

  // The parts of the page.

  build() {
    this.buildButtons(add(this.el, "div", { className: "row" }));
    this.line = spoken(this.el, "sentence");
    this.question = new Question(this.el, () => this.asked, () => this.solved());
    const scene = add(this.el, "div", { className: "scene" });
    this.code = new Code(scene, this.start.program);
    const stage = add(scene, "div", { className: "stage" });
    this.graph = new Graph(stage, this.start, (name) => this.lookAt(name));
    this.note = add(this.el, "p");
    this.buildSettings(add(this.el, "div", { className: "row more" }));
    this.el.addEventListener("keydown", (event) => this.press(event));
  }

  buildButtons(row) {
    this.backButton = button(row, "Back", () => this.back());
    this.nextButton = button(row, "Next", () => this.next());
    this.nextButton.classList.add("primary");
    this.player = player(row, () => this.play(), () => PLAY_SECONDS / this.speed);
    this.over = button(row, "Start over", () => this.go(0));
    this.end = button(row, "To the end", () => this.go(this.last));
    this.progress = add(row, "span", { className: "progress" });
  }

  buildSettings(row) {
    const steps = [...Array(this.last + 1).keys()];
    this.scrub = slider(row, "step", steps, this.state.at, (at) => this.go(at));
    slider(row, "speed", SPEEDS, this.speed, (speed) => {
      this.speed = speed;
    });
    checkbox(row, "Guess first", this.guessing, (checked) => this.guessFirst(checked));
  }

  // What one can do.

  go(at) {
    this.player.stop();
    this.state.at = Math.min(Math.max(at, 0), this.last);
    this.state.asked = false;
    this.changed();
  }

  back() {
    const { at, asked } = this.state;
    if (at > 0) this.go(asked ? at : at - 1);
  }

  next() {
    const { at, asked } = this.state;
    if (at === this.last || asked) return;
    if (this.guessing) this.ask();
    else this.go(at + 1);
  }

  ask() {
    this.player.stop();
    this.state.asked = true;
    this.question.ask();
    this.changed();
    this.question.field.focus();
  }

  solved() {
    this.state.at += 1;
    this.state.asked = false;
    this.changed();
    if (this.state.at < this.last) this.nextButton.focus();
  }

  // One step while the film plays; at its end it begins again. Returns whether it goes on.
  play() {
    const { state, last } = this;
    state.at = state.at < last ? state.at + 1 : 0;
    this.changed();
    return state.at < last;
  }

  guessFirst(checked) {
    this.guessing = checked;
    this.question.reset();
    this.go(this.state.at);
  }

  lookAt(name) {
    this.explained = name;
    this.showNote();
  }

  press(event) {
    const actions = {
      ArrowLeft: () => this.back(),
      ArrowRight: () => this.next(),
      Home: () => this.go(0),
      End: () => this.go(this.last),
    };
    const taken = event.defaultPrevented || event.target.matches("input:not([type=checkbox])");
    const command = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
    if (taken || command || !actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  }

  // From here on: drawing.

  // The step that is asked for, and its result.
  get asked() {
    const { at, now } = this.state;
    return { step: this.steps[at], result: now.results[at] };
  }

  // The step that the sentence speaks of.
  get shown() {
    const { at, asked } = this.state;
    return this.steps[asked ? at : at - 1];
  }

  show() {
    this.showScene();
    say(this.line, this.shown ? this.sentence() : INVITATION);
    this.progress.textContent = `${this.state.at} of ${this.last}`;
    this.scrub.place(this.state.at);
    this.question.show(this.guessing, this.state.asked);
    this.showNote();
    this.enableControls();
  }

  showScene() {
    const wide = this.el.clientWidth >= WIDE;
    this.el.classList.toggle("wide", wide);
    const width = this.el.clientWidth - 8 - (wide ? CODE_WIDTH : 0);
    const seen = { ...this.state, step: this.shown, about: (name) => this.explanation(name) };
    const plan = this.graph.show(this.state.now, seen, Math.max(width, LEAST_WIDTH));
    this.code.show(this.shown, wide ? `${plan.height}px` : "");
  }

  sentence() {
    const { now, asked } = this.state;
    const step = this.shown;
    const text = sentence(this.start.program, now, this.steps.indexOf(step), asked);
    return `<span class="way ${wayOf(step)}">${step.function}</span> ${unbroken(text)}`;
  }

  showNote() {
    const { explained } = this;
    const usual = this.state.at === this.last ? LAST : POINT_AT;
    this.note.className = explained ? "note explaining" : "note";
    this.note.innerHTML = explained ? unbroken(this.explanation(explained)) : usual;
  }

  explanation(name) {
    return explanation(this.start.program, this.state, name);
  }

  enableControls() {
    const { at, asked } = this.state;
    enable(this.backButton, at > 0);
    enable(this.nextButton, at < this.last && !asked);
    enable(this.player.node, !this.guessing);
    this.player.node.title = this.guessing ? NO_PLAY : "";
    enable(this.over, at > 0);
    enable(this.end, at < this.last);
  }
}

// What a line of the code computes: values, or gradients.
function wayOf(step) {
  return step.function === "forward" ? "value" : "gradient";
}

// What a node tells about itself after the steps done.
function explanation(program, { now, at }, name) {
  const sign = subscripted(name);
  const known = whatIsKnown(program, now, at);
  const value = known.has(`value ${name}`)
    ? `Its value is ${number(now.v[name])}.`
    : "Its value is not computed yet.";
  const slope = number(now.g[name]);
  const gradient = known.has(`gradient ${name}`)
    ? `Its gradient is ${slope}: raise ${sign} by a small h, and f changes by about ${slope} · h.`
    : "Its gradient is not computed yet.";
  return `${origin(program, name)}. ${value} ${gradient}`;
}

// Where a node's value comes from.
function origin(program, name) {
  const sign = subscripted(name);
  const step = program.steps.find((one) => one.gives === "value" && one.node === name);
  if (!step) return `${sign} is ${name.startsWith("w") ? "a weight" : "an input"}`;
  const [code] = program.lines[step.function][step.line].split("#");
  return `${sign} is computed by the line ${code.trim()}`;
}

// The lines of both functions, of which one is lit.
class Code {
  constructor(parent, { lines }) {
    this.box = add(parent, "pre", { className: "code", tabIndex: 0 });
    this.box.setAttribute("aria-label", "The lines of forward and backward");
    this.rows = {};
    for (const [name, texts] of Object.entries(lines)) {
      this.rows[name] = texts.map((text, i) => this.build(text, i === 0));
    }
  }

  build(text, isFirst) {
    const row = add(this.box, "code", { className: isFirst ? "line first" : "line" });
    const [, code, comment] = /^([^#]*)(.*)$/.exec(text);
    add(row, "span", { textContent: code });
    add(row, "span", { textContent: comment, className: "comment" });
    return row;
  }

  // Lights the line of a step, and scrolls it to the middle of the box.
  show(step, height) {
    this.box.style.height = height;
    const before = this.box.querySelector(".now");
    before?.removeAttribute("aria-current");
    before?.classList.remove("now", "value", "gradient");
    const row = step ? this.rows[step.function][step.line] : null;
    row?.classList.add("now", wayOf(step));
    row?.setAttribute("aria-current", "step");
    const middle = row ? row.offsetTop + row.offsetHeight / 2 : 0;
    this.box.scrollTop = middle - this.box.clientHeight / 2;
  }
}
