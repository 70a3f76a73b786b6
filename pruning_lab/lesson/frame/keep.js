// What is written stays in this browser until the kernel has saved it; and a control whose kernel is gone says so, for it
// would look alive and do nothing.

const WAIT = 4000; // milliseconds: a kernel that is not busy answers in a few
const SILENT =
  "No answer from the kernel: it is busy, or it was restarted or stopped. What you write is kept in this browser. " +
  "After a restart run the cells again (Run → Run All Cells).";
const LOST =
  "The kernel of these controls is gone: nothing is saved from here. What you write is kept in this browser. " +
  "Run the cells again (Run → Run All Cells), and it will be here.";
const BACK = "What you had written is back. It is not saved yet.";
const WRITTEN = "textarea, input[type=text]";

function keepTexts(model, el) {
  const place = el.parentElement; // the box of this output's widgets
  const user = location.pathname.split(/\/(lab|notebooks|tree|doc)\b/)[0]; // on a hub each has a path of their own
  const nameOf = (field) => `pruning-lab:${user}:${model.get("about")}:${labelOf(field)}`;
  const labelOf = (field) => field.closest(".jupyter-widgets")?.querySelector(".widget-label")?.textContent ?? "";
  const lost = () => place.matches(".jupyter-widgets-disconnected") || place.querySelector(".jupyter-widgets-disconnected");
  let asked = 0;
  let timer;
  let saving = [];
  let widget; // what holds all others of this output
  model.widget_manager?.get_model(model.get("widget_id")).then((found) => (widget = found));

  const say = (text) => {
    if (el.textContent !== text) el.textContent = text;
  };

  function keep({ target }) {
    if (!target.matches(WRITTEN)) return;
    if (target.value) localStorage.setItem(nameOf(target), target.value);
    else localStorage.removeItem(nameOf(target));
    if (el.textContent === BACK) say("");
  }

  function bringBack() {
    for (const field of place.querySelectorAll(WRITTEN)) {
      const kept = localStorage.getItem(nameOf(field));
      if (!kept?.startsWith(field.value) || kept === field.value || field.dataset.met) continue; // a kernel may have the beginning
      field.value = kept;
      field.dispatchEvent(new Event("input", { bubbles: true })); // so that the kernel hears of it
      say(BACK);
    }
    for (const field of place.querySelectorAll(WRITTEN)) field.dataset.met = "yes"; // what is emptied later stays empty
  }

  // Ask before the control's own message goes out, so that a long measurement behind it delays no answer. What has been
  // chosen or written goes with it: it is sent once the kernel has read what was sent before, but a press at once.
  function ask({ target, type, key }) {
    const slides = target.closest("[role=slider]") && !place.querySelector("canvas"); // an explorer needs no kernel
    const acts = type === "keydown" ? slides && /^(Arrow|Page|Home|End)/.test(key) : target.closest("button, input, select") || slides;
    if (!acts) return;
    if (target.closest("button")) saving = [...place.querySelectorAll(WRITTEN)].map((field) => [field, field.value]);
    if (lost()) return say(LOST);
    if (timer && type !== "click") return;
    timer ??= setTimeout(() => say(lost() ? LOST : SILENT), WAIT);
    try {
      model.send({ asked: ++asked, unsent: unsentBy(widget) });
    } catch {
      say(LOST);
    }
  }

  function answered() {
    clearTimeout(timer);
    timer = undefined;
    say("");
  }

  function look() {
    bringBack();
    if (lost()) say(LOST);
    const saved = [...place.querySelectorAll("[data-saved]")].map((status) => status.dataset.saved).join();
    if (saved === place.dataset.savedUpTo) return;
    place.dataset.savedUpTo = saved;
    for (const [field, value] of saving) if (field.value === value) localStorage.removeItem(nameOf(field));
  }

  const watch = new MutationObserver(look);
  el.setAttribute("role", "status");
  el.style.cssText = "color:var(--jp-warn-color0, #b35900); line-height:1.4; max-width:46em";
  model.on("msg:custom", answered);
  place?.addEventListener("input", keep);
  for (const type of ["click", "keydown", "pointerdown"]) place?.addEventListener(type, ask, true);
  requestAnimationFrame(() => place && (look(), watch.observe(place, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] })));
  return () => {
    watch.disconnect();
    clearTimeout(timer);
  };
}

// What a page keeps back until the kernel has read what it has sent before: ipywidgets has no other name for it.
function unsentBy(widget) {
  const ofParts = (widget?.get("children") ?? []).map(unsentBy);
  return Object.assign({}, widget?._msg_buffer && { [widget.model_id]: widget._msg_buffer }, ...ofParts);
}

// As long as these widgets live, their plain twin is not shown.
function hideTwin(model) {
  const style = document.createElement("style");
  style.textContent = `#${model.get("twin")} { display: none }`;
  document.head.append(style);
  return () => style.remove();
}

function render({ model, el }) {
  const ends = [nameControls(el), hideTwin(model)];
  requestAnimationFrame(() => ends.push(keepTexts(model, el))); // by then el stands among the other widgets
  return () => ends.forEach((end) => end());
}

export default { render };
