// Two things that ipywidgets leaves out. Its sliders say their value to a screen reader, but not what they are: each
// gets the name that stands beside it. And JupyterLab and Notebook take arrow keys for their own, so that choosing among
// radio buttons, in Notebook moving a slider too, jumped to the next cell: they are kept from it. A slider keeps only the
// keys that move it; Ctrl+S on it still saves.

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
  const handle = target.closest?.("[role=slider]");
  handle?.toggleAttribute("data-lm-suppress-shortcuts", /^(Arrow|Page|Home|End)/.test(key));
}

function render({ el }) {
  window.addEventListener("keydown", keepKeys, true); // before the page's own shortcuts; once, however often it is said
  el.style.display = "none";
  const place = () => el.closest(".jp-OutputArea, .jupyter-widgets-view, body");
  const mendAll = () => place() && mend(place());
  const watch = new MutationObserver(mendAll);
  requestAnimationFrame(() => {
    mendAll();
    if (place()) watch.observe(place(), { childList: true, characterData: true, subtree: true });
  });
  return () => watch.disconnect();
}

export default { render };
