// The experiment of Problems 2 and 3, without a picture: which points, which network, what training
// has done so far, and whether straight lines can separate the points.

import { HOMEWORK, drawSet } from "./sets.js";
import { Past } from "./past.js";
import {
  copyNetwork, forward, linearNetwork, logSoftmax, predicted, space, trainingStep, twoLayers,
} from "./core.js";
import { separability } from "./lp.js";

const MARGIN = 0.08; // around the points, as a part of their extent
const PARTS = 5; // digits by which places in the plane differ, at its extent
// Up to here the linear programme takes about a second at most. With ten classes, 240 points took
// seven.
const MOST_CLASSES = 6;
const MOST_WORK = 600_000; // pairs of a point and another class, times points
const RECIPES = { linear: { N: 150, twist: 0.7 }, hidden: { N: 240, twist: 1.4 } };

export class Lab {
  // `start` as at the head of train.js; `settings` as in settings.js.
  constructor(start, settings) {
    this.start = start;
    this.settings = settings;
    this.choosePoints();
  }

  // Takes the points of the chosen set, and a new network for them.
  choosePoints() {
    const { set, noise, draw, hidden } = this.settings;
    const { N, twist } = hidden ? RECIPES.hidden : RECIPES.linear;
    const given = { points: this.start.points, labels: this.start.labels, fresh: null };
    this.first = set === HOMEWORK ? given : drawSet(set, N, noise, draw, twist);
    const { points, labels, fresh } = this.first;
    this.K = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
    this.limits = around(fresh ? [...points, ...fresh.points] : points);
    this.freshX = fresh && Float64Array.from(fresh.points.flat());
    this.versions = [{ points, labels }];
    this.x = Float64Array.from(points.flat());
    this.begin();
  }

  // Begins again with a new network.
  begin() {
    const { hidden, seed } = this.settings;
    const network = hidden ? twoLayers(hidden, seed, this.K) : linearNetwork(this.K);
    this.stopped = false;
    this.past = new Past(network, this.measure(network));
  }

  get points() {
    return this.versions.at(-1).points;
  }

  get labels() {
    return this.versions.at(-1).labels;
  }

  get network() {
    return this.past.shown.network;
  }

  get verdict() {
    return this.versions.at(-1).verdict;
  }

  get changed() {
    return this.points !== this.first.points;
  }

  measure(network) {
    const measured = judged(network, this.x, this.labels);
    if (!this.freshX) return measured;
    const fresh = judged(network, this.freshX, this.first.fresh.labels);
    return { ...measured, freshLoss: fresh.loss, freshAccuracy: fresh.accuracy };
  }

  // Takes so many steps from the state that is shown, or fewer if so many seconds have passed.
  // Returns false, and stays where it was, if the loss or a weight is no longer a finite number.
  train(steps, seconds = Infinity) {
    const network = copyNetwork(this.network);
    const began = performance.now();
    let taken = 0;
    do {
      trainingStep(network, this.x, this.labels, this.settings.rate);
      taken += 1;
    } while (taken < steps && performance.now() - began < 1000 * seconds);
    const measured = this.measure(network);
    const numbers = network.flatMap(({ W, b }) => [...W, ...b]);
    this.stopped = ![measured.loss, ...numbers].every(Number.isFinite);
    if (!this.stopped) this.past.add(this.past.shown.step + taken, network, measured);
    return !this.stopped;
  }

  // Shows a state of the past; what is measured there counts for the present points.
  back(at) {
    this.past.at = at;
    this.stopped = false;
    this.past.shown.measured = this.measure(this.network);
  }

  // Whether a hidden unit that spoke on some points at step 0 is silent on all of them now.
  died() {
    const { active } = this.past.shown.measured;
    const before = this.past.states[0].measured.active;
    return active.some((count, m) => count === 0 && before[m] > 0);
  }

  // From here on: other points. Training goes on with the network as it is.

  change(points, labels) {
    this.versions.push({ points, labels });
    this.pointsChanged();
  }

  // What was measured at step 0 counts for the present points, too.
  pointsChanged() {
    this.x = Float64Array.from(this.points.flat());
    for (const state of new Set([this.past.states[0], this.past.shown])) {
      state.measured = this.measure(state.network);
    }
  }

  // Adds a point; where one of these coordinates stands already, nothing is added.
  addPoint(place, label) {
    const decimals = PARTS - Math.ceil(Math.log10(this.limits.extent));
    const point = place.map((value) => Number(value.toFixed(Math.min(100, Math.max(0, decimals)))));
    if (this.points.some(([x1, x2]) => x1 === point[0] && x2 === point[1])) return false;
    this.change([...this.points, point], [...this.labels, label]);
    return true;
  }

  takeAway(n) {
    if (this.points.length === 1) return false;
    const others = (_, i) => i !== n;
    this.change(this.points.filter(others), this.labels.filter(others));
    return true;
  }

  undo() {
    this.versions.pop();
    this.pointsChanged();
  }

  firstAgain() {
    this.versions.push(this.versions[0]);
    this.pointsChanged();
  }

  // What differs from the first points: the points added, and the places of those taken away.
  edits() {
    const kept = new Set(this.points);
    const first = new Set(this.first.points);
    const all = this.points.map((point, n) => [...point, this.labels[n]]);
    const added = all.filter((_, n) => !first.has(this.points[n]));
    const gone = [...this.first.points.keys()].filter((n) => !kept.has(this.first.points[n]));
    return { added, gone };
  }

  edit({ added, gone }) {
    const { points, labels } = this.first;
    const kept = [...points.keys()].filter((n) => !gone.includes(n));
    const places = [...kept.map((n) => points[n]), ...added.map(([x1, x2]) => [x1, x2])];
    this.change(places, [...kept.map((n) => labels[n]), ...added.map((point) => point[2])]);
  }

  // Judges the present points, once. `verdict.lone` means that one class is left, `many` that there
  // are too many points or classes to judge.
  judge() {
    const version = this.versions.at(-1);
    if (version.verdict) return;
    const classes = new Set(version.labels);
    if (classes.size < 2) version.verdict = { lone: true };
    else if (isLarge(version)) version.verdict = { many: true };
    else version.verdict = separability(version.points, version.labels);
  }
}

// Whether the linear programme for some points would keep the page waiting.
function isLarge({ points, labels }) {
  const classes = Math.max(...labels) + 1;
  return classes > MOST_CLASSES || points.length ** 2 * (classes - 1) > MOST_WORK;
}

// What a network makes of points: the loss, the accuracy, which are wrong, and on how many of them
// each hidden unit is active.
function judged(network, x, labels) {
  const values = space(network);
  const logs = new Float64Array(network.at(-1).M);
  const active = network.length > 1 ? new Int32Array(network[0].M) : new Int32Array(0);
  let loss = 0;
  const wrong = labels.map((label, n) => {
    const logits = forward(network, x, n, values).at(-1);
    for (let m = 0; m < active.length; m += 1) active[m] += values[0][m] > 0;
    loss -= logSoftmax(logits, logs)[label] / labels.length;
    return predicted(logits) !== label;
  });
  const right = wrong.filter((one) => !one).length;
  return { loss, accuracy: right / labels.length, wrong, active };
}

// A square around some points.
function around(points) {
  const [low, high] = [Math.min, Math.max].map((choose) =>
    [0, 1].map((d) => points.reduce((most, point) => choose(most, point[d]), points[0][d])));
  const extent = (1 + 2 * MARGIN) * (Math.max(high[0] - low[0], high[1] - low[1]) || 1);
  return {
    left: (low[0] + high[0] - extent) / 2,
    top: (low[1] + high[1] + extent) / 2,
    extent,
  };
}
