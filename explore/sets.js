// Sets of points to train on: each is drawn from a seed, so the same draw gives the same points.
// The pinwheel is the twin of data/make_points.py's.

import { randomState } from "./core.js";

export const HOMEWORK = "homework"; // the name of the points that the notebook gives
const FRESH = 1000; // added to the seed of a draw: the fresh points come from another stream
export const MOST_DRAWS = 1000;
const TURN = 2 * Math.PI;

// A pinwheel: an arm's angle grows with the radius by `twist`, and `spread` is the standard
// deviation of the points' angles around it.
export function pinwheel(random, N, K, twist, spread) {
  const labels = Array.from({ length: N }, (_, n) => Math.floor((n * K) / N));
  const radii = labels.map(() => random.uniform(0.3, 2));
  const points = labels.map((label, n) => {
    const angle = (TURN * label) / K + twist * radii[n] + spread * random.normal();
    return [radii[n] * Math.cos(angle), radii[n] * Math.sin(angle)];
  });
  return { points, labels };
}

// Two classes, taken in turn; `place` returns where a point of a class belongs. The noise is the
// standard deviation of both coordinates around it. A pinwheel's is that of the angle, in
// radians.
function twoClasses(random, N, noise, place) {
  const labels = Array.from({ length: N }, (_, n) => n % 2);
  const points = labels.map((label) => {
    const [x1, x2] = place(label);
    return [x1 + noise * random.normal(), x2 + noise * random.normal()];
  });
  return { points, labels };
}

// A disc in a ring.
function circle(random, N, noise) {
  return twoClasses(random, N, noise, (label) => {
    const radius = label ? random.uniform(1.4, 2) : 0.9 * Math.sqrt(random.uniform(0, 1));
    const angle = random.uniform(0, TURN);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

// Four squares: the class is whether the signs of x1 and x2 differ.
function xor(random, N, noise) {
  return twoClasses(random, N, noise, (label) => {
    const x1 = random.uniform(0.25, 2);
    const x2 = random.uniform(0.25, 2);
    const side = random.uniform(0, 1) < 0.5 ? 1 : -1;
    return [side * x1, (label ? -side : side) * x2];
  });
}

// Two arms that wind around each other once.
function spiral(random, N, noise) {
  return twoClasses(random, N, noise, (label) => {
    const part = random.uniform(0, 1);
    const radius = 0.25 + 1.75 * part;
    const angle = TURN * (part + label / 2);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

export const SETS = {
  pinwheel: (random, N, noise, twist) => pinwheel(random, N, 3, twist, noise),
  circle,
  xor,
  spiral,
};

// Draws a set, with as many fresh points, which are for testing only. The coordinates are rounded
// to four decimals, as in the homework's files.
export function drawSet(name, N, noise, seed, twist) {
  const rounded = (set) => {
    const points = set.points.map((point) => point.map((v) => Number(v.toFixed(4))));
    return { points, labels: set.labels };
  };
  const drawn = (stream) => rounded(SETS[name](randomState(stream), N, noise, twist));
  return { ...drawn(seed), fresh: drawn(seed + FRESH) };
}
