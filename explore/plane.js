// The plane of Problems 2 and 3 while a network trains: regions, points, loss and accuracy, all
// from the kernel. A click, or the arrow keys and Enter, adds a point.
const SIZE = 420;
const CHART = [300, 190];
const MOVES = { ArrowLeft: [-10, 0], ArrowRight: [10, 0], ArrowUp: [0, -10], ArrowDown: [0, 10] };
const LABEL = "The points and the regions of the predicted class; click to add a point";
const CAPTION = "Click to add a point, or move with the arrow keys and press Enter.";

function canvas(parent, width, height, label) {
  const node = parent.appendChild(document.createElement("canvas"));
  const scale = window.devicePixelRatio || 1;
  Object.assign(node, { width: width * scale, height: height * scale });
  const aspectRatio = `${width} / ${height}`;
  Object.assign(node.style, { width: `${width}px`, aspectRatio, maxWidth: "100%" });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  const pen = node.getContext("2d");
  pen.scale(scale, scale);
  return [node, pen];
}

function rgb(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

function regions(pen, model) {
  const grid = model.get("grid");
  const side = Math.round(Math.sqrt(grid.byteLength));
  const image = new ImageData(side, side);
  const colours = model.get("colours").map(rgb);
  for (let i = 0; i < side * side; i += 1) {
    const light = colours[grid.getUint8(i)].map((c) => 255 - 0.2 * (255 - c));
    image.data.set([...light, 255], 4 * i);
  }
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, SIZE, SIZE);
}

function marker(pen, x, y, k, colour, r = 4.6) {
  pen.beginPath();
  if (k % 3 === 0) pen.arc(x, y, r, 0, 7);
  else if (k % 3 === 1) pen.rect(x - r * 0.9, y - r * 0.9, 1.8 * r, 1.8 * r);
  else {
    pen.moveTo(x, y - 1.2 * r);
    pen.lineTo(x + 1.1 * r, y + 0.9 * r);
    pen.lineTo(x - 1.1 * r, y + 0.9 * r);
    pen.closePath();
  }
  Object.assign(pen, { fillStyle: colour, strokeStyle: "white", lineWidth: 1 });
  pen.fill();
  pen.stroke();
}

function plane(pen, model, cursor) {
  const [low1, high1, low2, high2] = model.get("limits");
  const place = ([a, b]) =>
    [((a - low1) / (high1 - low1)) * SIZE, ((high2 - b) / (high2 - low2)) * SIZE];
  const colours = model.get("colours");
  regions(pen, model);
  for (const [a, b, k] of model.get("points")) marker(pen, ...place([a, b]), k, colours[k]);
  Object.assign(pen, { strokeStyle: "#000", lineWidth: 1.4 });
  for (const i of model.get("rings")) {
    pen.beginPath();
    pen.arc(...place(model.get("points")[i]), 8, 0, 7);
    pen.stroke();
  }
  if (!cursor) return;
  const [x, y] = cursor;
  pen.beginPath();
  for (const [a, b] of [[x - 12, y], [x, y - 12]]) {
    pen.moveTo(a, b);
    pen.lineTo(2 * x - a, 2 * y - b);
  }
  pen.stroke();
}

function chart(pen, node, values, top, colour, title) {
  const [width, height] = CHART;
  const style = getComputedStyle(node);
  const [left, bottom, room] = [44, height - 24, width - 54];
  pen.clearRect(0, 0, width, height);
  Object.assign(pen, { font: "13px system-ui, sans-serif", fillStyle: style.color });
  Object.assign(pen, { textAlign: "left", lineWidth: 1 });
  pen.fillText(title, left, 14);
  pen.textAlign = "right";
  pen.fillText("0", left - 7, bottom + 4);
  pen.fillText(top, left - 7, 32);
  pen.fillText(`step ${values.steps.at(-1)}`, width - 8, height - 6);
  pen.strokeStyle = style.getPropertyValue("--line");
  pen.strokeRect(left, 24, room, bottom - 24);
  Object.assign(pen, { strokeStyle: style.getPropertyValue(colour), lineWidth: 2 });
  pen.beginPath();
  const last = Math.max(values.steps.at(-1), 1);
  const x = (step) => left + (step / last) * room;
  const y = (value) => bottom - (Math.min(value, top) / top) * (bottom - 24);
  values.y.forEach((value, i) => pen.lineTo(x(values.steps[i]), y(value)));
  pen.stroke();
}

function charts(loss, accuracy, model) {
  const { steps, loss: losses, accuracy: right } = model.get("history");
  const top = Math.ceil(10 * Math.max(...losses, 0.1)) / 10;
  const lossTitle = `KL loss: ${losses.at(-1).toFixed(4)} nats`;
  chart(loss[1], loss[0], { steps, y: losses }, top, "--value", lossTitle);
  const percent = right.map((a) => 100 * a);
  const accuracyTitle = `accuracy: ${percent.at(-1).toFixed(1)} %`;
  chart(accuracy[1], accuracy[0], { steps, y: percent }, 100, "--gradient", accuracyTitle);
}

function listen(node, model, look) {
  let cursor = null;
  const send = ([x, y]) => {
    const [low1, high1, low2, high2] = model.get("limits");
    model.send({ add: [low1 + (x / SIZE) * (high1 - low1), high2 - (y / SIZE) * (high2 - low2)] });
  };
  node.tabIndex = 0;
  node.addEventListener("click", (event) => {
    const box = node.getBoundingClientRect();
    const scale = SIZE / box.width;
    send([(event.clientX - box.left) * scale, (event.clientY - box.top) * scale]);
  });
  node.addEventListener("keydown", (event) => {
    const move = MOVES[event.key];
    if (!move && event.key !== "Enter") return;
    if (event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    cursor ??= [SIZE / 2, SIZE / 2];
    if (move) cursor = cursor.map((c, i) => Math.min(SIZE, Math.max(0, c + move[i])));
    else send(cursor);
    look(cursor);
  });
  node.addEventListener("blur", () => look((cursor = null)));
}

function render({ model, el }) {
  el.classList.add("hw");
  const side = el.appendChild(document.createElement("div"));
  side.className = "hw-side";
  const figure = side.appendChild(document.createElement("figure"));
  const [node, pen] = canvas(figure, SIZE, SIZE, LABEL);
  const caption = figure.appendChild(document.createElement("figcaption"));
  caption.textContent = CAPTION;
  const right = side.appendChild(document.createElement("div"));
  right.className = "wide";
  const loss = canvas(right, ...CHART, "KL loss against the step");
  const accuracy = canvas(right, ...CHART, "accuracy against the step");
  let cursor = null;
  const draw = () => {
    plane(pen, model, cursor);
    charts(loss, accuracy, model);
  };
  listen(node, model, (spot) => {
    cursor = spot;
    draw();
  });
  model.on("change", draw);
  requestAnimationFrame(draw); // when it is in the page, and its colours are known
  const theme = new MutationObserver(draw);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  return () => {
    model.off("change", draw);
    theme.disconnect();
  };
}

export default { render };
