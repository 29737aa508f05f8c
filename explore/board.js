// A canvas that is as wide as its column allows, so that its text has the same size on a phone.
// Also what the drawings on it need: round numbers for an axis, the look of a class, and colours
// that fit the theme.

import { COLOURS, SHAPES, canvas, colourOf, rgb, scratch } from "./ui.js";

// `heightOf(width)` is the height; `redraw` is called when the width has changed, and when the
// canvas has come into the page: before that, it does not know the colours of the theme. `release`
// ends this.
export function board(parent, label, most, heightOf, redraw) {
  const made = canvas(parent, most, heightOf(most), label);
  const fit = () => {
    const width = Math.min(most, Math.floor(parent.clientWidth));
    if (width <= 0) return;
    if (width !== made.width) resize(made, width, heightOf(width));
    redraw();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(parent);
  return Object.assign(made, { release: () => observer.disconnect() });
}

function resize(board, width, height) {
  const scale = board.node.width / board.width;
  Object.assign(board, { width, height });
  Object.assign(board.node, { width: width * scale, height: height * scale });
  Object.assign(board.node.style, { width: `${width}px`, aspectRatio: `${width} / ${height}` });
  board.pen.scale(scale, scale);
}

export function classColour(k) {
  return COLOURS[k % COLOURS.length];
}

export function classShape(k) {
  return SHAPES[k % SHAPES.length];
}

// Round numbers between two others, about `count` of them, 1, 2 or 5 times a power of ten apart.
export function roundNumbers(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const apart = power * [1, 2, 5, 10].find((factor) => factor * power >= rough);
  const first = Math.ceil(low / apart);
  const last = Math.floor(high / apart);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * apart).toPrecision(12)));
}

// A colour of the theme as red, green and blue, however it is written in the style sheet.
export function rgbOf(el, name) {
  const pen = scratch(1, 1).getContext("2d");
  pen.fillStyle = colourOf(el, name);
  return rgb(pen.fillStyle);
}
