// Whether straight lines can separate some points: the linear programme of points.py, solved here
// by the simplex method; its answer counts only if it can be proven in whole numbers.
//
// A point n of class c and another class k ask for score_n(c) - score_n(k) = a . V > 0, where V are
// all rows of (W, b) in one, and a is z_n = (x_n, 1) in the place of c, -z_n in that of k.

const SMALL = 1e-9; // in the tableau, this is taken for 0
const STALLED = 50; // steps without progress; then by Bland's rule, which does not cycle
const MOST_STEPS = 20_000; // rounding might make it cycle after all

// Decides. `total` is the sum of the slacks that the programme's W and b leave, and `inTheWay`
// marks the points that these get wrong: without them, W and b separate all the others.
// `separable` is null if neither answer could be proven.
export function separability(points, labels) {
  const K = Math.max(...labels) + 1;
  const scaled = standardised(points);
  if (!scaled.rows.flat().every(Number.isFinite)) return unknown(points, K); // beyond floats
  const pairs = rivals(labels, [...Array(K).keys()]);
  const { total, V } = leastSlack(scaled.rows, labels, K, pairs);
  const { W, b } = scaled.back(V, K);
  const inTheWay = wrongPoints(points, labels, W, b);
  if (!inTheWay.includes(true)) return { separable: true, proof: null, inTheWay, total, W, b };
  const proof = findOverlap(points, scaled.rows, labels, K);
  return { separable: proof ? false : null, proof, inTheWay, total, W, b };
}

function unknown(points, K) {
  const W = Array.from({ length: K }, () => [0, 0]);
  const inTheWay = points.map(() => false);
  return { separable: null, proof: null, inTheWay, total: NaN, W, b: Array(K).fill(0) };
}

// The rows (x1, x2, 1), centred and scaled, which suits the simplex method; `back` turns V into the
// W and b for the points as they are.
function standardised(points) {
  const columns = [0, 1].map((d) => {
    const values = points.map((point) => point[d]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const largest = Math.max(...values.map((value) => Math.abs(value - mean))) || 1;
    return { mean, largest };
  });
  const rows = points.map((point) => {
    const scaled = columns.map(({ mean, largest }, d) => (point[d] - mean) / largest);
    return [...scaled, 1];
  });
  const back = (V, K) => {
    const W = [];
    const b = [];
    for (let k = 0; k < K; k += 1) {
      const [v1, v2, v3] = V.slice(3 * k, 3 * k + 3);
      const w = [v1, v2].map((v, d) => v / columns[d].largest);
      W.push(w);
      b.push(v3 - w[0] * columns[0].mean - w[1] * columns[1].mean);
    }
    return { W, b };
  };
  return { rows, back };
}

// The pairs (point, another class), all of these classes.
function rivals(labels, classes) {
  return labels.flatMap((label, point) => {
    if (!classes.includes(label)) return [];
    return classes.filter((k) => k !== label).map((rival) => ({ point, rival }));
  });
}

// The row a of each pair; the scores of class 0 can be 0, because only differences count.
function differences(rows, labels, K, pairs) {
  return pairs.map(({ point, rival }) => {
    const a = Array(3 * (K - 1)).fill(0);
    const label = labels[point];
    rows[point].forEach((value, d) => {
      if (label > 0) a[3 * (label - 1) + d] += value;
      if (rival > 0) a[3 * (rival - 1) + d] -= value;
    });
    return a;
  });
}

// Minimises the sum of slacks s_n >= 0 under a . V >= 1 - s_n. Its dual is solved: maximise the sum
// of y >= 0, one for each pair, under sum of y a = 0 and, for each point, a sum of its y of 1 at
// most.
function leastSlack(rows, labels, K, pairs) {
  const columns = differences(rows, labels, K, pairs);
  const { total, prices } = simplex(columns, pairs.map(({ point }) => point), rows.length);
  return { total, V: [0, 0, 0, ...prices] };
}

// Looks for weights of pairs, at least 0 and not all 0, whose sum of weight a is 0. If a . V were
// positive for all of them, so would be their sum: so no V separates. Two classes are enough, if
// there are such, because their common point can be drawn.
function findOverlap(points, rows, labels, K) {
  const all = [...Array(K).keys()];
  const twos = all.flatMap((a) => all.slice(a + 1).map((b) => [a, b]));
  for (const classes of [...twos, ...(K > 2 ? [all] : [])]) {
    const pairs = rivals(labels, classes);
    const columns = differences(rows, labels, K, pairs);
    const { y } = simplex(columns, pairs.map(() => 0), 1);
    const used = pairs.filter((_, i) => y[i] > SMALL);
    const weights = exactWeights(points, labels, K, used);
    if (weights) return overlap(points, labels, classes, used, weights);
  }
  return null;
}

function overlap(points, labels, classes, used, weights) {
  const members = used.map((pair, i) => ({ ...pair, weight: weights[i] }));
  if (classes.length > 2) return { members, classes: null, common: null };
  const first = members.filter(({ point }) => labels[point] === classes[0]);
  const weight = first.reduce((sum, member) => sum + member.weight, 0);
  const common = [0, 1].map((d) =>
    first.reduce((sum, member) => sum + member.weight * points[member.point][d], 0) / weight);
  return { members, classes, common };
}

// Maximises the sum of y >= 0 under sum of y_j columns[j] = 0, and for each group a sum of its y of
// at most 1. Returns y, the total, and of the dual solution the price of each equation. The
// equations are kept by artificial variables that stay 0: they leave the basis as soon as they can.
function simplex(columns, group, groups) {
  const E = columns[0]?.length ?? 0;
  const Y = columns.length;
  const rows = E + groups;
  const right = Y + groups + E; // the column of the right-hand sides
  const table = Array.from({ length: rows + 1 }, () => new Float64Array(right + 1));
  const costs = table[rows];
  columns.forEach((column, j) => {
    column.forEach((value, e) => {
      table[e][j] = value;
    });
    table[E + group[j]][j] = 1;
    costs[j] = -1;
  });
  for (let g = 0; g < groups; g += 1) table[E + g][Y + g] = table[E + g][right] = 1;
  for (let e = 0; e < E; e += 1) table[e][Y + groups + e] = 1;
  const basis = Array.from({ length: rows }, (_, i) => (i < E ? Y + groups + i : Y + i - E));

  let stalled = 0;
  for (let count = 0; count < MOST_STEPS; count += 1) {
    const enter = entering(costs, Y + groups, stalled > STALLED);
    if (enter < 0) break;
    const { leave, ratio } = leaving(table, basis, enter, Y + groups);
    stalled = ratio > SMALL ? 0 : stalled + 1;
    pivot(table, leave, enter);
    basis[leave] = enter;
  }
  const y = new Float64Array(Y);
  basis.forEach((variable, i) => {
    if (variable < Y) y[variable] = table[i][right];
  });
  return { y, total: costs[right], prices: costs.slice(Y + groups, right) };
}

// The variable that gains most; by Bland's rule, the first that gains at all. None: -1.
function entering(costs, variables, byBland) {
  let best = -1;
  for (let j = 0; j < variables; j += 1) {
    if (costs[j] >= -SMALL || (best >= 0 && costs[j] >= costs[best])) continue;
    best = j;
    if (byBland) break;
  }
  return best;
}

// The row whose variable reaches 0 first, when the entering one grows. An artificial variable is 0
// and must stay so: it leaves at once, whatever the sign.
function leaving(table, basis, enter, variables) {
  const right = table[0].length - 1;
  let leave = -1;
  let ratio = Infinity;
  for (let i = 0; i < basis.length; i += 1) {
    const slope = table[i][enter];
    if (basis[i] >= variables && Math.abs(slope) > SMALL) return { leave: i, ratio: 0 };
    if (slope <= SMALL) continue;
    const reach = table[i][right] / slope;
    const tie = Math.abs(reach - ratio) < 1e-12 && basis[i] < basis[leave];
    if (reach < ratio - 1e-12 || tie) [leave, ratio] = [i, reach];
  }
  return { leave, ratio };
}

function pivot(table, leave, enter) {
  const row = table[leave];
  const factor = row[enter];
  const used = [];
  for (let j = 0; j < row.length; j += 1) {
    if (row[j] === 0) continue;
    row[j] /= factor;
    used.push(j);
  }
  for (const other of table) {
    const slope = other[enter];
    if (other === row || slope === 0) continue;
    for (const j of used) other[j] -= slope * row[j];
    other[enter] = 0;
  }
}

// From here on: without rounding. A number is the shortest decimal that is read as it, as in
// points.py, and all numbers are multiplied by the same power of ten, so that they are whole.

function wholeNumbers(numbers) {
  const parts = numbers.map((number) => {
    const [digits, power] = number.toExponential().split("e");
    const decimals = (digits.split(".")[1] ?? "").length;
    return { digits: BigInt(digits.replace(".", "")), power: Number(power) - decimals };
  });
  const least = Math.min(0, ...parts.map(({ power }) => power));
  return parts.map(({ digits, power }) => digits * 10n ** BigInt(power - least));
}

// The rows (x1, x2, 1), times a power of ten.
function wholeRows(points) {
  const numbers = wholeNumbers([1, ...points.flat()]);
  return points.map((_, n) => [numbers[1 + 2 * n], numbers[2 + 2 * n], numbers[0]]);
}

// For each point, whether W and b fail to give its own class the highest score, and it alone.
function wrongPoints(points, labels, W, b) {
  const flat = wholeNumbers([...W.flat(), ...b]);
  const K = b.length;
  const V = b.map((_, k) => [flat[2 * k], flat[2 * k + 1], flat[2 * K + k]]);
  return wholeRows(points).map((row, n) => {
    const exact = V.map((v) => row.reduce((sum, value, d) => sum + value * v[d], 0n));
    return exact.some((score, k) => k !== labels[n] && score >= exact[labels[n]]);
  });
}

// The weights of some pairs for which sum of weight a = 0: whole numbers, found by elimination and
// put in again. Returns them as floats with the sum 1, or null unless all are positive.
function exactWeights(points, labels, K, pairs) {
  if (!pairs.length) return null;
  const rows = wholeRows(points);
  const columns = pairs.map(({ point, rival }) => {
    const a = Array(3 * K).fill(0n);
    rows[point].forEach((value, d) => {
      a[3 * labels[point] + d] += value;
      a[3 * rival + d] -= value;
    });
    return a;
  });
  const weights = nullVector(columns);
  if (!weights || weights.some((weight) => weight <= 0n)) return null;
  for (let e = 0; e < 3 * K; e += 1) {
    const sum = columns.reduce((total, column, j) => total + weights[j] * column[e], 0n);
    if (sum !== 0n) return null;
  }
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => Number((weight * 2n ** 60n) / total) / 2 ** 60);
}

// The only direction in which sum of weight_j columns[j] = 0, in whole numbers, its last entry
// positive. Null if it is not the only one. The elimination is Bareiss' (1968): each division comes
// out even, so the numbers stay short.
function nullVector(columns) {
  const last = columns.length - 1;
  const table = columns[0].map((_, e) => columns.map((column) => column[e]));
  const pivots = [];
  let before = 1n;
  for (let j = 0; j < last; j += 1) {
    const i = table.findIndex((row, at) => row[j] !== 0n && !pivots.includes(at));
    if (i < 0) return null;
    pivots.push(i);
    const top = table[i];
    table.forEach((row, at) => {
      if (at === i) return;
      const down = row[j];
      table[at] = row.map((value, k) => (value * top[j] - top[k] * down) / before);
    });
    before = top[j];
  }
  const sign = before > 0n ? 1n : -1n;
  return [...pivots.map((i) => -table[i][last] * sign), before * sign];
}
