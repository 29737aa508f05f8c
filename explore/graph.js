// Problem 1's graph: nodes, arrows, and the numbers known so far. It is laid out in pixels of the
// page, so that its text has the same size on every screen. What belongs to an edge stands on it if
// there is room; else no number covers a line, nor another number.
import { whatIsKnown } from "./program.js";
import { draw, number } from "./ui.js";

const RADIUS = 18; // of a node
const LINE = 16; // height of a line of text
const AIR = 5; // between a number and a line; half the width of an arrowhead
const FRAME = 8; // what the frame of a local derivative needs, left and right together
const ALONG = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.35, 0.45, 0.55, 0.65, 0.1, 0.9, 0, 1];
const ENDS = 14; // pixels of an edge that a number leaves free at its ends: for an arrowhead
const ASIDE = [3, 0, 6, 10, 15, 21, 28, 36]; // pixels more than needed between number and edge
const AT_LATER = 0.7; // how far along its edge a local derivative stands: near the later node
const NARROW = 480; // pixels; in less, the numbers of the given nodes may stand above them
const DOWN = 65; // pixels for a unit of the nodes' first coordinate
const NARROW_DOWN = 76;
const MARGINS = { left: 84, right: 112, top: 32, bottom: 34 };
const NARROW_MARGINS = { left: 76, right: 36, top: 58, bottom: 34 };
const TURNS = 24; // directions from a node in which its numbers may stand
const FONT = "600 13px system-ui, sans-serif";

export function subscripted(name) {
  return name.replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);
}

// A node's symbol without TeX.
export function plainSymbol(symbol) {
  const sign = symbol.replaceAll("$", "").replaceAll("\\cdot", "·").replaceAll("^2", "²");
  return sign.replace(/_(\d)/g, (_, digit) => subscripted(digit));
}

// Where the nodes are in a picture of this width: `spot(name)` is [x, y]. Forward flows downwards,
// as the lines of the code do, and the inputs come first: beside a node there is room for its
// numbers.
function layout(nodes, width) {
  const all = Object.values(nodes);
  const narrow = width < NARROW;
  const margins = narrow ? NARROW_MARGINS : MARGINS;
  const down = narrow ? NARROW_DOWN : DOWN;
  const columns = Math.max(...all.map(([column]) => column));
  const low = Math.min(...all.map(([, row]) => row));
  const high = Math.max(...all.map(([, row]) => row));
  const across = (width - margins.left - margins.right) / (high - low);
  const spot = (name) => {
    const [column, row] = nodes[name];
    return [margins.left + across * (high - row), margins.top + down * column];
  };
  return { spot, width, height: margins.top + down * columns + margins.bottom };
}

// The straight line between the rims of two circles.
function rimToRim([x1, y1], [x2, y2]) {
  const length = Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const r = RADIUS + 3;
  const ends = { x1: x1 + r * dx, y1: y1 + r * dy, x2: x2 - r * dx, y2: y2 - r * dy };
  return { ...ends, dx, dy, length: length - 2 * r };
}

// Finding places for numbers

// The size of some lines of text.
function sizeOf(texts, ruler) {
  ruler.font = FONT;
  const widths = texts.map((text) => ruler.measureText(text).width);
  return [Math.max(...widths) + 4, LINE * texts.length];
}

function boxAround(x, y, [width, height]) {
  const [right, down] = [width / 2, height / 2];
  return { x, y, left: x - right, right: x + right, top: y - down, bottom: y + down };
}

function boxesMeet(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function distance(box, x, y) {
  const dx = Math.max(box.left - x, 0, x - box.right);
  const dy = Math.max(box.top - y, 0, y - box.bottom);
  return Math.hypot(dx, dy);
}

// How badly a box meets a line: 0 if it is far enough, 1 if it lies on it.
function meetsLine(box, line) {
  const beside = Math.max(line.x1, line.x2) + AIR < box.left
    || Math.min(line.x1, line.x2) - AIR > box.right
    || Math.max(line.y1, line.y2) + AIR < box.top
    || Math.min(line.y1, line.y2) - AIR > box.bottom;
  if (beside) return 0;
  const count = Math.ceil(line.length / 4);
  let nearest = AIR;
  for (let i = 0; i <= count && nearest > 0; i += 1) {
    const part = (i / count) * line.length;
    const far = distance(box, line.x1 + part * line.dx, line.y1 + part * line.dy);
    nearest = Math.min(nearest, far);
  }
  return 1 - nearest / AIR;
}

// How much is wrong with a place: outside the picture, on another number, a node or a line.
function trouble(box, { plan, spots, lines, boxes }) {
  const { width, height } = plan;
  const outside = box.left < 0 || box.right > width || box.top < 0 || box.bottom > height;
  const covered = boxes.filter((other) => boxesMeet(box, other)).length;
  const nodes = spots.filter(([x, y]) => distance(box, x, y) < RADIUS + 2).length;
  const crossed = lines.reduce((sum, line) => sum + meetsLine(box, line), 0);
  return 20 * outside + 5 * (covered + nodes) + crossed;
}

// The first of the places that is free, or the one with the least trouble.
function freePlace(size, places, picture) {
  let best = { wrong: Infinity };
  for (const [x, y] of places) {
    const box = boxAround(x, y, size);
    const wrong = trouble(box, picture);
    if (wrong < best.wrong) best = { ...box, wrong };
    if (wrong === 0) break;
  }
  return best;
}

// Places for a node's numbers: to its right, to its left, then all around it, near before far.
function placesAtNode([x, y], [width, height]) {
  const places = [];
  for (const gap of [5, 12, 20])
    for (let i = 0; i <= TURNS / 2; i += 1) {
      const angle = (Math.ceil(i / 2) * 2 * Math.PI) / TURNS;
      const right = Math.cos(angle) * (RADIUS + gap + width / 2);
      const down = (i % 2 ? -1 : 1) * Math.sin(angle) * (RADIUS + gap + height / 2);
      places.push([x + right, y + down], [x - right, y + down]);
    }
  return places;
}

// Places for an edge's number, around a spot along it: on the edge, then on both sides.
function placesAtEdge(line, spot, size) {
  return [...placesOn(line, spot, size), ...placesBeside(line, spot, size)];
}

// On an edge, a number leaves room for both of its ends.
function placesOn(line, spot, [width, height]) {
  const across = Math.min(width / 2 / Math.abs(line.dx), height / 2 / Math.abs(line.dy));
  const end = (across + ENDS) / line.length;
  const parts = [spot, ...ALONG].filter((part) => part >= end && part <= 1 - end);
  return parts.map((part) => pointOn(line, part));
}

function placesBeside(line, spot, [width, height]) {
  const [nx, ny] = [-line.dy, line.dx];
  const clear = (width / 2) * Math.abs(nx) + (height / 2) * Math.abs(ny) + AIR + 1;
  return ASIDE.flatMap((more) => [spot, ...ALONG].flatMap((part) => [-1, 1].map((side) => {
    const away = side * (clear + more);
    const [x, y] = pointOn(line, part);
    return [x + away * nx, y + away * ny];
  })));
}

function pointOn({ x1, y1, dx, dy, length }, part) {
  return [x1 + part * length * dx, y1 + part * length * dy];
}

// All numbers that the film will show at this point, so that none moves while it plays. A node's
// value and gradient belong together; a share and a local derivative to an edge. Where there is
// little room, a value's name stands above it.
function allNumbers({ nodes, program }, now) {
  const atNodes = Object.keys(nodes).map((name) => {
    const kinds = { value: number(now.v[name]), gradient: number(now.g[name]) };
    if (name in now.point) return { of: name, kinds };
    const sign = `${subscripted(name)} =`;
    const inRow = { ...kinds, value: `${sign} ${kinds.value}` };
    return { of: name, kinds: inRow, narrow: { name: sign, ...kinds } };
  });
  const edges = program.steps.filter(({ edge }) => edge);
  const shares = edges.filter(({ gives }) => gives === "share").map(({ edge }) => (
    { of: edge, kinds: { share: number(now.shares[edge]) } }));
  const locals = edges.map(({ edge }) => (
    { of: edge, kinds: { local: `× ${number(now.locals[edge])}` } }));
  return [...atNodes, ...shares, ...locals];
}

// Gives each number its box. One local derivative is seen at a time, so these may share a place.
function placeNumbers({ numbers, plan, lines }, { nodes, edges }, ruler) {
  const spots = Object.keys(nodes).map(plan.spot);
  const boxes = [];
  const boxOf = ({ of, kinds }) => {
    const size = sizeOf(Object.values(kinds), ruler);
    if (kinds.local) size[0] += FRAME;
    const others = Object.keys(lines).filter((edge) => edge !== of);
    const picture = { plan, spots, boxes, lines: others.map((edge) => lines[edge]) };
    const places = of in nodes
      ? placesAtNode(plan.spot(of), size)
      : placesAtEdge(lines[of], kinds.local ? AT_LATER : edges[of], size);
    return freePlace(size, places, picture);
  };
  for (const one of numbers) {
    one.box = boxOf(one);
    if (one.narrow && one.box.wrong) {
      const box = boxOf({ of: one.of, kinds: one.narrow });
      if (box.wrong < one.box.wrong) Object.assign(one, { box, kinds: one.narrow });
    }
    if (!one.kinds.local) boxes.push(one.box);
  }
}

// Drawing

function arrowhead(x, y, dx, dy, size) {
  const [back, side] = [size, 0.45 * size];
  const corner = (way) => `${x - back * dx + way * side * dy} ${y - back * dy - way * side * dx}`;
  return `M${x} ${y}L${corner(1)}L${corner(-1)}z`;
}

// An edge's arrow points forward, except where a gradient runs back along it.
function drawEdge({ line, head }, place, look, back) {
  const { x1, y1, x2, y2, dx, dy } = place;
  const size = look.includes("lit") ? 13 : 9;
  const short = size - 2; // the line ends inside the arrowhead
  const from = back ? [x1 + short * dx, y1 + short * dy] : [x1, y1];
  const to = back ? [x2, y2] : [x2 - short * dx, y2 - short * dy];
  line.setAttribute("d", `M${from.join(" ")}L${to.join(" ")}`);
  const tip = back ? [x1, y1, -dx, -dy] : [x2, y2, dx, dy];
  head.setAttribute("d", arrowhead(...tip, size));
  line.setAttribute("class", `edge ${look}`);
  head.setAttribute("class", `head ${look}`);
}

function drawCircle(group, symbol) {
  draw(group, "title");
  draw(group, "circle", { r: RADIUS });
  draw(group, "text", { y: 5, class: "symbol" }, symbol);
  return group;
}

// Draws one of the numbers that belong together. A local derivative stands in a frame, as what the
// edge does to what comes back; a share on paper, as it covers its edge.
function drawNumber(parent, { of, kinds, box }, kind, lit, nodeX) {
  const group = draw(parent, "g", { class: `${kind}${lit ? " lit" : ""}`, "data-of": of });
  if (kind === "local" || kind === "share") {
    const size = { width: box.right - box.left, height: LINE + 2, rx: 8 };
    draw(group, "rect", { x: box.left, y: box.top - 1, ...size });
  }
  const row = Object.keys(kinds).indexOf(kind);
  const y = box.top + LINE * (row + 0.5) + 4.5;
  const [anchor, x] = nodeX < box.left ? ["start", box.left + 2]
    : nodeX > box.right ? ["end", box.right - 2] : ["middle", box.x];
  draw(group, "text", { x, y, "text-anchor": anchor }, kinds[kind]);
}

// One node at a time can be reached with Tab; up and down go to the others.
function followKeys(svg, groups) {
  const all = Object.values(groups);
  svg.addEventListener("keydown", (event) => {
    const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const i = all.indexOf(event.target);
    if (!move || i < 0) return;
    event.preventDefault();
    const next = all[(i + move + all.length) % all.length];
    all.forEach((one) => one.setAttribute("tabindex", one === next ? 0 : -1));
    next.focus();
  });
}

// The graph in an element. `explain(name)` is called for the node that the reader looks at, and
// explain(null) when the reader looks away.
export class Graph {
  constructor(parent, start, explain) {
    this.start = start;
    this.explain = explain;
    this.ruler = document.createElement("canvas").getContext("2d");
    this.places = { key: "" }; // where everything is
    this.build(parent);
  }

  build(parent) {
    const { nodes, edges } = this.start;
    this.svg = draw(parent, "svg", { role: "group" });
    const arrows = Object.keys(edges).map((edge) => (
      [edge, buildArrow(this.svg, edge)]));
    const circles = Object.entries(nodes).map(([name, [, , symbol]], i) => (
      [name, this.buildNode(name, symbol, i === 0)]));
    this.arrows = Object.fromEntries(arrows);
    this.circles = Object.fromEntries(circles);
    this.texts = draw(this.svg, "g");
    followKeys(this.svg, this.circles);
  }

  buildNode(name, symbol, isFirst) {
    const group = draw(this.svg, "g", { tabindex: isFirst ? 0 : -1, role: "img" });
    for (const event of ["pointerenter", "pointerdown", "focus"])
      group.addEventListener(event, () => this.explain(name));
    for (const event of ["pointerleave", "blur"])
      group.addEventListener(event, () => this.explain(null));
    return drawCircle(group, plainSymbol(symbol));
  }

  // Finds the places again only if the numbers or the width have changed: while the film plays,
  // nothing moves.
  place(now, width) {
    const { nodes, edges } = this.start;
    const key = JSON.stringify([now.point, width]);
    if (this.places.key === key) return;
    const plan = layout(nodes, width);
    const lines = Object.keys(edges).map((edge) => (
      [edge, rimToRim(...edge.split(" ").map(plan.spot))]));
    this.places = { key, plan, lines: Object.fromEntries(lines), numbers: [] };
    this.places.numbers = allNumbers(this.start, now);
    placeNumbers(this.places, this.start, this.ruler);
  }

  // Fills in what is known. `seen` has at: steps done; step: the one to be marked; asked: whether
  // its result is hidden; about(name): a node's explanation.
  show(now, seen, width) {
    this.place(now, width);
    const { plan } = this.places;
    const known = whatIsKnown(this.start.program, now, seen.at);
    const lit = litParts(seen.step);
    const label = `The graph after ${seen.at} of ${this.start.program.steps.length} steps`;
    this.svg.setAttribute("viewBox", `0 0 ${plan.width} ${plan.height}`);
    this.svg.setAttribute("aria-label", label);
    this.svg.style.width = `${plan.width}px`;
    this.showArrows(known, lit);
    this.showNodes(now, seen.about, lit);
    if (seen.step?.edge && !seen.asked) known.add(`local ${seen.step.edge}`);
    this.showNumbers(known, lit);
    return plan;
  }

  showArrows(known, lit) {
    for (const [edge, arrow] of Object.entries(this.arrows)) {
      const look = lit(edge) || (known.has(`edge ${edge}`) ? "passed" : "");
      drawEdge(arrow, this.places.lines[edge], look, look === "lit back");
    }
  }

  showNodes(now, about, lit) {
    for (const [name, group] of Object.entries(this.circles)) {
      const kind = name in now.point ? "given" : "computed";
      group.setAttribute("transform", `translate(${this.places.plan.spot(name).join(" ")})`);
      group.setAttribute("class", `node ${kind} ${lit(name)}`);
      group.setAttribute("aria-label", about(name));
      group.querySelector("title").textContent = about(name);
    }
  }

  showNumbers(known, lit) {
    const { nodes } = this.start;
    const { plan, numbers } = this.places;
    this.texts.replaceChildren();
    const isKnown = (kind, of) => known.has(`${kind === "name" ? "value" : kind} ${of}`);
    for (const one of numbers)
      for (const kind of Object.keys(one.kinds).filter((name) => isKnown(name, one.of))) {
        const x = one.of in nodes ? plan.spot(one.of)[0] : one.box.x;
        drawNumber(this.texts, one, kind, lit(one.of), x);
      }
  }
}

function buildArrow(svg, edge) {
  const [line, head] = ["line", "head"].map(() => draw(svg, "path", { "data-of": edge }));
  return { line, head };
}

// How a node or an edge is lit at a step: as a function of its name.
function litParts(step) {
  const look = step?.function === "backward" ? "lit back" : "lit forward";
  return (name) => (step?.marked.includes(name) ? look : "");
}
