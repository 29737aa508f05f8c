// What linear models say about an image, and why: the twin of common.py's Linear.
// An image enters as its bytes, 0 to 255; the models see 0 to 1.
import { floats } from "./ui.js";
import { softmax } from "./core.js";

// A linear model from its parameters: a row of weights and a bias for each class.
export function linearModel([W, b]) {
  const inputs = W.shape[1];
  const values = floats(W);
  return { rows: b.map((_, k) => values.subarray(k * inputs, (k + 1) * inputs)), biases: b };
}

// The same model without what all its rows have in common: that part moves all scores alike, and
// softmax does not see it.
export function withoutCommonPart({ rows, biases }) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const common = rows[0].map((_, i) => mean(rows.map((row) => row[i])));
  const bias = mean(biases);
  return {
    rows: rows.map((row) => row.map((weight, i) => weight - common[i])),
    biases: biases.map((b) => b - bias),
  };
}

// What each pixel adds to the score of class k.
export function evidence({ rows }, image, k) {
  return rows[k].map((weight, i) => weight * (image[i] / 255));
}

// A score as a sum: the bias, the ink that speaks for the class, and the ink against it.
export function scoreSum(bias, shares) {
  let ahead = 0;
  let against = 0;
  for (const share of shares)
    if (share > 0) ahead += share;
    else against += share;
  return { bias, ahead, against, score: bias + ahead + against };
}

export function probabilities(model, image) {
  const scores = model.biases.map((bias, k) =>
    evidence(model, image, k).reduce((sum, share) => sum + share, bias));
  return [...softmax(scores)];
}

// The classes, the most probable first.
export function ranked(values) {
  return values.map((_, k) => k).sort((i, j) => values[j] - values[i]);
}
