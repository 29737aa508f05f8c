// A slider over given values: the browser's own, so that it has a real label and says back only what a person did.
function render({ model, el }) {
  el.classList.add("hw");
  const label = el.appendChild(document.createElement("label"));
  label.className = "slider";
  const text = label.appendChild(document.createElement("span"));
  const range = Object.assign(label.appendChild(document.createElement("input")), { type: "range", min: 0, step: 1 });
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
  range.addEventListener("keydown", (event) => event.stopPropagation()); // Jupyter has shortcuts of its own
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
