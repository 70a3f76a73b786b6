// Two things that ipywidgets leaves out. Its sliders tell a screen reader their value, but not what they are: each gets
// the name beside it. And JupyterLab and Notebook claim the arrow keys, so that choosing among radio buttons (and, in
// Notebook, moving a slider) would jump to the next cell: here the control gets them. A slider, or a canvas that is painted by
// keys, claims only those that move it, so that Ctrl+S on it still saves.

const placeOf = (el) => el.closest(".jp-OutputArea, .jupyter-widgets-view, body");

function mend(place) {
  for (const radio of place.querySelectorAll("input[type=radio]")) radio.dataset.lmSuppressShortcuts = "true";
  for (const box of place.querySelectorAll(".widget-hslider")) {
    const [handle, name, readout] = ["[role=slider]", ".widget-label", ".widget-readout"].map((part) => box.querySelector(part));
    if (!handle || !name) continue;
    if (handle.getAttribute("aria-label") !== name.textContent) handle.setAttribute("aria-label", name.textContent);
    const value = readout?.textContent;
    if (value && handle.getAttribute("aria-valuetext") !== value) handle.setAttribute("aria-valuetext", value);
  }
}

function keepKeys({ target, key }) {
  const handle = target.closest?.("[role=slider], [role=application]");
  handle?.toggleAttribute("data-lm-suppress-shortcuts", /^(Arrow|Page|Home|End| |z$)/.test(key));
}

function nameControls(el) {
  window.addEventListener("keydown", keepKeys, true); // before the page's own shortcuts; added once, however often this runs
  const mendAll = () => placeOf(el) && mend(placeOf(el));
  const watch = new MutationObserver(mendAll);
  requestAnimationFrame(() => {
    mendAll();
    if (placeOf(el)) watch.observe(placeOf(el), { childList: true, characterData: true, subtree: true });
  });
  return () => watch.disconnect();
}
