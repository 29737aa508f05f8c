// Three challenges for each of the two problems. One that has been met stays met: the link tells
// which are, by their numbers.

import { add } from "./ui.js";
import { HOMEWORK } from "./sets.js";

const GOOD = 0.95; // of the points right
const FEW_STEPS = 10;
const FEW_UNITS = 6;

const given = (lab) => lab.settings.set === HOMEWORK && !lab.changed;

function added(lab) {
  return lab.points.length - lab.first.points.length;
}

// For a linear classifier: about the learning rate, and about straight lines.
const LINEAR = [
  {
    text: "Is there a learning rate that has every point of the given set right within "
      + `${FEW_STEPS} steps?`,
    met: (lab) => given(lab) && lab.past.shown.measured.accuracy === 1
      && lab.past.shown.step <= FEW_STEPS,
  },
  {
    text: "Where straight lines can separate the points: add a single one so that they no longer "
      + "can.",
    met: (lab) => lab.versions[0].verdict?.separable === true && added(lab) === 1
      && lab.edits().gone.length === 0 && lab.verdict?.separable === false,
  },
  {
    text: "Where they cannot: take points away, but no whole class, until they can.",
    met: (lab) => lab.versions[0].verdict?.separable === false && lab.verdict?.separable === true
      && lab.edits().added.length === 0 && new Set(lab.labels).size === lab.K,
  },
];

// For hidden units: luck with the start, dying units, and how few are enough.
const HIDDEN = [
  {
    text: `Is there a seed with which 2 hidden units get more than ${100 * GOOD} % of the given `
      + "set right?",
    hint: "For the homework's points and the learning rate 0.5, half of the seeds from 0 to 19 do: "
      + "some within 500 steps, some only after 1500.",
    met: (lab) => given(lab) && lab.settings.hidden === 2
      && lab.past.shown.measured.accuracy > GOOD,
  },
  {
    text: "Make a unit die: it speaks on some points at step 0, and later on none.",
    met: (lab) => !lab.changed && lab.died(),
  },
  {
    text: `Get every point of the spiral right with ${FEW_UNITS} hidden units or fewer.`,
    met: (lab) => lab.settings.set === "spiral" && !lab.changed
      && lab.settings.hidden <= FEW_UNITS && lab.past.shown.measured.accuracy === 1,
  },
];

// Shows the challenges, and returns what looks whether one of them is met now; it returns the
// numbers of all that have been met, from 1. `met` are those that have been met before.
export function challenges(parent, hidden, met) {
  const list = add(parent, "ul", { className: "challenges" });
  const all = (hidden ? HIDDEN : LINEAR).map((challenge, i) => ({
    ...challenge,
    ...item(list, challenge),
    done: met.includes(i + 1),
  }));
  const word = add(parent, "p", { className: "readout", role: "status" });
  const numbers = () => all.flatMap(({ done }, i) => (done ? [i + 1] : []));
  const show = () => {
    for (const { mark, node, done } of all) {
      mark.textContent = done ? "✓" : "○";
      node.classList.toggle("met", done);
    }
    const count = numbers().length;
    word.textContent = count ? `Challenges met: ${count} of ${all.length}.` : "";
  };
  show();
  return (lab) => {
    const now = all.filter((challenge) => !challenge.done && challenge.met(lab));
    for (const challenge of now) challenge.done = true;
    if (now.length) show();
    return numbers();
  };
}

function item(list, { text, hint }) {
  const node = add(list, "li");
  const mark = add(node, "span", { className: "mark" });
  const words = add(node, "span", { textContent: text });
  if (hint) add(words, "span", { className: "hint", textContent: ` ${hint}` });
  return { node, mark };
}
