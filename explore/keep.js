// The digits that one has drawn and named. In JupyterLab the kernel writes them into a file; until
// it says that it did, and on a web page, they are kept here and can be downloaded.
import { download } from "./ui.js";

const PATIENCE = 3000; // ms without a reply: the kernel is busy, or it has ended
const AT_LEAST = 15; // so many digits the homework asks for
const SHELF = "digits drawn on the pad"; // the browser keeps them there until the page is closed
const FILE = "pad.json";
const WHERE =
  "download the file and move it into data/handwritten/mine, in the homework's folder. " +
  `If there is a ${FILE} already, give this one another name: all files there are read.`;
const INCLUDE = "Run the cells below, or make report, to include what is saved.";
const SILENT = "The kernel is busy or has ended.";

// A browser may forbid a page to store anything; then a reload starts anew.
function fromShelf() {
  try {
    const items = JSON.parse(sessionStorage.getItem(SHELF));
    return items.filter(({ digit, pen, strokes }) => digit >= 0 && pen > 0 && strokes.length);
  } catch {
    return [];
  }
}

function toShelf(items) {
  try {
    sessionStorage.setItem(SHELF, JSON.stringify(items));
  } catch {
    // The page itself still has them.
  }
}

function digitsText(count) {
  return `${count} digit${count === 1 ? "" : "s"}`;
}

// How many of some digits each model reads as they were meant.
function rightText(entries) {
  const [means, trained] = [0, 1].map((i) => entries.filter(({ right }) => right[i]).length);
  if (entries.length > 1)
    return `the trained model reads ${trained || "none"} of them rightly, ` +
      `the mean images ${means || "none"}`;
  const how = (right) => (right ? "rightly" : "wrongly");
  return `the trained model reads it ${how(trained)}, the mean images ${how(means)}`;
}

// Keeps digits. The `pad` has judge(drawing), which says for each model whether it reads the
// drawing rightly; changed(), to be called when there may be something else to say; and
// putBack(strokes), for a digit that was taken back.
export class Keeper {
  constructor(model, pad) {
    this.model = model;
    this.pad = pad;
    this.page = Boolean(model.get("page"));
    this.mark = Math.random().toString(36).slice(2); // another view of the pad has another one
    this.messages = 0;
    this.entries = this.page ? fromShelf().map((item) => this.entry(item)) : []; // here only
    this.filed = []; // those that the kernel has saved
    this.unanswered = new Map(); // messages, by their id
    this.silent = false; // the kernel lets us wait
    this.reply = { saved: "", recent: [] }; // the kernel's last one
    this.hear = this.hear.bind(this);
    model.on("msg:custom", this.hear);
    this.ask({ hello: true, id: this.nextId() });
  }

  nextId() {
    this.messages += 1;
    return `${this.mark} ${this.messages}`;
  }

  entry(item) {
    return { id: this.nextId(), item, right: this.pad.judge(item) };
  }

  send(message) {
    try {
      this.model.send(message);
    } catch {
      // No reply will come, either.
    }
  }

  ask(message) {
    if (this.page) return;
    this.unanswered.set(message.id, message);
    this.send(message);
    this.wait();
  }

  wait() {
    clearTimeout(this.timer);
    if (!this.unanswered.size) return;
    this.timer = setTimeout(() => {
      this.silent = true;
      this.pad.changed();
    }, PATIENCE);
  }

  hear(reply) {
    this.silent = false;
    this.reply = reply;
    const message = this.unanswered.get(reply.id);
    this.unanswered.delete(reply.id);
    this.wait();
    if (message?.back && reply.strokes) this.pad.putBack(reply.strokes);
    const entry = this.entries.find(({ id }) => id === reply.id);
    if (entry && reply.strokes) this.file(entry);
    else if (entry) entry.refused = true;
    this.filed = this.filed.filter(({ id }) => reply.recent.includes(id));
    this.pad.changed();
  }

  // The kernel has a digit now. A file that took it takes those, too, that it refused before.
  file(entry) {
    this.keep(this.entries.filter((one) => one !== entry));
    this.filed.push(entry);
    for (const other of this.entries.filter(({ refused }) => refused)) {
      other.refused = false;
      this.ask({ ...other.item, id: other.id });
    }
  }

  keep(entries) {
    this.entries = entries;
    if (this.page) toShelf(this.items());
  }

  items() {
    return this.entries.map(({ item }) => item);
  }

  // Keeps a drawing, { digit, pen, strokes }, until the kernel has saved it.
  save(drawing) {
    const entry = this.entry({ ...drawing, source: "pad" });
    this.keep([...this.entries, entry]);
    this.ask({ ...entry.item, id: entry.id });
    this.pad.changed();
  }

  takeBack() {
    const last = this.entries.at(-1);
    if (last) {
      // A kernel that is only busy saves this digit later, and then takes it out again.
      if (!this.page && !last.refused) this.send({ back: last.id });
      this.unanswered.delete(last.id);
      this.keep(this.entries.slice(0, -1));
      this.pad.putBack(last.item.strokes);
    } else this.ask({ back: true, id: this.nextId() });
    this.pad.changed();
  }

  download() {
    download(FILE, `${JSON.stringify(this.items())}\n`);
  }

  // Whether these digits are nowhere else, as far as this page knows.
  alone() {
    return this.page || this.silent || this.entries.some(({ refused }) => refused);
  }

  waiting() {
    return this.unanswered.size > 0 && !this.silent;
  }

  canTakeBack() {
    if (this.entries.length) return this.alone();
    return this.reply.recent.length > 0 && !this.waiting() && !this.silent;
  }

  canDownload() {
    return this.alone() && this.entries.length > 0;
  }

  offersDownload() {
    return this.page || this.canDownload();
  }

  text() {
    if (this.page) return this.textOfPage();
    const count = this.entries.length;
    if (count && !this.alone()) return "Saving ...";
    const here = count ? `${this.textOfEntries("kept")}. For the homework: ${WHERE}` : "";
    if (!this.silent) return [...this.textsOfKernel(), here].filter(Boolean).join(" ");
    if (!count) return `${SILENT} Draw on: digits that you save are kept in this page.`;
    return `${SILENT} If it is only busy, it will save your digits later. ${here}`;
  }

  textsOfKernel() {
    if (!this.filed.length) return [this.reply.saved];
    const right = `Drawn here: ${digitsText(this.filed.length)}; ${rightText(this.filed)}.`;
    return [this.reply.saved, right, INCLUDE];
  }

  textOfPage() {
    const few = this.entries.length < AT_LEAST;
    if (!this.entries.length)
      return `No digits saved yet; the homework asks for at least ${AT_LEAST}.`;
    const asked = few ? `, which asks for at least ${AT_LEAST} digits` : "";
    return `${this.textOfEntries("saved")}. For the homework${asked}: ${WHERE}`;
  }

  textOfEntries(what) {
    const { entries } = this;
    return `${digitsText(entries.length)} ${what} in this page; ${rightText(entries)}`;
  }

  end() {
    clearTimeout(this.timer);
    this.model.off("msg:custom", this.hear);
  }
}
