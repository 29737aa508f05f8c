// How graph.js and contours.js make an element of a drawing. A widget's script is one file, so this
// is put before theirs.
const SVG = "http://www.w3.org/2000/svg";

function add(parent, tag, attributes, text = "") {
  const node = parent.appendChild(document.createElementNS(SVG, tag));
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}
