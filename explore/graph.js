// Problem 1's graph with the numbers that the kernel has computed so far. Nothing is computed here.
const number = (value) => value.toFixed(4).replace(/^-(?=0\.0000$)/, "").replace("-", "−");
const named = (name) => name.replace(/\d/, (digit) => "₀₁₂"[digit]);

function arrowheads(svg) {
  for (const [id, look] of [["quiet", "var(--quiet)"], ["lit", "var(--gradient)"]]) {
    const box = { id: `hw-${id}`, viewBox: "0 0 8 8", refX: 7, refY: 4, orient: "auto", markerUnits: "userSpaceOnUse" };
    const marker = add(svg, "marker", { ...box, markerWidth: id === "lit" ? 14 : 10, markerHeight: id === "lit" ? 14 : 10 });
    add(marker, "path", { d: "M0 0 L8 4 L0 8 z", style: `fill: ${look}` });
  }
}

function drawEdge(svg, [x1, y1], [x2, y2], spot, share, lit) {
  const r = 24 / Math.hypot(x2 - x1, y2 - y1);
  const [dx, dy] = [r * (x2 - x1), r * (y2 - y1)];
  const ends = { x1: x1 + dx, y1: y1 + dy, x2: x2 - dx, y2: y2 - dy };
  add(svg, "line", { class: lit ? "edge lit" : "edge", "marker-end": `url(#hw-${lit ? "lit" : "quiet"})`, ...ends });
  if (share === undefined) return;
  const middle = { x: x1 + spot * (x2 - x1), y: y1 + spot * (y2 - y1) + 5 };
  add(svg, "text", { class: "gradient share", ...middle }, number(share));
}

function drawNode(svg, name, symbol, [x, y], value, gradient, lit) {
  const input = /^[xw]/.test(name);
  add(svg, "circle", { class: (input ? "input" : "node") + (lit ? " lit" : ""), cx: x, cy: y, r: 21 });
  add(svg, "text", { x, y: y + 5 }, symbol);
  const title = input ? "" : `${named(name)} = `;
  const aside = name === "f" ? { x: x - 8, style: "text-anchor: start" } : { x }; // where an edge comes in from above
  if (value !== undefined) add(svg, "text", { class: "value", y: y - 28, ...aside }, title + number(value));
  if (gradient !== undefined) add(svg, "text", { class: "gradient", x, y: y + 38 }, number(gradient));
}

function render({ model, el }) {
  el.classList.add("hw");
  const svg = add(el, "svg", { style: "min-width: 640px", viewBox: "0 0 930 404", role: "img" });
  const draw = () => {
    const [nodes, spots, values, gradients, marked] =
      ["nodes", "spots", "values", "gradients", "marked"].map((name) => model.get(name));
    const place = (name) => [54 + 101 * nodes[name][0], 372 - 67 * nodes[name][1]];
    svg.replaceChildren();
    svg.setAttribute("aria-label", model.get("alt"));
    arrowheads(svg);
    for (const edge of model.get("edges")) {
      const [source, target] = edge.split(" ");
      const share = gradients[`d${source}_${target}`] ?? gradients[`d${source}`];
      drawEdge(svg, place(source), place(target), spots[edge] ?? 0.5, share, edge === marked);
    }
    for (const [name, [, , symbol]] of Object.entries(nodes))
      drawNode(svg, name, symbol, place(name), values[name], gradients[`d${name}`], name === marked);
  };
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
