// Two things that ipywidgets leaves out. Its sliders say their value to a screen reader, but not what they are: each
// gets the name that stands beside it. And JupyterLab takes arrow keys for its own, so that choosing among radio buttons
// with them jumped to the next cell: they are kept from it.

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

function render({ el }) {
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
