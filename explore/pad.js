// A pad to draw a digit on. When the pen is lifted the strokes go to the kernel; the answer is shown
// beside the pad.
const SIZE = 280; // pixels on the screen; strokes are sent in units of 100
const PEN = 9; // width, in those units
const MOVES = { ArrowLeft: [-4, 0], ArrowRight: [4, 0], ArrowUp: [0, -4], ArrowDown: [0, 4] };
const LABEL = "Draw a digit here: mouse, pen, finger, "
  + "or arrow keys with the space bar as pen down and up.";

function add(parent, tag, properties = {}) {
  return Object.assign(parent.appendChild(document.createElement(tag)), properties);
}

function canvas(parent, side, label, pixels = side) {
  const node = add(parent, "canvas", { width: pixels, height: pixels, className: "paper" });
  const imageRendering = side === pixels ? "auto" : "pixelated";
  Object.assign(node.style, { width: `${side}px`, height: `${side}px`, imageRendering });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  return node;
}

function titled(parent, side, label, pixels) {
  const figure = add(parent, "figure");
  const node = canvas(figure, side, label, pixels);
  return [node, add(figure, "figcaption", { textContent: label })];
}

function drawStrokes(node, strokes, cursor) {
  const pen = node.getContext("2d");
  pen.clearRect(0, 0, SIZE, SIZE);
  const scale = SIZE / 100;
  Object.assign(pen, { lineWidth: PEN * scale, strokeStyle: "#111" });
  Object.assign(pen, { lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    pen.beginPath();
    for (const [x, y] of [stroke[0], ...stroke]) pen.lineTo(x * scale, y * scale);
    pen.stroke();
  }
  if (!cursor) return;
  pen.beginPath();
  pen.arc(cursor[0] * scale, cursor[1] * scale, (PEN * scale) / 2, 0, 7);
  Object.assign(pen, { lineWidth: 1.5, strokeStyle: "#0072b2" });
  pen.stroke();
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
  for (const title of ["", "mean images", "trained"]) {
    add(grid, "span", { className: "head", textContent: title });
  }
  const rows = [...Array(10).keys()].map((digit) => {
    add(grid, "span", { textContent: digit });
    return [0, 1].map(() => {
      const bar = add(grid, "div", { className: "bar" });
      bar.setAttribute("role", "img");
      add(bar, "span");
      add(bar, "small");
      return bar;
    });
  });
  return (probabilities) => probabilities.forEach((model, column) => model.forEach((q, digit) => {
    const bar = rows[digit][column];
    bar.classList.toggle("best", q === Math.max(...model));
    const percent = `${(100 * q).toFixed(1)} %`;
    bar.firstChild.style.width = `${100 * q}%`;
    bar.lastChild.textContent = q >= 0.0005 ? percent : "";
    bar.setAttribute("aria-label", `${["mean images", "trained"][column]}, ${digit}: ${percent}`);
  }));
}

function pen(node, strokes, look, done) {
  let drawing = false;
  let cursor = null;
  const spot = (event) => {
    const box = node.getBoundingClientRect();
    const x = (100 * (event.clientX - box.left)) / box.width;
    const y = (100 * (event.clientY - box.top)) / box.height;
    return [x, y].map((c) => Math.round(10 * Math.min(100, Math.max(0, c))) / 10);
  };
  const lift = () => {
    if (drawing) done();
    drawing = false;
  };
  const extend = (point) => {
    strokes.at(-1).push(point);
    look(cursor);
  };
  node.tabIndex = 0;
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    drawing = true;
    cursor = null;
    strokes.push([spot(event)]);
    look(null);
  });
  node.addEventListener("pointermove", (event) => {
    if (drawing) for (const one of event.getCoalescedEvents?.() ?? [event]) extend(spot(one));
  });
  node.addEventListener("pointerup", lift);
  node.addEventListener("pointercancel", lift);
  node.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= [50, 50];
    if (move) cursor = cursor.map((c, i) => Math.min(100, Math.max(0, c + move[i])));
    if (event.key === " " && drawing) return lift();
    if (event.key === " ") strokes.push([[...cursor]]);
    drawing ||= event.key === " ";
    if (drawing && move) extend([...cursor]);
    look(cursor);
  });
  node.addEventListener("blur", () => {
    lift();
    look((cursor = null));
  });
}

function render({ model, el }) {
  el.classList.add("hw");
  const strokes = structuredClone(model.get("strokes")); // of an earlier view
  const side = add(el, "div", { className: "hw-side" });
  const left = add(side, "div");
  const [pad] = titled(left, SIZE, LABEL);
  pad.classList.add("pad");
  const right = add(side, "div", { className: "wide" });
  const sentence = add(right, "p", { className: "readout answer" });
  sentence.setAttribute("role", "status");
  const show = bars(right);
  const pictures = add(right, "div", { className: "row" });
  const [image] = titled(pictures, 112, "what the models see", 28);
  const maps = [0, 1].map(() => titled(pictures, 112, "", 28));

  const send = () => model.send({ strokes, pen: PEN });
  const look = (cursor) => drawStrokes(pad, strokes, cursor);
  pen(pad, strokes, look, send);
  const change = (action) => () => {
    action();
    look(null);
    send();
  };
  const row = add(left, "div", { className: "row" });
  add(row, "button", { textContent: "Clear", type: "button" }).onclick = change(() => {
    strokes.splice(0);
    save.disabled = true;
  });
  add(row, "button", { textContent: "Undo", type: "button" }).onclick = change(() => strokes.pop());
  const saving = add(left, "div", { className: "row" });
  const save = add(saving, "button", { textContent: "Save as", type: "button" });
  const digit = add(saving, "select");
  digit.setAttribute("aria-label", "the digit that you drew");
  for (let k = 0; k < 10; k += 1) add(digit, "option", { textContent: k, value: k });
  save.onclick = () => model.send({ strokes, pen: PEN, digit: Number(digit.value) });
  const saved = add(left, "p", { className: "readout saved" });
  saved.setAttribute("role", "status");

  const draw = () => {
    const answer = model.get("answer");
    sentence.textContent = answer.text;
    saved.textContent = model.get("saved");
    show(answer.probabilities);
    drawPixels(image, answer.image, 255, false);
    answer.evidence.forEach((map, i) => {
      drawPixels(maps[i][0], map.values, answer.limit, true);
      maps[i][1].textContent = map.title;
      maps[i][0].setAttribute("aria-label", map.title);
    });
    save.disabled = answer.best < 0;
    if (answer.best >= 0) digit.value = answer.best;
  };
  model.on("change", draw);
  draw();
  look(null);
  return () => model.off("change", draw);
}

export default { render };
