
// The explorers of the notebooks, with the page's own controls in place of ipywidgets: the same drawing, the same tables.
function modelOf({ state, packed }) {
  const listeners = [];
  const values = { ...state };
  for (const [name, text] of Object.entries(packed)) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    values[name] = new DataView(bytes.buffer);
  }
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      for (const [events, call] of listeners) if (events.split(" ").includes(`change:${name}`)) call();
    },
    on: (events, call) => listeners.push([events, call]),
    off() {},
  };
}

function control(described, model) {
  const label = document.createElement("label");
  const shown = document.createElement("output");
  const input = document.createElement(described.listed ? "select" : "input");
  label.append(described.name, input);
  if (described.listed) {
    input.append(...described.options.map((name) => new Option(name)));
  } else {
    const last = described.kind === "sparsity" ? described.max : described.options.length - 1;
    Object.assign(input, { type: "range", min: 0, max: last, step: described.step ?? 1, value: described.value ?? 0 });
    label.append(shown);
  }
  const follow = () => {
    const value = described.listed ? input.selectedIndex : Number(input.value);
    shown.textContent = described.kind === "sparsity" ? value.toFixed(2) : described.options[value];
    if (!described.listed) input.setAttribute("aria-valuetext", shown.textContent);
    model.set(described.trait, value);
  };
  input.addEventListener("input", follow);
  follow();
  return label;
}

for (const place of document.querySelectorAll(".explorer")) {
  const data = JSON.parse(place.firstElementChild.textContent);
  const model = modelOf(data);
  const controls = document.createElement("div");
  const drawn = document.createElement("div");
  controls.className = "knobs"; // reveal.js has controls of its own
  drawn.className = "drawn";
  controls.append(...data.controls.map((described) => control(described, model)));
  place.append(controls, drawn);
  render({ model, el: drawn });
}
