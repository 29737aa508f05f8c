// Lines of equal f over the two weights, and the path of the gradient steps taken so far.
const SIZE = 300;
const EDGE = 34;

function render({ model, el }) {
  el.classList.add("hw");
  const svg = add(el, "svg", { viewBox: `0 0 ${SIZE + EDGE + 6} ${SIZE + EDGE + 6}`, role: "img" });
  const limit = model.get("limit");
  const x = (w1) => EDGE + ((w1 + limit) / (2 * limit)) * SIZE;
  const y = (w2) => 4 + ((limit - w2) / (2 * limit)) * SIZE;
  const spot = ([w1, w2]) => `${x(w1).toFixed(1)} ${y(w2).toFixed(1)}`;
  const trace = (points) => `M${points.map(spot).join("L")}`;
  const draw = () => {
    const path = model.get("path");
    svg.replaceChildren();
    svg.setAttribute("aria-label", model.get("alt"));
    const clip = add(svg, "clipPath", { id: "hw-map" });
    add(clip, "rect", { x: EDGE, y: 4, width: SIZE, height: SIZE });
    const map = add(svg, "g", { "clip-path": "url(#hw-map)" });
    add(svg, "rect", { class: "frame", x: EDGE, y: 4, width: SIZE, height: SIZE });
    for (let tick = -Math.floor(limit); tick <= limit; tick += 1) {
      const label = String(tick).replace("-", "−");
      add(svg, "text", { class: "axis", x: x(tick), y: SIZE + 19 }, label);
      add(svg, "text", { class: "axis", x: EDGE - 11, y: y(tick) + 4 }, label);
    }
    add(svg, "text", { class: "axis", x: EDGE + SIZE / 2, y: SIZE + 35 }, "w₁");
    add(svg, "text", { class: "axis", x: 9, y: y(0) - 26 }, "w₂");
    for (const line of model.get("lines")) add(map, "path", { class: "level", d: trace(line) });
    if (path.length > 1) add(map, "path", { class: "walk", d: trace(path) });
    for (const [a, b] of path) add(map, "circle", { class: "past", cx: x(a), cy: y(b), r: 2.5 });
    const [a, b] = path.at(-1);
    add(map, "circle", { class: "here", cx: x(a), cy: y(b), r: 6 });
  };
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
