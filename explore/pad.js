// A pad to draw a digit on. Each change of the drawing goes to the kernel, also while the pen is
// down; the answer is shown beside the pad.
const SIZE = 280; // pixels of the page
const SHARP = 2; // pixels of the canvas for each of them, for fine screens
const UNITS = 100; // the pad's side in the units of a drawing
const PEN_SHARE = 0.12; // of a digit's longer side, as on paper; 0.10 to 0.16 are read equally well
const LEAST_PEN = 1; // units: the width at which a line begins
const LEAST_MOVE = 0.3; // units: a point that is nearer to the one before is left out
const STEP = 4; // units: how far an arrow key moves the pen
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const MODELS = ["mean images", "trained"];
const LABEL = "Draw here: mouse, pen, finger, or arrow keys (space: pen down, pen up).";
const GONE = "The kernel was restarted or has ended: run the notebook again to go on drawing.";

function add(parent, tag, properties = {}) {
  return Object.assign(parent.appendChild(document.createElement(tag)), properties);
}

function button(parent, text, action) {
  return add(parent, "button", { textContent: text, type: "button", onclick: action });
}

// A line of text that a screen reader reads out when it changes.
function spoken(parent, className) {
  const line = add(parent, "p", { className: `readout ${className}` });
  line.setAttribute("role", "status");
  return line;
}

function canvas(parent, side, label, pixels) {
  const node = add(parent, "canvas", { width: pixels, height: pixels, className: "paper" });
  const imageRendering = pixels < side ? "pixelated" : "auto";
  Object.assign(node.style, { width: `${side}px`, imageRendering });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  return node;
}

function titled(parent, side, label, pixels) {
  const figure = add(parent, "figure");
  const node = canvas(figure, side, label, pixels);
  return [node, add(figure, "figcaption", { textContent: label })];
}

// A small digit gets a thin line, a large one a thick line: both look the same when one is
// enlarged to the size of the other, as is done before the models see them.
function penWidth(strokes) {
  const sides = [0, 1].map((axis) => {
    const values = strokes.flat().map((point) => point[axis]);
    return Math.max(...values) - Math.min(...values);
  });
  return Math.max(LEAST_PEN, Math.round(100 * PEN_SHARE * Math.max(...sides)) / 100);
}

// The curve in which the corner cutting of handwriting.py ends: the screen shows what is sent.
function trace(context, points) {
  const middle = (i) => [0, 1].map((axis) => (points[i][axis] + points[i + 1][axis]) / 2);
  context.beginPath();
  context.moveTo(...points[0]);
  for (let i = 1; i < points.length - 1; i += 1) {
    context.lineTo(...middle(i - 1));
    context.quadraticCurveTo(...points[i], ...middle(i));
  }
  context.lineTo(...points.at(-1));
  context.stroke();
}

function drawStrokes(node, { strokes, pen }, cursor) {
  const context = node.getContext("2d");
  const scale = node.width / UNITS;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, UNITS, UNITS);
  Object.assign(context, { lineWidth: pen, strokeStyle: "#111" });
  Object.assign(context, { lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) trace(context, stroke);
  if (!cursor) return;
  context.beginPath();
  context.arc(...cursor, Math.max(pen / 2, 2), 0, 2 * Math.PI);
  Object.assign(context, { lineWidth: 0.7, strokeStyle: "#0072b2" });
  context.stroke();
}

// Red speaks for the digit, blue against it, as in the report's figures; grey if there is no sign.
function drawPixels(node, values, limit, signed) {
  const image = new ImageData(28, 28);
  values.forEach((value, i) => {
    const part = Math.min(1, Math.abs(value) / limit);
    const full = signed ? (value > 0 ? [178, 24, 43] : [33, 102, 172]) : [0, 0, 0];
    image.data.set([...full.map((c) => 255 - part * (255 - c)), 255], 4 * i);
  });
  node.getContext("2d").putImageData(image, 0, 0);
}

function bars(parent) {
  const grid = add(parent, "div", { className: "bars" });
  for (const title of ["", ...MODELS]) add(grid, "span", { className: "head", textContent: title });
  const rows = [...Array(10).keys()].map((digit) => {
    add(grid, "span", { textContent: digit });
    return MODELS.map(() => {
      const bar = add(grid, "div", { className: "bar" });
      bar.setAttribute("role", "img");
      return { bar, length: add(add(bar, "div"), "span"), number: add(bar, "small") };
    });
  });
  return (probabilities) => probabilities.forEach((model, column) => model.forEach((q, digit) => {
    const { bar, length, number } = rows[digit][column];
    const percent = `${(100 * q).toFixed(1)} %`;
    bar.classList.toggle("best", q === Math.max(...model));
    length.style.width = `${100 * q}%`;
    number.textContent = q >= 0.0005 ? percent : "";
    bar.setAttribute("aria-label", `${MODELS[column]}, ${digit}: ${percent}`);
  }));
}

// The pen, by pointer or keyboard. `hand` is told where it goes: down(point), along(points), up(),
// and at(cursor), the spot of the keyboard's pen or null. It begins no stroke if `hand.busy()`.
function followPen(node, hand) {
  let tool = null; // "pointer" or "keyboard" while it is down
  let cursor = null;
  const spot = (event) => {
    const box = node.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    return [x, y].map((c) => Math.round(10 * UNITS * Math.min(1, Math.max(0, c))) / 10);
  };
  node.tabIndex = 0;
  const move = (to) => hand.at((cursor = to));
  const lower = (by, point) => {
    if (hand.busy()) return;
    tool = by;
    hand.down(point);
  };
  const lift = () => {
    if (tool) hand.up();
    tool = null;
  };
  const liftPointer = () => {
    if (tool === "pointer") lift();
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button || !event.isPrimary) return;
    node.setPointerCapture(event.pointerId);
    move(null);
    lower("pointer", spot(event));
  });
  node.addEventListener("pointermove", (event) => {
    const events = event.getCoalescedEvents?.() ?? [];
    if (tool === "pointer") hand.along((events.length ? events : [event]).map(spot));
  });
  node.addEventListener("pointerup", liftPointer);
  node.addEventListener("pointercancel", liftPointer);
  node.addEventListener("keydown", (event) => {
    const step = MOVES[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (tool === "pointer") return;
    const from = cursor ?? [UNITS / 2, UNITS / 2];
    const to = from.map((c, axis) => c + STEP * (step?.[axis] ?? 0));
    move(to.map((c) => Math.min(UNITS, Math.max(0, c))));
    if (step && tool) hand.along([cursor]);
    if (step || event.repeat) return;
    if (tool) lift();
    else lower("keyboard", cursor);
  });
  node.addEventListener("blur", () => {
    lift();
    move(null);
  });
}

// Without the points that are too near to the one before.
function thinned(last, points) {
  const kept = [last];
  for (const [x, y] of points) {
    const [x0, y0] = kept.at(-1);
    if (Math.hypot(x - x0, y - y0) >= LEAST_MOVE) kept.push([x, y]);
  }
  return kept.slice(1);
}

// Typed with a button in focus, b would insert a cell and d d delete one.
function keepLettersFromJupyter(event) {
  const command = event.ctrlKey || event.metaKey || event.altKey;
  if (event.key.length === 1 && !command) event.stopPropagation();
}

// What the models say, and which pixels spoke for it. Returns the sentence, and a function that
// shows an answer.
function answerSide(parent) {
  const right = add(parent, "div", { className: "wide" });
  const sentence = spoken(right, "answer");
  const showProbabilities = bars(right);
  const pictures = add(right, "div", { className: "pictures" });
  const [image] = titled(pictures, 112, "what the models see", 28);
  const maps = [0, 1].map(() => titled(pictures, 112, "", 28));
  const show = (answer) => {
    sentence.textContent = answer.text;
    showProbabilities(answer.probabilities);
    drawPixels(image, answer.image, 255, false);
    answer.evidence.forEach((map, i) => {
      drawPixels(maps[i][0], map.values, answer.limit, true);
      maps[i][1].textContent = map.title;
      maps[i][0].setAttribute("aria-label", map.title);
    });
  };
  return [sentence, show];
}

// Ten buttons, none of which is proposed: a label must not come from a model's answer.
function meantButtons(parent, save) {
  const group = add(parent, "div", { className: "meant" });
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "Save the drawing: I meant");
  add(group, "span", { textContent: "I meant (press to save):" });
  return [...Array(10).keys()].map((digit) => {
    const node = button(group, digit, () => save(digit));
    node.setAttribute("aria-label", `I meant ${digit}`);
    return node;
  });
}

// Jupyter has one change of a model on the way at most, and then sends the newest: however slow
// the kernel is, drawings do not queue up.
function put(model, strokes) {
  model.set("drawing", { strokes, pen: penWidth(strokes) });
  model.save_changes();
}

function render({ model, el }) {
  el.classList.add("hw");
  el.addEventListener("keydown", keepLettersFromJupyter);
  const side = add(el, "div", { className: "hw-side" });
  const left = add(side, "div");
  const [pad] = titled(left, SIZE, LABEL, SHARP * SIZE);
  pad.classList.add("pad");
  const [sentence, show] = answerSide(side);

  let waiting = false; // for the kernel, to save or to take back
  let gone = false; // the kernel that this pad belongs to
  let cursor = null;
  const busy = () => waiting || gone;
  const strokes = () => model.get("drawing").strokes;
  const ask = (message) => {
    model.send(message);
    waiting = true;
    look();
  };

  const row = add(left, "div", { className: "row" });
  const needDrawing = [
    button(row, "Undo", () => put(model, strokes().slice(0, -1))),
    button(row, "Clear", () => put(model, [])),
    ...meantButtons(left, (digit) => ask({ digit, ...model.get("drawing") })),
  ];
  const saved = spoken(left, "saved");
  const back = button(left, "Take the last one back", () => ask({ back: true }));

  const look = () => {
    const focused = document.activeElement;
    drawStrokes(pad, model.get("drawing"), cursor);
    for (const one of needDrawing) one.disabled = busy() || !strokes().length;
    back.disabled = busy() || !model.get("can_take_back");
    const text = waiting ? "Waiting for the kernel ..." : model.get("saved");
    if (saved.textContent !== text) saved.textContent = text; // read out once
    // A disabled button loses the focus, and the next letters would be commands of Jupyter.
    if (focused?.disabled && el.contains(focused)) pad.focus({ preventScroll: true });
  };
  followPen(pad, {
    busy,
    down: (point) => {
      sentence.setAttribute("aria-busy", "true"); // read out only when the pen is up
      put(model, [...strokes(), [point]]);
    },
    along: (points) => {
      const stroke = strokes().at(-1);
      const longer = [...stroke, ...thinned(stroke.at(-1), points)];
      put(model, [...strokes().slice(0, -1), longer]);
    },
    up: () => sentence.setAttribute("aria-busy", "false"),
    at: (spot) => {
      cursor = spot;
      look();
    },
  });

  const listeners = {
    "change:drawing": look,
    "change:saved": look,
    "change:can_take_back": look,
    "change:answer": () => show(model.get("answer")),
    // A digit that was saved leaves the pad; one that was taken back returns to an empty pad.
    "msg:custom": (reply) => {
      if (!waiting) return; // another view asked
      waiting = false;
      if (reply.strokes && !(reply.strokes.length && strokes().length)) put(model, reply.strokes);
      look();
    },
    comm_live_update: () => {
      gone = true;
      waiting = false;
      sentence.textContent = GONE;
      look();
    },
  };
  for (const [event, action] of Object.entries(listeners)) model.on(event, action);
  look();
  show(model.get("answer"));
  return () => {
    for (const [event, action] of Object.entries(listeners)) model.off(event, action);
  };
}

export default { render };
