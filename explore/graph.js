// Problem 1's graph with the numbers that the kernel has computed so far. Nothing is computed here.
const RADIUS = 21; // of a node
const number = (value) => value.toFixed(4).replace(/^-(?=0\.0000$)/, "").replace("-", "−");
const named = (name) => name.replace(/\d/, (digit) => "₀₁₂"[digit]);
const across = (column) => 54 + 101 * column;
const up = (rows) => 67 * rows;

function arrowhead(svg, name, colour, size) {
  const box = { viewBox: "0 0 8 8", refX: 7, refY: 4, orient: "auto" };
  const sizes = { markerUnits: "userSpaceOnUse", markerWidth: size, markerHeight: size };
  const marker = add(svg, "marker", { id: `hw-${name}`, ...box, ...sizes });
  add(marker, "path", { d: "M0 0 L8 4 L0 8 z", style: `fill: ${colour}` });
}

function drawEdge(svg, [x1, y1], [x2, y2], spot, share, lit) {
  const r = (RADIUS + 3) / Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [r * (x2 - x1), r * (y2 - y1)];
  const ends = { x1: x1 + dx, y1: y1 + dy, x2: x2 - dx, y2: y2 - dy };
  const head = `url(#hw-${lit ? "lit" : "quiet"})`;
  add(svg, "line", { class: lit ? "edge lit" : "edge", "marker-end": head, ...ends });
  if (share === undefined) return;
  const middle = { x: x1 + spot * (x2 - x1), y: y1 + spot * (y2 - y1) + 5 };
  add(svg, "text", { class: "gradient share", ...middle }, number(share));
}

function drawNode(svg, name, symbol, [x, y], value, gradient, lit) {
  const input = /^[xw]/.test(name);
  const look = (input ? "input" : "node") + (lit ? " lit" : "");
  add(svg, "circle", { class: look, cx: x, cy: y, r: RADIUS });
  add(svg, "text", { x, y: y + 5 }, symbol);
  if (value !== undefined) {
    const text = (input ? "" : `${named(name)} = `) + number(value);
    // the number of f stands beside the edge that comes in from above
    const place = name === "f" ? { x: x - 8, style: "text-anchor: start" } : { x };
    add(svg, "text", { class: "value", y: y - 28, ...place }, text);
  }
  if (gradient !== undefined) {
    add(svg, "text", { class: "gradient", x, y: y + 38 }, number(gradient));
  }
}

function render({ model, el }) {
  el.classList.add("hw");
  const nodes = model.get("nodes");
  const edges = model.get("edges");
  const columns = Math.max(...Object.values(nodes).map(([column]) => column));
  const rows = Math.max(...Object.values(nodes).map(([, row]) => row));
  const place = (name) => [across(nodes[name][0]), 50 + up(rows - nodes[name][1])];
  const viewBox = `0 0 ${across(columns) + 98} ${up(rows) + 82}`;
  const svg = add(el, "svg", { style: "min-width: 640px", viewBox, role: "img" });
  const draw = () => {
    const [values, gradients, shares, marked] =
      ["values", "gradients", "shares", "marked"].map((name) => model.get(name));
    svg.replaceChildren();
    svg.setAttribute("aria-label", model.get("alt"));
    arrowhead(svg, "quiet", "var(--quiet)", 10);
    arrowhead(svg, "lit", "var(--gradient)", 14);
    for (const [edge, spot] of Object.entries(edges)) {
      const [from, to] = edge.split(" ").map(place);
      drawEdge(svg, from, to, spot, shares[edge], marked.includes(edge));
    }
    for (const [name, [, , symbol]] of Object.entries(nodes)) {
      const lit = marked.includes(name);
      drawNode(svg, name, symbol, place(name), values[name], gradients[name], lit);
    }
  };
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
