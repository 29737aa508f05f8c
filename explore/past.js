// The states that training has passed through: each a network of its own, with what was measured
// then. Every one of them can be brought back, bit for bit, and training can go on from there.

const MOST_KEPT = 400;

export class Past {
  constructor(network, measured) {
    this.states = [{ step: 0, network, measured }];
    this.apart = 1; // how many steps kept states are apart, at least
    this.at = 0; // the state that is shown
  }

  get shown() {
    return this.states[this.at];
  }

  get last() {
    return this.states.at(-1);
  }

  // Adds the state after the shown one; what came after that until now is dropped. The last state
  // stays kept only if it is far enough from the one before.
  add(step, network, measured) {
    this.states.length = this.at + 1;
    const before = this.states.at(-2);
    if (before && this.shown.step - before.step < this.apart) this.states.pop();
    this.states.push({ step, network, measured });
    if (this.states.length > MOST_KEPT) this.thin();
    this.at = this.states.length - 1;
  }

  // Keeps the first and the last state, and between them about every second one.
  thin() {
    this.apart = Math.ceil((2 * this.last.step) / MOST_KEPT);
    let kept = 0;
    this.states = this.states.filter((state, i) => {
      const far = i === 0 || state === this.last || state.step - kept >= this.apart;
      if (far) kept = state.step;
      return far;
    });
  }
}
