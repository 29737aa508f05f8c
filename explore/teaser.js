// The first page's picture that moves: a network of Problem 3 learns a pinwheel; then, as the page
// says, another one begins with another. Where the reader wants less motion, it stands still until
// it is started.

import { add, begin, canvas, colourOf, marker, player, watchTheme } from "./ui.js";
import { forward, predicted, randomState, trainingStep, twoLayers } from "./core.js";
import { pinwheel } from "./sets.js";
import { Field } from "./field.js";
import { rgbOf } from "./board.js";

const SIDE = 300; // pixels
const LIMITS = { left: -2.2, top: 2.2, extent: 4.4 };
const CLASSES = 3;
const TWIST = 1.4;
const SPREAD = 0.15;
const PLACES = 180; // points of a pinwheel
const RATE = 0.3; // the learning rate
const STEPS = 4; // a frame
const LONGEST = 1200; // steps of a network
const REST = 180; // frames that it stays then; in their last half, the page says what is next
const STILL = 600; // steps that a picture has seen which stands still

class Teaser {
  constructor(model, el) {
    const { hidden, seed } = model.get("start");
    this.el = el;
    this.hidden = hidden;
    this.seed = seed;
    begin(el, "teaser");
    const words = `A network with ${hidden} hidden units learns the class of each point.`;
    this.board = canvas(el, SIDE, SIDE, words);
    this.field = new Field(LIMITS, CLASSES);
    const row = add(el, "div", { className: "row" });
    this.player = player(row, () => this.tick());
    this.count = add(row, "span", { className: "count" });
    const caption = add(el, "p", { className: "caption" });
    caption.innerHTML = `${words} <a href="problem3_mlp.html#playing">Train one yourself</a>`;
    this.unwatch = watchTheme(() => this.draw());
    this.begin();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) this.train(STILL);
    else this.player.node.click();
    this.draw();
  }

  // Another pinwheel, and another network that knows nothing of it.
  begin() {
    const { points, labels } = pinwheel(randomState(this.seed), PLACES, CLASSES, TWIST, SPREAD);
    this.x = Float64Array.from(points.flat());
    this.labels = labels;
    this.network = twoLayers(this.hidden, this.seed, CLASSES);
    this.steps = 0;
    this.rest = REST;
  }

  train(steps) {
    for (let i = 0; i < steps; i += 1) trainingStep(this.network, this.x, this.labels, RATE);
    this.steps += steps;
  }

  tick() {
    if (this.steps < LONGEST) this.train(STEPS);
    else if (this.rest > 0) this.rest -= 1;
    else {
      this.seed += 1;
      this.begin();
    }
    this.draw();
    return true;
  }

  draw() {
    const { pen } = this.board;
    this.field.fill(this.network, rgbOf(this.el, "--paper"));
    this.field.paint(pen, 0, 0, SIDE);
    pen.save();
    pen.scale(SIDE, SIDE);
    Object.assign(pen, { strokeStyle: colourOf(this.el, "--ink"), lineWidth: 1.4 / SIDE });
    pen.stroke(this.field.lines);
    pen.restore();
    const scale = SIDE / LIMITS.extent;
    this.labels.forEach((label, n) => {
      const [x1, x2] = this.x.subarray(2 * n, 2 * n + 2);
      marker(pen, (x1 - LIMITS.left) * scale, (LIMITS.top - x2) * scale, label, 3.6);
    });
    const right = this.labels.filter((label, n) =>
      predicted(forward(this.network, this.x, n).at(-1)) === label).length;
    this.count.textContent = this.rest < REST / 2
      ? "next: another pinwheel"
      : `step ${this.steps}: ${right} of ${this.labels.length} right`;
  }
}

function render({ model, el }) {
  const teaser = new Teaser(model, el);
  return () => {
    teaser.player.stop();
    teaser.unwatch();
  };
}

export default { render };
