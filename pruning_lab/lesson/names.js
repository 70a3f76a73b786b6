// Sliders of ipywidgets say their value to a screen reader, but not what they are: give each the name that stands beside it.

function nameSliders(place) {
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
  const name = () => place() && nameSliders(place());
  const watch = new MutationObserver(name);
  requestAnimationFrame(() => {
    name();
    if (place()) watch.observe(place(), { childList: true, characterData: true, subtree: true });
  });
  return () => watch.disconnect();
}

export default { render };
