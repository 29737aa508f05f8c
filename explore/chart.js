// The curves of loss and accuracy over the steps: one for the points trained on, a dashed one for
// the fresh points if there are any, and a mark at the state that is shown.

import { colourOf, number, superscript } from "./ui.js";
import { roundNumbers } from "./board.js";

const INSET = { left: 52, right: 10, top: 8, bottom: 22 };
const FLOOR = 1e-16; // a loss below it is drawn as this,
const CEILING = 1e300; // and one above this, or one that is not finite, as this
const MOST_TICKS = 6;

// The ends and the ticks of a logarithmic axis for some values. The ticks are powers of ten; if
// there would be fewer than three, also 2 and 5 times these. There are at least two.
export function logAxis(values) {
  const positive = values.map((value) =>
    (value < CEILING ? Math.max(value, FLOOR) : CEILING)); // nan is not below it, either
  const low = positive.reduce((least, value) => Math.min(least, value));
  const high = positive.reduce((most, value) => Math.max(most, value));
  const round = [];
  for (let power = Math.floor(Math.log10(low)) - 1; power <= Math.log10(high) + 1; power += 1)
    for (const factor of [1, 2, 5]) round.push(Number(`${factor}e${power}`));
  const below = round.filter((tick) => tick <= low);
  const above = round.filter((tick) => tick >= high);
  const bottom = below.at(-1) < above[0] ? below.at(-1) : below.at(-2);
  const inside = round.filter((tick) => tick >= bottom && tick <= above[0]);
  const powers = inside.filter((tick) => tick.toExponential().startsWith("1e"));
  const every = Math.ceil(powers.length / MOST_TICKS);
  const ticks = powers.length < 3 ? inside : powers.filter((_, i) => i % every === 0);
  return { bottom, top: above[0], ticks };
}

function tickLabel(tick) {
  if (tick >= 1e-4) return number(tick);
  const [factor, power] = tick.toExponential().split("e");
  return `${factor === "1" ? "" : `${factor}·`}10${superscript(Number(power))}`;
}

// Where a chart's curves are, and how steps and values become pixels.
function frame({ width, height }, lastStep, share) {
  const right = width - INSET.right;
  const bottom = height - INSET.bottom;
  return {
    right,
    bottom,
    x: (step) => INSET.left + (step / Math.max(lastStep, 1)) * (right - INSET.left),
    y: (value) => bottom - share(value) * (bottom - INSET.top),
  };
}

function grid(el, { pen }, { right, bottom, x, y }, ticks, label, lastStep) {
  Object.assign(pen, { font: "12px system-ui, sans-serif", lineWidth: 1, textAlign: "right" });
  pen.strokeStyle = colourOf(el, "--line");
  pen.fillStyle = colourOf(el, "--quiet");
  for (const tick of ticks) {
    pen.beginPath();
    pen.moveTo(INSET.left, y(tick));
    pen.lineTo(right, y(tick));
    pen.stroke();
    pen.fillText(label(tick), INSET.left - 6, y(tick) + 4);
  }
  pen.textAlign = "left";
  pen.fillText("step 0", INSET.left, bottom + 16);
  const inside = roundNumbers(0, Math.max(lastStep, 1), 4).filter((step) => step > 0 && lastStep);
  for (const step of inside) {
    const near = x(step) > right - 24;
    pen.textAlign = near ? "right" : "center";
    pen.fillText(String(step), near ? right : x(step), bottom + 16);
  }
}

function curve({ pen }, { x, y }, states, name, colour, { dashed, faint }) {
  pen.save();
  if (dashed) pen.setLineDash([5, 4]);
  Object.assign(pen, { strokeStyle: colour, lineWidth: 2, globalAlpha: faint ? 0.3 : 1 });
  pen.beginPath();
  for (const { step, measured } of states) pen.lineTo(x(step), y(measured[name]));
  pen.stroke();
  pen.restore();
}

// Draws one chart. `names` are what was measured: for the points, and for the fresh points.
function chart(el, board, past, names, axis, colour) {
  const { pen, width, height } = board;
  const at = frame(board, past.last.step, axis.share);
  pen.clearRect(0, 0, width, height);
  grid(el, board, at, axis.ticks, axis.label, past.last.step);
  const ink = colourOf(el, "--ink");
  const { shown, states } = past;
  for (const [name, line, dashed] of [[names[1], ink, true], [names[0], colour, false]]) {
    if (!(name in shown.measured)) continue;
    curve(board, at, states.slice(0, past.at + 1), name, line, { dashed });
    curve(board, at, states.slice(past.at), name, line, { dashed, faint: true });
    pen.beginPath();
    pen.arc(at.x(shown.step), at.y(shown.measured[name]), 4.5, 0, 7);
    Object.assign(pen, { fillStyle: line, strokeStyle: colourOf(el, "--paper"), lineWidth: 1.5 });
    pen.fill();
    pen.stroke();
  }
}

export function lossChart(el, board, past) {
  const names = ["loss", "freshLoss"];
  const measured = past.states.flatMap((state) => names.map((name) => state.measured[name]));
  const { bottom, top, ticks } = logAxis(measured.filter((value) => value !== undefined));
  const height = Math.log(top / bottom);
  const share = (loss) => Math.log(Math.max(loss, FLOOR) / bottom) / height;
  chart(el, board, past, names, { ticks, share, label: tickLabel }, colourOf(el, "--value"));
}

export function accuracyChart(el, board, past) {
  const axis = { ticks: [0, 0.5, 1], share: (part) => part, label: (part) => `${100 * part} %` };
  const names = ["accuracy", "freshAccuracy"];
  chart(el, board, past, names, axis, colourOf(el, "--gradient"));
}
