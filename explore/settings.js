// What can be chosen, and how it is written in the page's link. Whatever in a link is not one of
// the choices is ignored.

import { HOMEWORK, MOST_DRAWS, SETS } from "./sets.js";

const MOST_EDITS = 200; // points added or taken away: with more, the link would be too long
const FARTHEST = 1; // a point in a link: so many extents of the plane beyond its edges
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

export const SET_NAMES = [HOMEWORK, ...Object.keys(SETS)];

// The choices; the notebook's own values are among them, whatever they are.
export function choices(start) {
  const lists = {
    noise: range(0, 10).map((i) => Number((0.05 * i).toFixed(2))),
    draw: range(0, MOST_DRAWS - 1),
    rate: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20],
    speed: [1, 2, 5, 10, 20, 50], // steps per frame, or fewer if they would take too long
  };
  if (start.hidden) Object.assign(lists, { hidden: range(1, 32), seed: range(0, 99) });
  const firsts = firstSettings(start);
  for (const [name, list] of Object.entries(lists))
    if (!list.includes(firsts[name])) lists[name] = [...list, firsts[name]].sort((a, b) => a - b);
  return { set: SET_NAMES, ...lists };
}

export function firstSettings({ learning_rate: rate, hidden, seed }) {
  const shared = { set: HOMEWORK, noise: 0.1, draw: 0, rate, speed: 5 };
  return hidden ? { ...shared, hidden, seed } : shared;
}

// The settings that a link asks for; those that it does not name are the first ones.
export function readSettings(link, start) {
  const lists = choices(start);
  const settings = firstSettings(start);
  for (const [name, text] of Object.entries(link)) {
    const value = name === "set" ? text : Number(text || NaN);
    if (Object.hasOwn(lists, name) && lists[name].includes(value)) settings[name] = value;
  }
  return settings;
}

// The points added and taken away, as "x1,x2,class;..." and "place,place,...".
export function readEdits({ add = "", gone = "" }, { points, K, limits }) {
  const numbers = (text) => text.split(",").map((part) => Number(part.trim() || NaN));
  const added = add ? add.split(";").map(numbers) : [];
  const taken = gone ? numbers(gone) : [];
  const far = FARTHEST * limits.extent;
  const isNear = (value, low) => value >= low - far && value <= low + limits.extent + far;
  const isPoint = (one) => one.length === 3 && isNear(one[0], limits.left)
    && isNear(one[1], limits.top - limits.extent) && Number.isInteger(one[2])
    && one[2] >= 0 && one[2] < K;
  const isPlace = (n) => Number.isInteger(n) && n >= 0 && n < points.length;
  const good = added.every(isPoint) && taken.every(isPlace);
  const edits = { added, gone: taken };
  const left = points.length - new Set(taken).size + added.length;
  return good && fitsLink(edits) && left > 0 ? edits : { added: [], gone: [] };
}

export function fitsLink({ added, gone }) {
  return added.length <= MOST_EDITS && gone.length <= MOST_EDITS;
}

// The numbers of the challenges that have been met, as "1,3".
export function readMet({ met = "" }) {
  return met ? met.split(",").map(Number) : [];
}

// What the link says about an experiment, and about the challenges that have been met.
export function linkValues(lab, met) {
  const values = { ...lab.settings };
  if (met.length) values.met = met.join(",");
  const { added, gone } = lab.edits();
  if (!fitsLink({ added, gone })) return values;
  if (added.length) values.add = added.map((point) => point.join(",")).join(";");
  if (gone.length) values.gone = gone.join(",");
  return values;
}
