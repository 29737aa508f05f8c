// The pad's pen: it follows mouse, finger and keyboard, and draws strokes as the models get them.
// A drawing is a list of strokes, a stroke a list of points [x, y] in 0 to 100.
import { penWidth } from "./ink.js";
import { ARROWS, spotOf } from "./ui.js";

const UNITS = 100; // the pad's side in the units of a drawing
const STEP = 4; // units: how far an arrow key moves the pen
const LEAST_MOVE = 0.3; // units: a point that is nearer to the one before is left out
const INK = "#111";

// Tells `hand` where the pen goes: down(point), along(points), up(), and at(cursor), the spot of
// the keyboard's pen or null.
export class Pen {
  constructor(node, hand) {
    this.node = node;
    this.hand = hand;
    this.tool = null; // "pointer" or "keyboard" while it is down
    this.cursor = null;
    const listeners = {
      pointerdown: this.press,
      pointermove: this.drag,
      pointerup: this.release,
      pointercancel: this.release,
      keydown: this.type,
      blur: this.leave,
    };
    for (const [type, listener] of Object.entries(listeners))
      node.addEventListener(type, listener.bind(this));
  }

  lower(tool, point) {
    this.tool = tool;
    this.hand.down(point);
  }

  lift() {
    if (this.tool) this.hand.up();
    this.tool = null;
  }

  move(cursor) {
    this.cursor = cursor;
    this.hand.at(cursor);
  }

  // Where a pointer is, in units, to one decimal.
  spot(event) {
    const parts = spotOf(event, { node: this.node, width: 1, height: 1 });
    return parts.map((part) => Math.round(10 * UNITS * Math.min(1, Math.max(0, part))) / 10);
  }

  press(event) {
    if (event.button || !event.isPrimary) return;
    this.node.setPointerCapture(event.pointerId);
    this.lift();
    this.move(null);
    this.lower("pointer", this.spot(event));
  }

  drag(event) {
    if (this.tool !== "pointer") return;
    const events = event.getCoalescedEvents?.() ?? [];
    this.hand.along((events.length ? events : [event]).map((one) => this.spot(one)));
  }

  release() {
    if (this.tool === "pointer") this.lift();
  }

  type(event) {
    const direction = ARROWS[event.key];
    if (!direction && event.key !== " ") return;
    event.preventDefault();
    if (this.tool === "pointer") return;
    this.step(direction ?? [0, 0]);
    if (direction || event.repeat) return;
    if (this.tool) this.lift();
    else this.lower("keyboard", this.cursor);
  }

  step(direction) {
    const from = this.cursor ?? [UNITS / 2, UNITS / 2];
    const to = from.map((value, axis) => value + STEP * direction[axis]);
    this.move(to.map((value) => Math.min(UNITS, Math.max(0, value))));
    if (this.tool && direction.some(Boolean)) this.hand.along([this.cursor]);
  }

  leave() {
    this.lift();
    this.move(null);
  }
}

// Without the points that are too near to the one before; `last` is before the first.
export function thinned(last, points) {
  const result = [last];
  for (const [x, y] of points) {
    const [x0, y0] = result.at(-1);
    if (Math.hypot(x - x0, y - y0) >= LEAST_MOVE) result.push([x, y]);
  }
  return result.slice(1);
}

export function drawStrokes({ pen, width }, strokes, cursor) {
  const lineWidth = penWidth(strokes);
  pen.save();
  pen.scale(width / UNITS, width / UNITS);
  pen.clearRect(0, 0, UNITS, UNITS);
  if (!strokes.length && !cursor) invite(pen);
  Object.assign(pen, { lineWidth, strokeStyle: INK, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) trace(pen, stroke);
  if (cursor) ring(pen, cursor, Math.max(lineWidth / 2, 2));
  pen.restore();
}

function invite(pen) {
  Object.assign(pen, { font: "5.2px system-ui, sans-serif", fillStyle: "#767676" });
  pen.textAlign = "center";
  pen.fillText("Draw a digit, 0 to 9", UNITS / 2, UNITS / 2);
}

// The curve in which the corner cutting of ink.js ends: the screen shows what the models get.
function trace(pen, points) {
  const middle = (i) => [0, 1].map((axis) => (points[i][axis] + points[i + 1][axis]) / 2);
  pen.beginPath();
  pen.moveTo(...points[0]);
  for (let i = 1; i < points.length - 1; i += 1) {
    pen.lineTo(...middle(i - 1));
    pen.quadraticCurveTo(...points[i], ...middle(i));
  }
  pen.lineTo(...points.at(-1));
  pen.stroke();
}

function ring(pen, centre, radius) {
  pen.beginPath();
  pen.arc(...centre, radius, 0, 2 * Math.PI);
  Object.assign(pen, { lineWidth: 0.7, strokeStyle: "#0072b2" });
  pen.stroke();
}
