// A web page in the place of JupyterLab: the start values stand in the page, what a widget wants
// to keep goes into the page's link, and its messages get no answer.
function pageModel(start) {
  return {
    get: (name) => ({ start, page: true, link: location.hash.slice(1) })[name],
    set: (name, value) => {
      if (name === "link") keep(`#${value}`);
    },
    save_changes() {},
    send() {},
    on() {},
    off() {},
  };
}

// A page inside another one may be forbidden to change its address; then the link is not kept.
function keep(link) {
  try {
    history.replaceState(null, "", link);
  } catch {
    // the widget goes on
  }
}

// Another link to the same page, such as #seed=7: the widget begins again with it.
addEventListener("hashchange", () => {
  if (location.hash.includes("=")) location.reload();
});

const model = pageModel(JSON.parse(document.getElementById("start").textContent));
const place = document.getElementById("play");
try {
  widget.render({ model, el: place });
} catch (error) {
  place.textContent = "To play here, please use a newer browser: Safari 15.4, or a Chrome, Edge or "
    + "Firefox of 2022, or later.";
  throw error;
}
if (location.hash.includes("=")) place.scrollIntoView(); // who follows such a link wants to play
