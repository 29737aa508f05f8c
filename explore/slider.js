// A slider over given values. It is the browser's own, so it has a real label, and it reports only
// what a person did.
function render({ model, el }) {
  el.classList.add("hw");
  const label = el.appendChild(document.createElement("label"));
  label.className = "slider";
  const text = label.appendChild(document.createElement("span"));
  const range = label.appendChild(document.createElement("input"));
  Object.assign(range, { type: "range", min: 0, step: 1 });
  const shown = label.appendChild(document.createElement("output"));
  const draw = () => {
    const options = model.get("options");
    text.textContent = model.get("text");
    range.max = options.length - 1;
    range.value = model.get("index");
    shown.textContent = options[model.get("index")];
    range.setAttribute("aria-valuetext", shown.textContent);
  };
  range.addEventListener("input", () => {
    model.set("index", Number(range.value));
    model.save_changes();
  });
  // Jupyter has its own shortcuts
  range.addEventListener("keydown", (event) => event.stopPropagation());
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
