// Problem 1's program, computed: the values, gradients and shares of steps.py's trees, the
// sentences with their numbers, and gradient descent. Its twin is the notebook's pair of functions.
import { number } from "./ui.js";

const MOST_DESCENTS = 2000; // steps in search of the minimum
const FLAT = 1e-6; // length of a gradient that counts as zero
const NUMBER = /−?\d+(\.\d+)?(·10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?/g;

const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => (b === undefined ? -a : a - b),
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a) => a * a,
  exp: (a) => Math.exp(a),
};

// The value of a tree such as ["+", ["v", "m1"], 2]; `known` has v, values, and g, gradients.
export function evaluate(tree, known) {
  if (typeof tree === "number") return tree;
  const [head, first, second] = tree;
  if (head === "v" || head === "g") return known[head][first];
  const right = second === undefined ? undefined : evaluate(second, known);
  return OPERATIONS[head](evaluate(first, known), right);
}

// Takes all steps at a point. Returns v and g by node, local derivatives and shares by edge, the
// result of each step, and whether all of them are finite.
export function compute(program, point) {
  const numbers = { v: { ...point }, g: {}, locals: {}, shares: {}, results: [] };
  const now = { point, ...numbers, finite: true };
  for (const step of program.steps) {
    const result = evaluate(step.tree, now);
    if (step.gives === "value") now.v[step.node] = result;
    if (step.gives === "gradient") now.g[step.node] = result;
    if (step.edge) {
      now.shares[step.edge] = result;
      now.locals[step.edge] = evaluate(step.local, now);
    }
    now.results.push(result);
    now.finite &&= Number.isFinite(result);
  }
  now.finite &&= Object.values(point).every(Number.isFinite);
  return now;
}

// The node that the last line of `forward` computes: f.
export function outcome(program) {
  return program.steps.filter((step) => step.gives === "value").at(-1).node;
}

// f alone, as a function of a point: the map needs it thousands of times.
export function functionOf(program) {
  const steps = program.steps.filter((step) => step.gives === "value");
  const last = outcome(program);
  const known = { v: {} };
  return (point) => {
    Object.assign(known.v, point);
    for (const step of steps) known.v[step.node] = evaluate(step.tree, known);
    return known.v[last];
  };
}

// One step against the gradient, as part (c) takes it.
export function descend(program, now, rate) {
  const w1 = now.point.w1 - rate * now.g.w1;
  const w2 = now.point.w2 - rate * now.g.w2;
  return compute(program, { ...now.point, w1, w2 });
}

// The weights where f is smallest for these inputs; null if they are not found. The rate is halved
// until f falls by a fair part of what the gradient promises.
export function minimum(program, point) {
  const f = outcome(program);
  let now = compute(program, { ...point, w1: 0, w2: 0 });
  let rate = 1;
  for (let i = 0; i < MOST_DESCENTS && now.finite; i += 1) {
    const steepness = Math.hypot(now.g.w1, now.g.w2);
    if (steepness < FLAT) return [now.point.w1, now.point.w2];
    const next = descend(program, now, rate);
    if (next.v[f] <= now.v[f] - 0.1 * rate * steepness ** 2) now = next;
    else rate /= 2;
  }
  return null;
}

function bracketed(value) {
  const text = number(value);
  return text.startsWith("−") ? `(${text})` : text;
}

// The sentence of step i in HTML, with the numbers of now; its result is hidden if `hidden`.
export function sentence(program, now, i, hidden = false) {
  const result = hidden ? "?" : number(now.results[i]);
  return program.steps[i].sentence.replace(/\{(\(?)(.*?)\)?\}/g, (_, bracket, name) => {
    if (name === "result") return `<b>${result}</b>`;
    const [owner, node] = name.split(".");
    const value = node ? now[owner][node] : now.shares[name];
    return bracket ? bracketed(value) : number(value);
  });
}

// Keeps the numbers of a sentence in HTML from being broken over two lines.
export function unbroken(html) {
  return html.replace(NUMBER, '<span class="number">$&</span>');
}

// Whether a guess is within a hundredth of the number, or equal to it in three decimals.
export function isRight(guess, truth) {
  return Math.abs(guess - truth) <= Math.max(0.0005, 0.01 * Math.abs(truth));
}

// What is known after `at` steps: "value z", "gradient z", "share w1 m1", and "edge w1 m1" for an
// edge that a gradient has come back along.
export function whatIsKnown(program, now, at) {
  const known = new Set(Object.keys(now.point).map((name) => `value ${name}`));
  for (const step of program.steps.slice(0, at)) {
    known.add(`${step.gives} ${step.gives === "share" ? step.edge : step.node}`);
    if (step.edge) known.add(`edge ${step.edge}`);
  }
  return known;
}
