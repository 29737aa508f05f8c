// Guess first: a field for the number that the next step gives. A wrong guess gets one hint, and
// right ones at the first try are counted.
import { isRight } from "./program.js";
import { add, button, enable, number, say, spoken } from "./ui.js";

const BEGIN = "Press Next: its result is hidden until you have guessed it. Play rests meanwhile.";
const WAYS = {
  value: "Put the numbers into the formula.",
  share: "Multiply both numbers.",
  gradient: "Add the shares, or read the line again.",
};

// The number that a text says; NaN if it says none.
export function numberIn(text) {
  return text.trim() ? Number(text) : NaN;
}

// The number that a reader types: also a fraction, a true minus sign, or a decimal comma.
function typed(text) {
  const [above, below, ...rest] = text.replaceAll("−", "-").replaceAll(",", ".").split("/");
  const value = below === undefined ? numberIn(above) : numberIn(above) / numberIn(below);
  return rest.length === 0 && Number.isFinite(value) ? value : NaN;
}

// One hint for a wrong guess, without the number itself: after the first guess, how to compute it.
function hint(step, guess, truth, isFirst) {
  if (isRight(-guess, truth)) return "Mind the sign.";
  if (isFirst) return step.edge ? WAYS.share : WAYS[step.gives];
  return `It is ${Math.abs(guess) > Math.abs(truth) ? "too far from" : "too near to"} 0.`;
}

// `asked()` returns the step that is asked for and its result; `solved()` is called when it may be
// shown.
export class Question {
  constructor(parent, asked, solved) {
    this.asked = asked;
    this.solved = solved;
    this.streak = 0; // right ones, one after the other
    this.isFirst = true; // no guess has been made at this step
    this.build(parent);
  }

  build(parent) {
    this.form = add(parent, "form", { className: "row question", hidden: true });
    const label = add(this.form, "label", { textContent: "your guess " });
    this.field = add(label, "input", { type: "text", autocomplete: "off", size: 8 });
    this.check = add(this.form, "button", { type: "submit", textContent: "Check" });
    this.reveal = button(this.form, "Show me", () => this.tell());
    this.verdict = spoken(this.form, "verdict");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.judge(typed(this.field.value));
    });
  }

  ask() {
    this.isFirst = true;
    this.field.value = "";
    say(this.verdict, "");
  }

  judge(guess) {
    const { step, result } = this.asked();
    if (Number.isNaN(guess)) say(this.verdict, "Type a number, such as −0.25 or 1/3.");
    else if (isRight(guess, result)) this.praise();
    else this.refuse(step, guess, result);
  }

  praise() {
    this.streak += this.isFirst ? 1 : 0;
    const row = this.streak ? ` ${this.streak} in a row at the first try.` : "";
    say(this.verdict, `<b>Right.</b>${row}`);
    this.solved();
  }

  refuse(step, guess, result) {
    const text = hint(step, guess, result, this.isFirst);
    say(this.verdict, `Not yet: ${number(guess)}. ${text}`);
    this.isFirst = false;
    this.streak = 0;
    this.field.select();
  }

  tell() {
    this.streak = 0;
    say(this.verdict, "Shown. A new row begins.");
    this.solved();
  }

  reset() {
    this.streak = 0;
    say(this.verdict, BEGIN);
  }

  show(guessing, isAsked) {
    this.form.hidden = !guessing;
    for (const control of [this.field, this.check, this.reveal]) enable(control, isAsked);
  }
}
