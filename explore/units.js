// The hidden units as small pictures: coloured where a unit speaks, in the colour of the class that
// it speaks for most. One can point at a picture, focus it or tap it: a sentence explains the unit.

import { add, number, rgb } from "./ui.js";
import { classColour, classShape } from "./board.js";

const SIDES = ["right", "upper right", "upper", "upper left", "left", "lower left", "lower",
  "lower right"];
const THICKEST = 6; // pixels of a border

// The class that gains most from a unit, and by how much more than the classes on average. Only
// this difference counts: softmax does not see what all scores have in common.
export function speaksFor(network, m) {
  const [first, { W, M: K }] = network;
  const weights = Array.from({ length: K }, (_, k) => W[k * first.M + m]);
  const average = weights.reduce((sum, weight) => sum + weight, 0) / K;
  const k = weights.indexOf(Math.max(...weights));
  return { k, strength: weights[k] - average };
}

// Whether a unit's crease crosses the picture.
function crossesPicture({ left, top, extent }, w1, w2, b) {
  const rows = [top, top - extent];
  const signs = rows.flatMap((x2) =>
    [left, left + extent].map((x1) => w1 * x1 + w2 * x2 + b > 0));
  return signs.includes(true) && signs.includes(false);
}

// What a unit does, in words.
export function explain(network, m, active, N, limits) {
  const { W, b, M } = network[0];
  const [w1, w2] = [W[2 * m], W[2 * m + 1]];
  const name = `<b>Hidden unit ${m + 1} of ${M}</b>`;
  if (active === 0)
    return `${name} is dead: it is silent on every point, so its gradients are 0, and training on `
      + "these points cannot change it.";
  const side = SIDES[(Math.round(Math.atan2(w2, w1) / (Math.PI / 4)) + 8) % 8];
  const crossing = crossesPicture(limits, w1, w2, b[m]);
  const where = crossing ? `on the ${side} side of its crease` : "in the whole picture";
  const { k, strength } = speaksFor(network, m);
  const most = strength > 0
    ? `It speaks most strongly for class ${k} ${classShape(k)}: for an output of 1, `
      + `the score of this class gains ${number(strength, 2)} over the average of the classes.`
    : "It speaks for no class more than for another.";
  return `${name} speaks ${where}: it is active on ${active} of ${N} points. ${most}`;
}

// The pictures, as buttons. `look(m)` is called when unit m is to be lit, -1 for none.
export class Units {
  constructor(parent, look) {
    this.row = add(parent, "div", { className: "units", role: "group" });
    this.row.setAttribute("aria-label", "Pictures of the hidden units");
    this.look = look;
    this.pictures = [];
    this.chosen = -1;
  }

  count(M) {
    if (this.pictures.length === M) return;
    this.row.replaceChildren();
    this.chosen = -1;
    this.look(-1);
    this.pictures = Array.from({ length: M }, (_, m) => this.picture(m));
  }

  picture(m) {
    const node = add(this.row, "button", { type: "button", className: "unit" });
    const canvas = add(node, "canvas", { "aria-hidden": "true" });
    node.setAttribute("aria-pressed", false);
    node.addEventListener("pointerenter", () => this.look(m));
    node.addEventListener("pointerleave", () => this.look(this.chosen));
    node.addEventListener("focus", () => this.look(m));
    node.addEventListener("blur", () => this.look(this.chosen));
    node.addEventListener("click", () => this.choose(this.chosen === m ? -1 : m));
    return { node, pen: canvas.getContext("2d"), canvas };
  }

  choose(m) {
    this.chosen = m;
    this.pictures.forEach(({ node }, i) => node.setAttribute("aria-pressed", i === m));
    this.look(m);
  }

  // Draws the pictures: how strongly a unit speaks, as a part of its most in the picture.
  draw(network, { values, side }, active, paper) {
    const fields = side * side;
    if (!this.image || this.image.width !== side) this.image = new ImageData(side, side);
    this.pictures.forEach(({ node, canvas, pen }, m) => {
      const { k, strength } = speaksFor(network, m);
      const colour = rgb(classColour(k));
      const own = values.subarray(m * fields, (m + 1) * fields);
      const dead = active[m] === 0;
      let most = 0;
      for (let i = 0; i < fields; i += 1) most = Math.max(most, own[i]);
      fill(this.image.data, own, dead || most === 0 ? 0 : 1 / most, colour, paper);
      if (canvas.width !== side) Object.assign(canvas, { width: side, height: side });
      pen.putImageData(this.image, 0, 0);
      node.classList.toggle("dead", dead);
      node.style.borderColor = dead ? "" : classColour(k);
      node.style.borderWidth = `${dead ? 1 : Math.min(THICKEST, 1.5 + strength)}px`;
      const word = dead ? "dead" : `speaks for class ${k}`;
      node.setAttribute("aria-label", `Hidden unit ${m + 1}, ${word}`);
    });
  }
}

function fill(data, values, factor, colour, paper) {
  for (let i = 0; i < values.length; i += 1) {
    const part = values[i] * factor;
    for (let c = 0; c < 3; c += 1) data[4 * i + c] = (1 - part) * paper[c] + part * colour[c];
    data[4 * i + 3] = 255;
  }
}
