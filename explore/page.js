// A web page in the place of JupyterLab: the start values stand in the page, what a widget wants
// to keep goes into the page's link, and its messages get no answer.
function pageModel(start) {
  return {
    get: (name) => ({ start, page: true, link: location.hash.slice(1) })[name],
    set: (name, value) => {
      if (name === "link") history.replaceState(null, "", `#${value}`);
    },
    save_changes() {},
    send() {},
    on() {},
    off() {},
  };
}

// Another link to the same page, such as #seed=7: the widget begins again with it.
addEventListener("hashchange", () => {
  if (location.hash.includes("=")) location.reload();
});

const model = pageModel(JSON.parse(document.getElementById("start").textContent));
const place = document.getElementById("play");
widget.render({ model, el: place });
if (location.hash.includes("=")) place.scrollIntoView(); // who follows such a link wants to play
