// What the models say about a drawing, and why: bars for the probabilities, pictures of what each
// pixel adds, and the two highest scores as sums.
import { add, canvas, number, say } from "./ui.js";

export const MODELS = ["mean images", "trained model"];
export const DIGITS = [...Array(10).keys()];
const SMALL = 170; // pixels of a picture of 28 x 28
const SURE = 0.9995; // more would be rounded to 100.0 %
const VIVID = 0.6; // of the largest share: so much and more has the full colour
const FOR = [178, 24, 43]; // red and blue, as in the report's figures
const AGAINST = [33, 102, 172];
const BLANK = new Float64Array(784);
const NO_ANSWER = {
  image: BLANK,
  answers: MODELS.map(() => DIGITS.map(() => 0)),
  best: ["the best digit", "the second"],
  evidence: [BLANK, BLANK],
};

export function percent(q) {
  if (q >= SURE) return "> 99.9 %";
  return q < 1 - SURE ? "< 0.1 %" : `${(100 * q).toFixed(1)} %`;
}

// The side of the answers.
export class Answers {
  constructor(parent) {
    this.showBars = bars(parent);
    this.reasons = add(parent, "div", { className: "reasons" });
    const pictures = add(this.reasons, "div", { className: "pictures" });
    this.seen = picture(pictures, "what the models see");
    this.maps = [picture(pictures, ""), picture(pictures, "")];
    this.showSums = sums(this.reasons);
  }

  // Shows an answer: `image`, the models' `answers`, and for the `best` two digits of the trained
  // model their `evidence` and `sums`; or null where nothing is drawn.
  show(answer) {
    const { image, answers, best, evidence } = answer ?? NO_ANSWER;
    this.reasons.classList.toggle("idle", !answer);
    this.showBars(answers);
    drawPixels(this.seen, image, 255, false);
    const limit = VIVID * Math.max(...evidence.flatMap((map) => [...map].map(Math.abs))) || 1;
    this.maps.forEach((map, i) => {
      drawPixels(map, evidence[i], limit, true);
      map.caption.textContent = `red speaks for ${best[i]}, striped blue against it`;
      map.node.setAttribute("aria-label", map.caption.textContent);
    });
    if (answer) this.showSums(best, answer.sums);
  }
}

function picture(parent, text) {
  const figure = add(parent, "figure");
  const paper = canvas(figure, SMALL, SMALL, text);
  paper.node.classList.add("paper");
  return { ...paper, caption: add(figure, "figcaption", { textContent: text }) };
}

// Draws 28 x 28 values as squares: ink is black, or red if it speaks for a digit, blue if against;
// stripes tell the blue squares from the red ones without colours.
function drawPixels({ pen, width }, values, limit, signed) {
  const side = width / 28;
  pen.clearRect(0, 0, width, width);
  values.forEach((value, i) => {
    const part = Math.min(1, Math.abs(value) / limit);
    if (!part) return;
    const [x, y] = [side * (i % 28), side * Math.floor(i / 28)];
    const full = signed ? (value > 0 ? FOR : AGAINST) : [0, 0, 0];
    pen.fillStyle = `rgb(${full.map((c) => Math.round(255 - part * (255 - c)))})`;
    pen.fillRect(x, y, side, side);
    if (!signed || value > 0) return;
    pen.fillStyle = `rgba(255, 255, 255, ${0.75 * part})`;
    pen.fillRect(x, y + 0.4 * side, side, 0.2 * side);
  });
}

function bars(parent) {
  const grid = add(parent, "div", { className: "bars" });
  for (const title of ["", ...MODELS]) add(grid, "span", { className: "head", textContent: title });
  const rows = DIGITS.map((digit) => {
    add(grid, "span", { className: "digit", textContent: digit });
    return MODELS.map(() => {
      const bar = add(grid, "div", { className: "bar", role: "img" });
      return { bar, length: add(add(bar, "div"), "span"), share: add(bar, "small") };
    });
  });
  return (answers) => answers.forEach((model, column) => model.forEach((q, digit) => {
    const { bar, length, share } = rows[digit][column];
    bar.classList.toggle("best", q > 0 && q === Math.max(...model));
    length.style.width = `${100 * q}%`;
    share.textContent = q < 1 - SURE ? "" : percent(q);
    bar.setAttribute("aria-label", `${MODELS[column]}, ${digit}: ${q ? percent(q) : "no answer"}`);
  }));
}

// The scores of the trained model's two best digits.
function sums(parent) {
  const box = add(parent, "div", { className: "sums" });
  add(box, "p", { className: "head", textContent: "the trained model's two highest scores" });
  const rows = [sumRow(box), sumRow(box)];
  const lead = add(box, "p");
  add(box, "p", { className: "note" }).textContent =
    "What all ten scores have in common is taken out, because softmax does not see it; " +
    "numbers are rounded.";
  return (best, parts) => {
    const ends = parts.flatMap(({ bias, ahead, score }) => [0, bias, bias + ahead, score]);
    const axis = [Math.min(...ends), Math.max(...ends, Number.MIN_VALUE)];
    rows.forEach((show, i) => show(best[i], parts[i], axis));
    say(lead, leadText(best, parts));
  };
}

// One digit's score as a sum: bars that begin where the one before ends.
function sumRow(parent) {
  const row = add(parent, "div", { className: "sum" });
  const line = add(row, "p");
  const track = add(row, "div", { className: "track", "aria-hidden": "true" });
  const [zero, bias, ahead, against, score] = ["zero", "bias", "ahead", "against", "score"]
    .map((className) => add(track, "span", { className }));
  return (digit, parts, axis) => {
    const summit = parts.bias + parts.ahead;
    say(line, sumText(digit, parts));
    placeBar(zero, 0, 0, axis);
    placeBar(bias, 0, parts.bias, axis);
    placeBar(ahead, parts.bias, summit, axis);
    placeBar(against, parts.score, summit, axis);
    placeBar(score, parts.score, parts.score, axis);
  };
}

function sumText(digit, { bias, ahead, against, score }) {
  return `<b>${digit}</b>: bias ${twoDecimals(bias)}
    + ink for it <b class="for">${twoDecimals(ahead)}</b>
    − ink against <b class="against">${twoDecimals(Math.abs(against))}</b>
    = <b>${twoDecimals(score)}</b>`;
}

// A bar from one score to another, on an axis from `low` to `high`.
function placeBar(bar, from, to, [low, high]) {
  const place = (value) => (100 * (value - low)) / (high - low);
  bar.style.left = `${place(Math.min(from, to))}%`;
  bar.style.width = `${place(Math.max(from, to)) - place(Math.min(from, to))}%`;
}

// How much more probable the best digit is than the second: e to the power of its lead. The power
// is that of the number one sees, so that a pocket calculator gives the same.
function leadText([best, second], [first, other]) {
  const lead = (first.score - other.score).toFixed(2);
  const times = number(Number(Math.exp(lead).toPrecision(3))).replace(/\.?0+·/, "·");
  return `The ${best} leads by ${lead}, so it is e<sup>${lead}</sup> ≈ ${times} times as probable
    as the ${second}.`;
}

function twoDecimals(value) {
  return value.toFixed(2).replace("-", "−");
}
