// What the drawings of all explorers share. The browser works out nothing that the package decides: the step at which each
// weight goes, and every number shown, arrive as tables; moving the slider only looks them up. A drawing is a function of
// the model that returns its size and a function that draws it; the script of a lesson lists it in DRAWINGS under its
// name. One that is drawn on by hand has a function `attend` besides: it gets the canvas, its place on the page and what
// draws again, and returns what ends it.

const DRAWINGS = {};
const STATE = "change:place change:choice change:level";
const LETTERS = 13; // pixels high
const SMALLEST = 9; // pixels high that they may become where there is little room

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  const table = document.createElement("table");
  const spoken = document.createElement("div"); // what a screen reader says once the slider has come to rest
  canvas.setAttribute("role", "img");
  spoken.setAttribute("role", "status");
  spoken.style.cssText = "position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%)";
  table.style.cssText = "font-variant-numeric:tabular-nums; color:var(--jp-content-font-color1, inherit)";
  el.append(canvas, table, spoken);

  const drawing = DRAWINGS[model.get("drawing")](model);
  let pause;
  let drawnFor = 0; // the width that it was drawn for; 0 while it is not on the page, where it knows no colours
  const draw = () => {
    if (!el.isConnected) return;
    const { words, rows } = drawing.draw(sheet(canvas, drawing.size, el, drawnFor || el.clientWidth));
    fill(table, rows);
    canvas.setAttribute("aria-label", words);
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1; // for whoever times it
    clearTimeout(pause);
    pause = setTimeout(() => spoken.textContent !== words && (spoken.textContent = words), 700);
  };
  const leave = drawing.attend?.(canvas, el, draw);
  model.on(STATE, draw);
  const theme = new MutationObserver(draw);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  // It is drawn when it comes onto the page, for JupyterLab takes off what is out of sight, and for each new width.
  const place = new ResizeObserver(() => {
    const before = drawnFor;
    drawnFor = el.clientWidth; // kept: asked again for each drawing, it makes the whole page lay itself out
    if (drawnFor && drawnFor !== before) draw();
  });
  place.observe(el);
  requestAnimationFrame(draw); // on a slide that is not shown yet
  return () => {
    leave?.();
    model.off(STATE, draw);
    place.disconnect();
    theme.disconnect();
    clearTimeout(pause);
  };
}

// A blank sheet in CSS pixels, sharp on any screen, in the page's own ink. A page may say how much room there is, and how
// high its letters must at least be; if that is higher than drawings are made for, the sheet grows as much above and below.
function sheet(canvas, [width, height], el, across) {
  const style = getComputedStyle(el);
  const room = style.getPropertyValue("--explorer-room").trim(); // width and height, in pixels
  const sides = room ? room.split(" ") : [Math.min(across || width, width)]; // on half a screen it is smaller
  const zoom = Math.min(...sides.map((side, k) => side / [width, height][k]));
  const letters = Math.max(LETTERS, (Number(style.getPropertyValue("--explorer-letters")) || SMALLEST) / zoom);
  const more = letters - LETTERS;
  const tall = height + 2 * more;
  const scale = zoom * (window.devicePixelRatio || 1);
  canvas.width = width * scale;
  canvas.height = tall * scale;
  canvas.style.cssText = `width:${width * zoom}px; height:${tall * zoom}px; display:block`;
  const g = canvas.getContext("2d");
  g.scale(scale, scale);
  g.translate(0, more);
  g.more = more;
  g.ink = style.getPropertyValue("--jp-content-font-color1").trim() || style.color;
  g.faint = style.getPropertyValue("--jp-border-color2").trim() || "#999";
  g.gone = document.body.dataset.jpThemeLight === "false" ? "#262626" : "#d9d9d9"; // what is pruned recedes
  g.font = `${letters}px sans-serif`;
  g.fillStyle = g.ink;
  g.imageSmoothingEnabled = false;
  return g;
}

// The rows are made once, and then only their text changes: a page lays itself out again for every new element.
function fill(table, rows) {
  while (table.rows.length > rows.length) table.deleteRow(-1);
  rows.forEach(([name, value], i) => {
    const [head, cell] = (table.rows[i] ?? newRow(table)).cells;
    if (head.textContent !== name) head.textContent = name;
    if (cell.textContent !== `${value}`) cell.textContent = value;
  });
}

function newRow(table) {
  const row = table.insertRow();
  const head = document.createElement("th");
  head.scope = "row";
  row.append(head, document.createElement("td"));
  for (const part of row.cells) part.style.textAlign = "left";
  return row;
}

const own = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function label(g, text, x, y, align = "left") {
  g.textAlign = align;
  g.fillStyle = g.ink;
  g.fillText(text, x, y);
}

// Draw a line through the points, [x, y] each.
function line(g, points) {
  g.beginPath();
  points.forEach(([x, y], k) => (k ? g.lineTo(x, y) : g.moveTo(x, y)));
  g.stroke();
}

// Paint a rows x columns picture, one colour per entry, into the box.
function paint(g, rows, columns, colourOf, [x, y, width, height]) {
  const small = new OffscreenCanvas(columns, rows);
  const brush = small.getContext("2d");
  const image = brush.createImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) {
    const [r, green, b] = colourOf(i);
    image.data.set([r, green, b, 255], 4 * i);
  }
  brush.putImageData(image, 0, 0);
  g.drawImage(small, x, y, width, height);
}

const nearest = (places, value) =>
  places.reduce((best, place, i) => (Math.abs(place - value) < Math.abs(places[best] - value) ? i : best), 0);
