// The numbers of common.py, computed in the browser: a network's scores, the KL loss, its gradients
// by hand, and steps against them. The letters are common.py's; an array is flat, row after row.

// numpy's RandomState: the Mersenne Twister (Matsumoto and Nishimura, 1998), seeded and used as
// numpy does. So a seed gives the network here that it gives in a notebook, up to the last digits.
export function randomState(seed) {
  const next = mersenneTwister(seed);
  const uniform = () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53; // 53 bits, below 1
  let second = null; // normal numbers are made in pairs
  const normal = () => {
    const kept = second;
    second = null;
    if (kept !== null) return kept;
    let x1;
    let x2;
    let square;
    do { // Marsaglia's polar method: a point in the unit circle
      x1 = 2 * uniform() - 1;
      x2 = 2 * uniform() - 1;
      square = x1 * x1 + x2 * x2;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    second = factor * x1;
    return factor * x2;
  };
  return { normal, uniform: (low, high) => low + (high - low) * uniform() };
}

function mersenneTwister(seed) {
  const [LENGTH, OFFSET] = [624, 397];
  const state = new Uint32Array(LENGTH);
  state[0] = seed;
  for (let i = 1; i < LENGTH; i += 1) {
    const before = state[i - 1];
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  const renew = () => {
    for (let i = 0; i < LENGTH; i += 1) {
      const joined = (state[i] & 0x80000000) | (state[(i + 1) % LENGTH] & 0x7fffffff);
      state[i] = state[(i + OFFSET) % LENGTH] ^ (joined >>> 1) ^ (joined & 1 ? 0x9908b0df : 0);
    }
  };
  let used = LENGTH;
  return () => {
    if (used === LENGTH) {
      renew();
      used = 0;
    }
    let word = state[used];
    used += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  };
}

// A layer is out = W in + b, with W (M, D) and b (M). A network is a list of layers, with a ReLU
// between each two of them.

export function linearLayer(W, b) {
  return { W: Float64Array.from(W), b: Float64Array.from(b), M: b.length, D: W.length / b.length };
}

export function linearNetwork(K, D = 2) {
  return [linearLayer(new Float64Array(K * D), new Float64Array(K))];
}

// Problem 3's network: weights and biases are drawn in the order of the notebook.
export function twoLayers(hidden, seed, K, D = 2) {
  const { normal } = randomState(seed);
  const draw = (count) => Float64Array.from({ length: count }, normal);
  const first = linearLayer(draw(hidden * D), draw(hidden));
  const second = linearLayer(draw(K * hidden), draw(K));
  return [first, second];
}

export function copyNetwork(network) {
  return network.map(({ W, b }) => linearLayer(W, b));
}

const relu = (value) => (value < 0 ? 0 : value); // as numpy, it lets nan pass

// Computes each layer's output for point n of x, before the ReLU: the last are the logits. Space
// for the outputs may be passed, as `space` made it.
export function forward(network, x, n = 0, values = space(network)) {
  const [{ D: width }] = network;
  network.forEach(({ W, b, M, D }, i) => {
    const out = values[i];
    for (let m = 0; m < M; m += 1) {
      let sum = b[m];
      for (let d = 0; d < D; d += 1) {
        const input = i === 0 ? x[n * width + d] : relu(values[i - 1][d]);
        sum += W[m * D + d] * input;
      }
      out[m] = sum;
    }
  });
  return values;
}

export function space(network) {
  return network.map(({ M }) => new Float64Array(M));
}

// The logarithms of the probabilities. The largest logit is taken off first: this changes no
// probability, and exp cannot overflow.
export function logSoftmax(logits, out = new Float64Array(logits.length)) {
  const top = logits[predicted(logits)];
  let total = 0;
  for (let k = 0; k < logits.length; k += 1) {
    out[k] = logits[k] - top;
    total += Math.exp(out[k]);
  }
  const logTotal = Math.log(total);
  for (let k = 0; k < logits.length; k += 1) out[k] -= logTotal;
  return out;
}

export function softmax(logits, q = new Float64Array(logits.length)) {
  logSoftmax(logits, q);
  for (let k = 0; k < q.length; k += 1) q[k] = Math.exp(q[k]);
  return q;
}

// The class with the highest score; of equal ones the first, as numpy's argmax does.
export function predicted(logits) {
  let best = 0;
  for (let k = 1; k < logits.length; k += 1) if (logits[k] > logits[best]) best = k;
  return best;
}

// The mean KL loss for one-hot targets, the accuracy, and the gradients { W, b } of each layer.
export function lossAndGradients(network, x, labels) {
  const N = labels.length;
  const gradients = network.map(({ W, b }) => ({
    W: new Float64Array(W.length),
    b: new Float64Array(b.length),
  }));
  const values = space(network);
  const dvalues = space(network);
  let loss = 0;
  let right = 0;
  for (let n = 0; n < N; n += 1) {
    const logits = forward(network, x, n, values).at(-1);
    const label = labels[n];
    right += predicted(logits) === label;
    const dlogits = logSoftmax(logits, dvalues.at(-1));
    loss -= dlogits[label];
    for (let k = 0; k < dlogits.length; k += 1) {
      dlogits[k] = (Math.exp(dlogits[k]) - (k === label)) / N; // (q - t) / N
    }
    backward(network, x, n, values, dvalues, gradients);
  }
  return { loss: loss / N, accuracy: right / N, gradients };
}

// From the last layer to the first: dW += dout in^T, db += dout, and din = W^T dout goes on to
// the layer before where its ReLU has let the value pass.
function backward(network, x, n, values, dvalues, gradients) {
  for (let i = network.length - 1; i >= 0; i -= 1) {
    const { W, M, D } = network[i];
    const { W: dW, b: db } = gradients[i];
    const dout = dvalues[i];
    for (let d = 0; d < D; d += 1) {
      const before = i === 0 ? x[n * D + d] : values[i - 1][d];
      const input = i === 0 ? before : relu(before);
      let din = 0;
      for (let m = 0; m < M; m += 1) {
        dW[m * D + d] += dout[m] * input;
        din += dout[m] * W[m * D + d];
      }
      if (i > 0) dvalues[i - 1][d] = before > 0 ? din : 0;
    }
    for (let m = 0; m < M; m += 1) db[m] += dout[m];
  }
}

// One step against the gradient. Returns the loss and the accuracy before it.
export function trainingStep(network, x, labels, learningRate) {
  const { loss, accuracy, gradients } = lossAndGradients(network, x, labels);
  network.forEach((layer, i) => {
    for (const name of ["W", "b"]) {
      const [values, gradient] = [layer[name], gradients[i][name]];
      for (let j = 0; j < values.length; j += 1) values[j] -= learningRate * gradient[j];
    }
  });
  return { loss, accuracy };
}
