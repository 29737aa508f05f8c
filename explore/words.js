// What the page of Problems 2 and 3 says: where training is, and whether straight lines can
// separate the points. About the latter, it says only what lp.js has checked.

import { number } from "./ui.js";
import { classShape } from "./board.js";

export const STOPPED = "<b>Training has stopped</b>: the loss or a weight is no longer a finite "
  + "number. Choose a smaller learning rate and start over, or go back in time.";
export const REPLACES = " A step from here replaces the later ones.";
const FORMS = ["", "point", "segment", "triangle"]; // by the number of corners

export function stateText({ step, measured }, wrong, active, ringed) {
  const { accuracy, loss, freshAccuracy } = measured;
  const mark = ringed ? " (ringed)" : "";
  const right = wrong
    ? `${wrong} ${wrong === 1 ? "point is" : "points are"} wrong${mark}`
    : "every point is right";
  const fresh = freshAccuracy === undefined
    ? "" : ` and ${percent(freshAccuracy)} on the fresh points`;
  const dead = active.filter((count) => count === 0).length;
  const silent = dead
    ? ` ${dead} of ${active.length} hidden units ${dead === 1 ? "is" : "are"} dead.` : "";
  return `<b>Step ${step}</b>: accuracy ${percent(accuracy)}${fresh}, loss ${lossText(loss)}; `
    + `${right}.${silent}`;
}

// What stands under the pictures of the hidden units while none is chosen. A unit that is silent on
// all points gets no gradient, nor do the weights of its output.
export function unitsText(active) {
  return active.some((count) => count > 0)
    ? "Point at a picture, or choose it: its crease lights up in the plane."
    : "All hidden units are dead: training on these points changes only the biases after them.";
}

export function percent(part) {
  return `${(100 * part).toFixed(1)} %`;
}

export function lossText(loss) {
  return number(loss, loss >= 1e-4 ? 4 : 8);
}

// The heading of a chart: what was measured on the points, and on the fresh ones if there are any.
export function legend(title, measured, name, fresh, text) {
  const own = `<span class="own ${name}">points ${text(measured[name])}</span>`;
  const other = fresh in measured
    ? `<span class="fresh">fresh points ${text(measured[fresh])}</span>` : "";
  return `<b>${title}</b> ${own} ${other}`;
}

export function verdictText(verdict, labels) {
  if (!verdict) return "Can straight lines separate these points? Computing …";
  if (verdict.lone) return "All points are of one class: there is nothing to separate.";
  if (verdict.many)
    return "Whether lines can separate so many points, or classes, is not computed here.";
  if (verdict.separable === null)
    return "<b>Can straight lines separate these points?</b> Neither answer could be proven.";
  if (verdict.separable)
    return "<b>Straight lines can separate these points</b>: checked for each point without "
      + "rounding.";
  const count = verdict.inTheWay.filter(Boolean).length;
  const inTheWay = count === 1 ? "1 point is" : `${count} points are`;
  return `<b>No straight lines can separate these points</b>: ${proofText(verdict.proof, labels)} `
    + `${inTheWay} in the way of the linear programme's best lines.`;
}

function proofText({ members, classes, common }, labels) {
  if (!classes)
    return `their scores at ${new Set(members.map(({ point }) => point)).size} points contradict `
      + "each other for all lines, which is checked without rounding.";
  const [first, second] = classes.map((k) => {
    const own = members.filter(({ point }) => labels[point] === k);
    const corners = new Set(own.map(({ point }) => point)).size;
    return `a ${FORMS[corners]} of class ${k} ${classShape(k)}`;
  });
  const [x1, x2] = common.map((value) => number(value));
  return `${first} and ${second} share a point, near (${x1}, ${x2}), which is checked without `
    + "rounding.";
}
