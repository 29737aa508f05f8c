// The map of f over the two weights: lines of equal f, the path of the gradient steps, the next
// step as an arrow, and the minimum. A click begins there; so do the arrow keys and Enter.
import { rgbOf, roundNumbers } from "./board.js";
import { ARROWS, canvas, colourOf, number, paint, scratch, spotOf } from "./ui.js";

const SIZE = 290; // of the map, without what is written around it
const MARGIN = { left: 54, right: 10, top: 10, bottom: 44 };
const LIMIT = 1.6; // the map shows weights from -LIMIT to LIMIT, or more if the path leads out
const CELLS = 64; // across the map, in which f counts as linear
const LEVELS = 13; // lines of equal f
const SHADES = 97; // fields of shading across the map
const MOST_SHADE = 0.36; // part of the colour where f is largest
const TICKS = 5; // about so many numbers along an axis
const LEAST_ARROW = 28; // pixels; a shorter step is drawn longer, and dashed
const LEAST_ROOM = 18; // pixels; in less, there is no arrow beside the dot of the present weights
export const LEAST_STEP = 0.01; // pixels; a shorter step has no arrow
const KEY_STEPS = 40; // from one side of the map to the other

// The part of the plane that is shown. It stays where it is while the present point is well inside.
export function frameOf([w1, w2], zoom, before = null) {
  let half = LIMIT;
  while (0.95 * half < Math.max(Math.abs(w1), Math.abs(w2))) half *= 2;
  if (zoom === 1) return { centre: [0, 0], half };
  half /= zoom;
  const inside = ([a, b]) => Math.max(Math.abs(w1 - a), Math.abs(w2 - b)) < 0.8 * half;
  const stays = before?.half === half && inside(before.centre);
  return { centre: stays ? before.centre : [w1, w2], half };
}

// f at the corners of all cells, row by row from below.
export function heights(f, { centre, half }) {
  const tick = (i) => (2 * i / CELLS - 1) * half;
  const values = new Float64Array((CELLS + 1) ** 2);
  for (let row = 0; row <= CELLS; row += 1)
    for (let column = 0; column <= CELLS; column += 1) {
      values[row * (CELLS + 1) + column] = f(centre[0] + tick(column), centre[1] + tick(row));
    }
  return values;
}

// Where the sides of a cell cross a level, in cells.
function crossings(values, column, row, level) {
  const at = row * (CELLS + 1) + column;
  const corners = [[0, 0, at], [1, 0, at + 1], [1, 1, at + CELLS + 2], [0, 1, at + CELLS + 1]];
  const points = [];
  corners.forEach(([x1, y1, from], i) => {
    const [x2, y2, to] = corners[(i + 1) % 4];
    const [a, b] = [values[from], values[to]];
    if ((a < level) === (b < level)) return;
    const part = (level - a) / (b - a);
    points.push([column + x1 + part * (x2 - x1), row + y1 + part * (y2 - y1)]);
  });
  return points;
}

// The line on which f has this level, as pairs of points, in cells.
export function levelLine(values, level) {
  const pieces = [];
  const isBelow = (at) => values[at] < level;
  for (let row = 0; row < CELLS; row += 1)
    for (let column = 0; column < CELLS; column += 1) {
      const at = row * (CELLS + 1) + column;
      const first = isBelow(at);
      const others = [at + 1, at + CELLS + 1, at + CELLS + 2];
      if (others.every((other) => isBelow(other) === first)) continue;
      const points = crossings(values, column, row, level);
      for (let i = 0; i + 1 < points.length; i += 2) pieces.push([points[i], points[i + 1]]);
    }
  return pieces;
}

// Between two corners of the grid, f counts as linear in each direction.
function between(values, x, y) {
  const [column, row] = [Math.min(CELLS - 1, Math.floor(x)), Math.min(CELLS - 1, Math.floor(y))];
  const [right, up] = [x - column, y - row];
  const at = row * (CELLS + 1) + column;
  const below = values[at] + right * (values[at + 1] - values[at]);
  const next = at + CELLS + 1;
  const above = values[next] + right * (values[next + 1] - values[next]);
  return below + up * (above - below);
}

// A number beside an axis: 1.5·10⁶, without zeros that say nothing.
function tickText(value) {
  return number(value).replace(/\.?0+·/, "·");
}

// A picture of f. The lines of equal f are equally far apart in a round bowl: its height grows with
// the square of the distance.
function paintLandscape(el, values, lowest) {
  const fine = Math.max(2, window.devicePixelRatio || 1);
  const picture = scratch(fine * SIZE, fine * SIZE);
  const pen = picture.getContext("2d");
  pen.scale(fine, fine);
  const root = (value) => Math.sqrt(Math.max(0, value - lowest));
  const least = root(values.reduce((a, b) => Math.min(a, b)));
  const range = root(values.reduce((a, b) => Math.max(a, b))) - least || 1;
  const paper = rgbOf(el, "--paper");
  const blue = rgbOf(el, "--value");
  paint({ pen, width: SIZE, height: SIZE }, SHADES, SHADES, (column, row) => {
    const x = ((column + 0.5) / SHADES) * CELLS;
    const y = (1 - (row + 0.5) / SHADES) * CELLS;
    const part = MOST_SHADE * ((root(between(values, x, y)) - least) / range);
    return paper.map((shade, i) => shade + part * (blue[i] - shade));
  });
  const levels = Array.from({ length: LEVELS }, (_, k) =>
    lowest + (least + (range * (k + 0.5)) / LEVELS) ** 2);
  Object.assign(pen, { strokeStyle: colourOf(el, "--value"), lineWidth: 1.1, globalAlpha: 0.6 });
  drawLevels(pen, values, levels);
  return picture;
}

function drawLevels(pen, values, levels) {
  const scale = SIZE / CELLS;
  pen.beginPath();
  for (const [[x1, y1], [x2, y2]] of levels.flatMap((level) => levelLine(values, level))) {
    pen.moveTo(x1 * scale, SIZE - y1 * scale);
    pen.lineTo(x2 * scale, SIZE - y2 * scale);
  }
  pen.stroke();
}

// The next step as an arrow in pixels. Its kind says how it is drawn: "whole"; "cut" at the edge of
// the map; "dashed", longer than it is, but not past the minimum; or not at all, "none".
function arrowOf([x1, y1], [x2, y2], star) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  if (!(length >= LEAST_STEP)) return { kind: "none", length };
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const far = star ? Math.hypot(star[0] - x1, star[1] - y1) : Infinity;
  const room = Math.min(toEdge(x1, dx), toEdge(y1, dy));
  const shown = Math.min(room, Math.max(length, Math.min(LEAST_ARROW, far)));
  if (shown < LEAST_ROOM && length < LEAST_ROOM) return { kind: "none", length };
  const kind = shown < length ? "cut" : shown > length ? "dashed" : "whole";
  return { kind, length, from: [x1, y1], to: [x1 + shown * dx, y1 + shown * dy], dx, dy };
}

// How far it is to the edge of the map from x, along one axis, if a pixel leads d along it.
function toEdge(x, d) {
  if (d === 0) return Infinity;
  return ((d > 0 ? SIZE : 0) - x) / d;
}

function drawAxes(pen, { centre, half }, spot, colours) {
  Object.assign(pen, { strokeStyle: colours.quiet, fillStyle: colours.ink, lineWidth: 1 });
  pen.font = "12px system-ui, sans-serif";
  pen.strokeRect(0, 0, SIZE, SIZE);
  const [across, up] = centre.map((middle) => roundNumbers(middle - half, middle + half, TICKS));
  pen.textAlign = "center";
  for (const value of across) {
    const [x] = spot([value, 0]);
    pen.fillRect(x - 0.5, SIZE, 1, 5);
    pen.fillText(tickText(value), x, SIZE + 18);
  }
  pen.textAlign = "right";
  for (const value of up) {
    const [, y] = spot([0, value]);
    pen.fillRect(-5, y - 0.5, 5, 1);
    pen.fillText(tickText(value), -8, y + 4);
  }
  const [, gap] = spot([0, (up[0] + up[1]) / 2]); // where no number stands
  pen.font = "italic 600 14px system-ui, sans-serif";
  pen.fillText("w₂", -8, gap + 5);
  pen.textAlign = "center";
  pen.fillText("w₁", SIZE / 2, SIZE + 37);
}

function drawPath(pen, points, colours) {
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  const colour = colours.gradient;
  Object.assign(pen, { strokeStyle: colour, fillStyle: colour, lineWidth: 1.6 });
  pen.stroke();
  for (const [x, y] of points) drawDot(pen, x, y, 2.4);
  const [x, y] = points.at(-1);
  drawDot(pen, x, y, 6);
  Object.assign(pen, { strokeStyle: colours.paper, lineWidth: 1.5 });
  pen.stroke();
}

function drawDot(pen, x, y, radius) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fill();
}

function drawArrow(pen, { kind, from, to, dx, dy }, colours) {
  const [x, y] = to;
  Object.assign(pen, { strokeStyle: colours.ink, fillStyle: colours.ink, lineWidth: 2 });
  pen.setLineDash(kind === "dashed" ? [4, 3] : []);
  pen.beginPath();
  pen.moveTo(...from);
  pen.lineTo(x - 8 * dx, y - 8 * dy);
  pen.stroke();
  pen.setLineDash([]);
  pen.beginPath();
  for (const [back, side] of [[0, 0], [11, 5], [11, -5]])
    pen.lineTo(x - back * dx + side * dy, y - back * dy - side * dx);
  pen.fill();
}

function drawMinimum(pen, [x, y], colours) {
  pen.beginPath();
  for (let i = 0; i < 10; i += 1) {
    const [r, angle] = [i % 2 ? 3.6 : 9, (i * Math.PI) / 5];
    pen.lineTo(x + r * Math.sin(angle), y - r * Math.cos(angle));
  }
  pen.closePath();
  Object.assign(pen, { fillStyle: colours.ink, strokeStyle: colours.paper, lineWidth: 1.5 });
  pen.stroke();
  pen.fill();
}

function drawCross(pen, [x, y], colours) {
  pen.beginPath();
  for (const [dx, dy] of [[1, 0], [0, 1]]) {
    pen.moveTo(x - 12 * dx, y - 12 * dy);
    pen.lineTo(x + 12 * dx, y + 12 * dy);
  }
  Object.assign(pen, { strokeStyle: colours.paper, lineWidth: 4 });
  pen.stroke();
  Object.assign(pen, { strokeStyle: colours.ink, lineWidth: 1.5 });
  pen.stroke();
}

// The map in an element. `begin(weights)` is called for a place where the reader wants to begin,
// `aim(weights)` for one that the keyboard's cross is at, and aim(null) when the cross is gone.
export class ContourMap {
  constructor(el, parent, begin, aim) {
    this.el = el;
    this.begin = begin;
    this.aim = aim;
    this.frame = frameOf([0, 0], 1);
    this.cross = null; // weights
    this.landscape = { key: "" }; // the picture of f, until it changes
    this.build(parent);
  }

  build(parent) {
    this.width = MARGIN.left + SIZE + MARGIN.right;
    this.height = MARGIN.top + SIZE + MARGIN.bottom;
    const { node, pen } = canvas(parent, this.width, this.height, "");
    this.node = node;
    this.pen = pen;
    node.tabIndex = 0;
    node.addEventListener("click", (event) => this.click(event));
    node.addEventListener("keydown", (event) => this.press(event));
    node.addEventListener("blur", () => {
      this.cross = null;
      this.aim(null);
    });
  }

  // Weights as a spot of the map, in pixels from its upper left corner, and the other way round.

  spot([w1, w2]) {
    const { centre, half } = this.frame;
    const scale = SIZE / 2 / half;
    return [SIZE / 2 + (w1 - centre[0]) * scale, SIZE / 2 - (w2 - centre[1]) * scale];
  }

  weightsAt(x, y) {
    const { centre, half } = this.frame;
    const scale = SIZE / 2 / half;
    return [centre[0] + (x - SIZE / 2) / scale, centre[1] - (y - SIZE / 2) / scale];
  }

  shows(weights) {
    return this.spot(weights).every((pixel) => pixel >= 0 && pixel <= SIZE);
  }

  // What one can do.

  click(event) {
    const [across, down] = spotOf(event, this);
    const [x, y] = [across - MARGIN.left, down - MARGIN.top];
    if (Math.min(x, y) < 0 || Math.max(x, y) > SIZE) return;
    this.cross = null;
    this.begin(this.weightsAt(x, y));
  }

  press(event) {
    const arrow = ARROWS[event.key];
    if (arrow) this.moveCross(arrow);
    else if (event.key === "Enter" && this.cross) this.begin(this.cross);
    else return;
    event.preventDefault();
  }

  moveCross([right, down]) {
    const { centre, half } = this.frame;
    const move = [right, -down]; // w₂ grows upwards
    const from = this.cross ?? this.seen.path.at(-1);
    this.cross = from.map((weight, i) => {
      const to = weight + (move[i] * 2 * half) / KEY_STEPS;
      return Math.min(Math.max(to, centre[i] - half), centre[i] + half);
    });
    this.show(this.seen);
    this.aim(this.cross);
  }

  // From here on: drawing.

  // `seen` has f, point, path, next (the weights after the next step; null if they cannot be
  // computed), zoom, best (the minimum's weights or null). Returns the kind of arrow, "refused" if
  // there is no next step, and how long the next step and the last one are, in pixels.
  show(seen) {
    this.seen = seen;
    this.frame = frameOf(seen.path.at(-1), seen.zoom, this.frame);
    const points = seen.path.map((weights) => this.spot(weights));
    const here = points.at(-1);
    const before = points.at(-2) ?? here;
    const star = seen.best && this.spot(seen.best);
    const arrow = seen.next ? arrowOf(here, this.spot(seen.next), star) : { kind: "refused" };
    this.draw(points, star, arrow);
    const moved = Math.hypot(here[0] - before[0], here[1] - before[1]);
    return { arrow: arrow.kind, length: arrow.length, moved };
  }

  draw(points, star, arrow) {
    const { el, pen } = this;
    const names = ["ink", "quiet", "paper", "gradient"];
    const colours = Object.fromEntries(names.map((name) => [name, colourOf(el, `--${name}`)]));
    pen.clearRect(0, 0, this.width, this.height);
    pen.save();
    pen.translate(MARGIN.left, MARGIN.top);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, SIZE, SIZE);
    pen.clip();
    pen.drawImage(this.picture(), 0, 0, SIZE, SIZE);
    if (star) drawMinimum(pen, star, colours);
    if (arrow.to) drawArrow(pen, arrow, colours);
    drawPath(pen, points, colours);
    if (this.cross) drawCross(pen, this.spot(this.cross), colours);
    pen.restore();
    drawAxes(pen, this.frame, (weights) => this.spot(weights), colours);
    pen.restore();
  }

  // The picture of f, painted anew when something has changed it.
  picture() {
    const { el, frame } = this;
    const { f, point, best } = this.seen;
    const look = [colourOf(el, "--paper"), colourOf(el, "--value")];
    const key = JSON.stringify([point.x1, point.x2, frame, look]);
    if (this.landscape.key === key) return this.landscape.picture;
    const at = (w1, w2) => f({ ...point, w1, w2 });
    const values = heights(at, frame);
    const lowest = best ? at(...best) : values.reduce((a, b) => Math.min(a, b));
    this.landscape = { key, picture: paintLandscape(el, values, lowest) };
    return this.landscape.picture;
  }
}
