// What a network says all over the plane: the shading (how sure of which class), the lines between
// the regions, and where each hidden unit speaks.

import { rgb, scratch } from "./ui.js";
import { classColour } from "./board.js";
import { forward, softmax, space } from "./core.js";

const FINE = 105; // places in a row and in a column, for the shading
const COARSE = 26; // the same, for the picture of a hidden unit
const FAINT = 0.1; // how much of the colour is shown where the network is not sure at all ...
const STRONG = 0.5; // ... and where it is quite sure

// side x side places from edge to edge of the plane, row after row from the top, as one flat array.
function places({ left, top, extent }, side) {
  const grid = new Float64Array(2 * side * side);
  const apart = extent / (side - 1);
  for (let i = 0; i < side * side; i += 1) {
    grid[2 * i] = left + (i % side) * apart;
    grid[2 * i + 1] = top - Math.floor(i / side) * apart;
  }
  return grid;
}

// The logits at all places, into one flat array: core.js's forward, but quicker, because a picture
// needs 11 025 of them at each frame.
export function scoresOfAll(network, grid, logits) {
  const { W, b, M: K, D } = network.at(-1);
  const first = network.length > 1 ? network[0] : null;
  const places = grid.length / 2;
  for (let i = 0; i < places; i += 1) {
    const at = i * K;
    for (let k = 0; k < K; k += 1) logits[at + k] = b[k];
    for (let d = 0; d < D; d += 1) {
      const input = first
        ? first.W[2 * d] * grid[2 * i] + first.W[2 * d + 1] * grid[2 * i + 1] + first.b[d]
        : grid[2 * i + d];
      if (first && input <= 0) continue; // the ReLU: nothing to add
      for (let k = 0; k < K; k += 1) logits[at + k] += W[k * D + d] * input;
    }
  }
}

export class Field {
  constructor(limits, K) {
    this.K = K;
    this.side = FINE;
    this.fine = places(limits, FINE);
    this.coarse = places(limits, COARSE);
    this.logits = new Float64Array(FINE * FINE * K);
    this.classes = new Uint8Array(FINE * FINE);
    this.image = new ImageData(FINE, FINE);
    this.small = scratch(FINE, FINE);
    this.lines = new Path2D();
    this.colours = Array.from({ length: K }, (_, k) => rgb(classColour(k)));
  }

  // Computes the shading on paper of a colour, and the lines between the regions.
  fill(network, paper) {
    const { K, logits, classes, image } = this;
    scoresOfAll(network, this.fine, logits);
    const out = new Float64Array(K);
    const q = new Float64Array(K);
    for (let i = 0; i < FINE * FINE; i += 1) {
      let best = 0;
      for (let k = 0; k < K; k += 1) {
        out[k] = logits[i * K + k];
        if (out[k] > out[best]) best = k;
      }
      softmax(out, q);
      classes[i] = best;
      this.shade(image.data, 4 * i, q, q[best], paper);
    }
    this.small.getContext("2d").putImageData(image, 0, 0);
    this.lines = this.borders();
  }

  // Paints the shading into a square of a canvas; the outer fields stick out by a half.
  paint(pen, left, top, side) {
    const half = side / (FINE - 1) / 2;
    pen.drawImage(this.small, left - half, top - half, side + 2 * half, side + 2 * half);
  }

  // The colours of the classes, mixed by their probabilities: stronger where one is likelier.
  shade(data, at, q, largest, paper) {
    const sure = this.K > 1 ? (largest * this.K - 1) / (this.K - 1) : 1;
    const part = FAINT + (STRONG - FAINT) * sure;
    for (let c = 0; c < 3; c += 1) {
      let mixed = 0;
      for (let k = 0; k < this.K; k += 1) mixed += q[k] * this.colours[k][c];
      data[at + c] = (1 - part) * paper[c] + part * mixed;
    }
    data[at + 3] = 255;
  }

  // The lines between the regions, in parts of the plane's side.
  borders() {
    const lines = new Path2D();
    const { classes } = this;
    for (let row = 0; row < FINE - 1; row += 1)
      for (let column = 0; column < FINE - 1; column += 1) {
        const i = row * FINE + column;
        const first = classes[i];
        const same = first === classes[i + 1] && first === classes[i + FINE]
          && first === classes[i + FINE + 1];
        if (!same) this.border(lines, row, column);
      }
    return lines;
  }

  // Between four places, a class's region ends where its lead over the best other class is 0.
  border(lines, row, column) {
    const corners = [[0, 0], [0, 1], [1, 1], [1, 0]];
    const fields = corners.map(([down, right]) => (row + down) * FINE + column + right);
    const kinds = [...new Set(fields.map((i) => this.classes[i]))];
    for (const k of kinds.slice(kinds.length === 2 ? 1 : 0)) {
      const leads = fields.map((i) => this.lead(i, k));
      const ends = [];
      corners.forEach(([down, right], j) => {
        const next = (j + 1) % 4;
        if ((leads[j] > 0) === (leads[next] > 0)) return;
        const part = leads[j] / (leads[j] - leads[next]);
        const y = row + down + part * (corners[next][0] - down);
        const x = column + right + part * (corners[next][1] - right);
        ends.push([x / (FINE - 1), y / (FINE - 1)]);
      });
      for (let j = 0; j + 1 < ends.length; j += 2) {
        lines.moveTo(...ends[j]);
        lines.lineTo(...ends[j + 1]);
      }
    }
  }

  lead(i, k) {
    let other = -Infinity;
    for (let j = 0; j < this.K; j += 1)
      if (j !== k) other = Math.max(other, this.logits[i * this.K + j]);
    return this.logits[i * this.K + k] - other;
  }

  // The hidden units' outputs, unit after unit; each at COARSE x COARSE places.
  activations(network) {
    const { M } = network[0];
    const outputs = space(network);
    const fields = COARSE * COARSE;
    const values = new Float32Array(M * fields);
    for (let i = 0; i < fields; i += 1) {
      forward(network, this.coarse, i, outputs);
      for (let m = 0; m < M; m += 1) values[m * fields + i] = Math.max(0, outputs[0][m]);
    }
    return { values, side: COARSE };
  }
}
