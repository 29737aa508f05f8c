// The plane with its points: shading, lines between the regions, creases of the hidden units,
// marks, and the proof that straight lines cannot separate the points. A click or a key acts on it.

import { ARROWS, colourOf, marker, spotOf } from "./ui.js";
import { board, classColour, rgbOf, roundNumbers } from "./board.js";
import { Field } from "./field.js";

const MOST_WIDTH = 456;
const EDGE = { left: 30, right: 6, top: 6, bottom: 22 }; // room for the numbers at the axes
const STEP = 8; // pixels that an arrow key moves the cross-hair; with Shift, 1
const RING = 8.5; // radius of the mark of a wrong point
const STRIKE = 7; // half the side of the cross over a point in the way
const TEETH = 16; // pixels between the short strokes on the side where a hidden unit speaks

export class Plane {
  constructor(parent, el, redraw, act) {
    const heightOf = (width) => width - EDGE.left - EDGE.right + EDGE.top + EDGE.bottom;
    this.el = el;
    this.board = board(parent, "", MOST_WIDTH, heightOf, redraw);
    this.node = this.board.node;
    this.cross = null; // the cross-hair, in pixels, while the keyboard moves it
    this.listen(redraw, act);
  }

  get side() {
    return this.board.width - EDGE.left - EDGE.right;
  }

  pixels([x1, x2]) {
    const { left, top, extent } = this.limits;
    const scale = this.side / extent;
    return [EDGE.left + (x1 - left) * scale, EDGE.top + (top - x2) * scale];
  }

  place([x, y]) {
    const { left, top, extent } = this.limits;
    const scale = extent / this.side;
    return [left + (x - EDGE.left) * scale, top - (y - EDGE.top) * scale];
  }

  // Another set of points: another part of the plane, perhaps another number of classes.
  show(limits, K) {
    this.limits = limits;
    this.field = new Field(limits, K);
    this.filled = null;
  }

  // Draws all of it; the shading is computed anew only for another network or theme. `view` is
  // { network, points, labels, wrong, fresh, inTheWay, proof, lit }.
  draw(view) {
    const { pen, width, height } = this.board;
    this.ink = colourOf(this.el, "--ink");
    this.paper = colourOf(this.el, "--paper");
    pen.clearRect(0, 0, width, height);
    this.axes();
    pen.save();
    pen.beginPath();
    pen.rect(EDGE.left, EDGE.top, this.side, this.side);
    pen.clip();
    this.shading(view.network);
    if (view.network.length > 1) this.creases(view.network[0], view.lit);
    this.regionLines();
    if (view.fresh) this.freshPoints(view.fresh);
    if (view.proof) this.proofShapes(view);
    this.markers(view);
    if (view.proof?.common) this.commonPoint(view.proof.common);
    if (this.cross) this.crossHair();
    pen.restore();
  }

  shading(network) {
    if (this.filled?.network !== network || this.filled.paper !== this.paper) {
      this.field.fill(network, rgbOf(this.el, "--paper"));
      this.filled = { network, paper: this.paper };
    }
    this.field.paint(this.board.pen, EDGE.left, EDGE.top, this.side);
  }

  axes() {
    const { pen } = this.board;
    const { left, top, extent } = this.limits;
    const bottom = EDGE.top + this.side;
    pen.strokeStyle = colourOf(this.el, "--line");
    pen.lineWidth = 1;
    pen.strokeRect(EDGE.left - 0.5, EDGE.top - 0.5, this.side + 1, this.side + 1);
    pen.fillStyle = colourOf(this.el, "--quiet");
    pen.font = "12px system-ui, sans-serif";
    for (const [low, d] of [[left, 0], [top - extent, 1]]) {
      for (const value of roundNumbers(low, low + extent, 5)) {
        const [x, y] = this.pixels([value, value]);
        const text = String(value).replace("-", "−");
        pen.textAlign = d ? "right" : "center";
        if (d) pen.fillText(text, EDGE.left - 6, y + 4);
        else pen.fillText(text, x, bottom + 16);
      }
    }
  }

  // A line with a border, in the colour of the paper if no other is given: seen on every shading,
  // and in grey print.
  bordered(path, colour, width, border = this.paper) {
    const { pen } = this.board;
    Object.assign(pen, { strokeStyle: border, lineWidth: width + 2.4, lineJoin: "round" });
    pen.stroke(path);
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.stroke(path);
  }

  regionLines() {
    const matrix = new DOMMatrix([this.side, 0, 0, this.side, EDGE.left, EDGE.top]);
    const lines = new Path2D();
    lines.addPath(this.field.lines, matrix);
    this.bordered(lines, this.ink, 1.6);
  }

  // Where a hidden unit begins to speak: w1 x1 + w2 x2 + b = 0.
  creases({ W, b, M }, lit) {
    const { pen } = this.board;
    const path = new Path2D();
    for (let m = 0; m < M; m += 1) {
      const ends = m === lit ? null : this.crease(W[2 * m], W[2 * m + 1], b[m]);
      if (!ends) continue;
      path.moveTo(...ends[0]);
      path.lineTo(...ends[1]);
    }
    pen.save();
    pen.setLineDash([5, 5]);
    Object.assign(pen, { strokeStyle: this.ink, lineWidth: 1, globalAlpha: 0.5 });
    pen.stroke(path);
    pen.restore();
    if (lit >= 0 && lit < M) this.litCrease(W[2 * lit], W[2 * lit + 1], b[lit]);
  }

  // Two ends of a crease, outside the picture; null if both weights are 0.
  crease(w1, w2, b) {
    const length = Math.hypot(w1, w2);
    if (!(length > 0)) return null;
    const { left, top, extent } = this.limits;
    const middle = [left + extent / 2, top - extent / 2];
    const away = (w1 * middle[0] + w2 * middle[1] + b) / length;
    const foot = [middle[0] - (away * w1) / length, middle[1] - (away * w2) / length];
    return [-extent, extent].map((t) =>
      this.pixels([foot[0] - (t * w2) / length, foot[1] + (t * w1) / length]));
  }

  // The lit crease has teeth on the side where its unit speaks.
  litCrease(w1, w2, b) {
    const ends = this.crease(w1, w2, b);
    if (!ends) return;
    const [[x, y], [endX, endY]] = ends;
    const length = Math.hypot(endX - x, endY - y);
    const across = Math.hypot(w1, w2);
    const path = new Path2D();
    path.moveTo(x, y);
    path.lineTo(endX, endY);
    for (let t = 0; t < length; t += TEETH) {
      const [a, c] = [x + ((endX - x) * t) / length, y + ((endY - y) * t) / length];
      path.moveTo(a, c);
      path.lineTo(a + (8 * w1) / across, c - (8 * w2) / across);
    }
    this.bordered(path, this.ink, 2.2);
  }

  // Fresh points are small and hollow: they are for testing only.
  freshPoints({ points, labels }) {
    const { pen } = this.board;
    points.forEach((point, n) => {
      const [x, y] = this.pixels(point);
      marker(pen, x, y, labels[n], 3);
      pen.fillStyle = this.paper;
      pen.fill();
      Object.assign(pen, { strokeStyle: classColour(labels[n]), lineWidth: 1.4 });
      pen.stroke();
    });
  }

  markers({ points, labels, wrong, inTheWay }) {
    const { pen } = this.board;
    points.forEach((point, n) => marker(pen, ...this.pixels(point), labels[n]));
    Object.assign(pen, { strokeStyle: this.ink, lineWidth: 1.7 });
    points.forEach((point, n) => {
      if (inTheWay[n]) this.strike(point);
      if (!wrong[n]) return;
      pen.beginPath();
      pen.arc(...this.pixels(point), RING, 0, 7);
      pen.stroke();
    });
  }

  // A cross over a point that is in the way: without it, the programme's lines would do.
  strike(point) {
    const { pen } = this.board;
    const [x, y] = this.pixels(point);
    pen.beginPath();
    for (const side of [-1, 1]) {
      pen.moveTo(x - STRIKE, y - side * STRIKE);
      pen.lineTo(x + STRIKE, y + side * STRIKE);
    }
    pen.stroke();
  }

  // The points, segments or triangles of two classes that share a point.
  proofShapes({ proof, points, labels }) {
    const { pen } = this.board;
    for (const k of proof.classes ?? []) {
      const own = new Set(proof.members.map(({ point }) => point).filter((n) => labels[n] === k));
      const path = new Path2D();
      for (const n of own) path.lineTo(...this.pixels(points[n]));
      path.closePath();
      pen.fillStyle = `${classColour(k)}55`;
      pen.fill(path);
      this.bordered(path, classColour(k), 3, this.ink);
    }
  }

  commonPoint(common) {
    const path = new Path2D();
    path.arc(...this.pixels(common), 4.5, 0, 7);
    this.bordered(path, this.paper, 1);
    this.board.pen.fillStyle = this.ink;
    this.board.pen.fill(path);
  }

  crossHair() {
    const [x, y] = this.cross;
    const path = new Path2D();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      path.moveTo(x + 4 * dx, y + 4 * dy);
      path.lineTo(x + 15 * dx, y + 15 * dy);
    }
    this.bordered(path, this.ink, 2);
  }

  // From here on: what one does to it. `act` gets the place in the plane, and a function that tells
  // how many pixels a point is away.
  listen(redraw, act) {
    const { node } = this;
    node.tabIndex = 0;
    node.setAttribute("role", "application");
    const actAt = (spot) => {
      if (!this.inside(spot)) return;
      act(this.place(spot), (point) => {
        const [x, y] = this.pixels(point);
        return Math.hypot(x - spot[0], y - spot[1]);
      });
    };
    node.addEventListener("click", (event) => actAt(spotOf(event, this.board)));
    node.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (!arrow && event.key !== "Enter") return;
      event.preventDefault();
      if (arrow) this.move(arrow, event.shiftKey ? 1 : STEP);
      else if (this.cross) actAt(this.cross);
      else this.move([0, 0], 0);
      redraw();
    });
    node.addEventListener("blur", () => {
      this.cross = null;
      redraw();
    });
  }

  inside([x, y]) {
    const [column, row] = [x - EDGE.left, y - EDGE.top];
    return column >= 0 && row >= 0 && column <= this.side && row <= this.side;
  }

  // Moves the cross-hair; it begins in the middle.
  move([dx, dy], step) {
    const half = this.side / 2;
    const [x, y] = this.cross ?? [EDGE.left + half, EDGE.top + half];
    const within = (value, low) => Math.min(low + this.side, Math.max(low, value));
    this.cross = [within(x + dx * step, EDGE.left), within(y + dy * step, EDGE.top)];
  }
}
