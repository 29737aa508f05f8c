// What the widgets share: elements, controls, canvases that are sharp on every screen, the look of
// a class, numbers in words. A widget is a function render({ model, el }): in JupyterLab the model
// comes from anywidget, on a web page from page.js.

// The same colours as in figures.py; a class has a colour and a shape.
export const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
export const SHAPES = ["●", "■", "▲", "◆", "▼", "✚"];
// The arrow keys as steps to the right and down.
export const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const SVG = "http://www.w3.org/2000/svg";

// Begins a widget. No key may reach Jupyter, where b inserts a cell and d d deletes one; commands
// with Ctrl, Alt or Cmd belong to the browser.
export function begin(el, name) {
  el.classList.add("hw", name);
  el.tabIndex = -1;
  el.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
  });
}

export function add(parent, tag, properties = {}) {
  const node = parent.appendChild(document.createElement(tag));
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  return node;
}

// Adds an element of a vector drawing.
export function draw(parent, tag, attributes = {}, text = "") {
  const node = parent.appendChild(document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

export function button(parent, text, action) {
  return add(parent, "button", { type: "button", textContent: text, onclick: action });
}

// A control that can do nothing is disabled. If it was in focus, the focus goes to the widget
// itself, so that the next key still belongs to it.
export function enable(control, able) {
  const focused = control === document.activeElement;
  control.disabled = !able;
  if (focused && !able) control.closest(".hw").focus({ preventScroll: true });
}

// A slider over a list of numbers. Its `place` moves it to the number that is nearest to a value;
// this is not the user's choice, so `action` is not called.
export function slider(parent, text, values, value, action) {
  const label = add(parent, "label", { className: "slider" });
  add(label, "span", { textContent: text });
  const range = add(label, "input", { type: "range", min: 0, max: values.length - 1, step: 1 });
  const shown = add(label, "output", { "aria-live": "off" });
  const say = () => {
    shown.textContent = number(values[range.value]);
    range.setAttribute("aria-valuetext", shown.textContent);
  };
  const place = (wanted) => {
    const distances = values.map((one) => Math.abs(one - wanted));
    range.value = distances.indexOf(Math.min(...distances));
    say();
  };
  range.addEventListener("input", () => {
    say();
    action(values[range.value]);
  });
  place(value);
  return { label, range, place };
}

// Buttons of which one is pressed. Its `choose` presses another one without calling `action`.
export function choice(parent, text, options, chosen, action) {
  const group = add(parent, "div", { className: "row", role: "group", "aria-label": text });
  add(group, "span", { textContent: text });
  const buttons = options.map((option, i) => button(group, option, () => {
    choose(i);
    action(i);
  }));
  const choose = (i) => buttons.forEach((one, j) => one.setAttribute("aria-pressed", i === j));
  choose(chosen);
  return { group, buttons, choose };
}

export function checkbox(parent, text, checked, action) {
  const label = add(parent, "label", { className: "check" });
  const box = add(label, "input", { type: "checkbox", checked });
  add(label, "span", { textContent: text });
  box.addEventListener("change", () => action(box.checked));
  return box;
}

// A line of text that a screen reader reads out when it changes.
export function spoken(parent, className = "") {
  return add(parent, "p", { className: `readout ${className}`, role: "status" });
}

export function say(line, html) {
  if (line.dataset.said === html) return; // read out once
  line.dataset.said = html;
  line.innerHTML = html;
}

// A play button: while it is pressed, calls `tick` at every frame, or every so many seconds if
// `seconds()` is not 0. It stops when `tick` returns false, and when the widget leaves the page.
export function player(parent, tick, seconds = () => 0) {
  let frame = 0;
  let last = 0;
  const node = button(parent, "", () => (frame ? stop() : play()));
  const look = () => {
    node.textContent = frame ? "❚❚ Pause" : "▶ Play";
  };
  const stop = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    look();
  };
  const loop = (now) => {
    frame = requestAnimationFrame(loop);
    if (now - last < 1000 * seconds()) return;
    last = now;
    if (!node.isConnected || !tick()) stop();
  };
  const play = () => {
    last = 0;
    frame = requestAnimationFrame(loop);
    look();
  };
  look();
  return { node, stop, playing: () => frame !== 0 };
}

// A canvas of so many pixels of the page; its pen draws in these pixels, however fine the screen.
export function canvas(parent, width, height, label) {
  const scale = Math.max(2, window.devicePixelRatio || 1);
  const node = add(parent, "canvas", { width: width * scale, height: height * scale });
  Object.assign(node.style, { width: `${width}px`, aspectRatio: `${width} / ${height}` });
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  const pen = node.getContext("2d");
  pen.scale(scale, scale);
  return { node, pen, width, height };
}

// A canvas that is not on the page. (OffscreenCanvas is missing in Safari before 16.4.)
export function scratch(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

// Where a click or a pointer is on a canvas, from its upper left corner, in its pixels.
export function spotOf({ clientX, clientY }, { node, width, height }) {
  const box = node.getBoundingClientRect();
  const across = (clientX - box.left) / box.width;
  const down = (clientY - box.top) / box.height;
  return [across * width, down * height];
}

// Fills a canvas with columns x rows fields; colour(column, row) returns red, green and blue.
export function paint({ pen, width, height }, columns, rows, colour) {
  const image = new ImageData(columns, rows);
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1) {
      const [red, green, blue] = colour(column, row);
      image.data.set([red, green, blue, 255], 4 * (row * columns + column));
    }
  const small = scratch(columns, rows);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, width, height);
}

export function rgb(colour) {
  return [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
}

// Draws the marker of class k.
export function marker(pen, x, y, k, r = 4.6) {
  const corners = {
    1: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
    2: [[0, -1.2], [1.1, 0.9], [-1.1, 0.9]],
    3: [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]],
    4: [[0, 1.2], [1.1, -0.9], [-1.1, -0.9]],
  }[k % COLOURS.length];
  pen.beginPath();
  if (corners) for (const [dx, dy] of corners) pen.lineTo(x + r * dx, y + r * dy);
  else pen.arc(x, y, r, 0, 7);
  pen.closePath();
  Object.assign(pen, { fillStyle: COLOURS[k % COLOURS.length], strokeStyle: "#fff", lineWidth: 1 });
  pen.fill();
  pen.stroke();
}

// A colour of explore.css, for a canvas, as it is in the present theme.
export function colourOf(el, name) {
  return getComputedStyle(el).getPropertyValue(name).trim();
}

// Calls `redraw` when the page becomes dark or light. Returns a function that ends this.
export function watchTheme(redraw) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(redraw);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  dark.addEventListener("change", redraw);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", redraw);
  };
}

// A number with at most `decimals` decimals and a true minus sign; from 1000 on it has none. If it
// is very large, or four decimals would make it 0, it has a power of ten.
export function number(value, decimals = 4) {
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return "not finite";
  if (size >= 1e5) return withPower(value.toExponential(3));
  if (size > 0 && size < 0.00005 && decimals >= 4) return withPower(value.toExponential(1));
  const text = String(Number(value.toFixed(size >= 1000 ? 0 : decimals)));
  return text === "-0" ? "0" : text.replace("-", "−");
}

// Writes 1.2e-5 as 1.2·10⁻⁵.
function withPower(text) {
  const [digits, power] = text.split("e");
  return `${digits.replace("-", "−")}·10${superscript(Number(power))}`;
}

export function superscript(whole) {
  const raised = (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)];
  return [...String(whole)].map(raised).join("");
}

// The numbers of a large array, which comes as { shape, float64 }: its bytes in base64.
export function floats({ float64 }) {
  const bytes = Uint8Array.from(atob(float64), (letter) => letter.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

// What the link of the page says, as in #hidden=2&seed=3; in JupyterLab, what the kernel keeps. A
// link that went through a letter may have &amp; for &, and the end of its sentence.
export function fromLink(model) {
  const link = model.get("link").replaceAll("&amp;", "&").replace(/[).,;:>\]"']+$/, "");
  return Object.fromEntries(new URLSearchParams(link));
}

export function toLink(model, values) {
  model.set("link", new URLSearchParams(values).toString());
  model.save_changes();
}

// Offers a file that the browser saves where the user wants it.
export function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
