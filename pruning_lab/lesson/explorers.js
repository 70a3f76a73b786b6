// Draws what `explorers.py` has computed. Nothing is worked out here that the package decides: the step at which each
// weight goes, and every number shown, come as tables; a move of the slider only looks them up.

const STATE = "change:place change:choice";

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  const table = document.createElement("table");
  const spoken = document.createElement("div"); // what a screen reader says once the slider has come to rest
  canvas.setAttribute("role", "img");
  spoken.setAttribute("role", "status");
  spoken.style.cssText = "position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%)";
  table.style.cssText = "font-variant-numeric:tabular-nums; color:var(--jp-content-font-color1, inherit)";
  el.append(canvas, table, spoken);

  const drawing = DRAWINGS[model.get("picture")](model);
  let pause;
  const draw = () => {
    const { words, rows } = drawing.draw(sheet(canvas, drawing.size, el));
    fill(table, rows);
    canvas.setAttribute("aria-label", words);
    canvas.dataset.drawn = Number(canvas.dataset.drawn ?? 0) + 1; // for whoever times it
    clearTimeout(pause);
    pause = setTimeout(() => (spoken.textContent = words), 700);
  };
  model.on(STATE, draw);
  const theme = new MutationObserver(draw);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
  requestAnimationFrame(draw); // by then the canvas stands on the page, and knows its colours
  return () => {
    model.off(STATE, draw);
    theme.disconnect();
    clearTimeout(pause);
  };
}

// A clean sheet in CSS pixels, sharp on any screen, with the page's own ink; a page may say how much room it gives.
function sheet(canvas, [width, height], el) {
  const style = getComputedStyle(el);
  const room = style.getPropertyValue("--explorer-room").trim(); // width and height, in pixels
  const zoom = room ? Math.min(...room.split(" ").map((side, k) => side / [width, height][k])) : 1;
  const scale = zoom * (window.devicePixelRatio || 1);
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.cssText = `width:${width * zoom}px; height:${height * zoom}px; max-width:100%; display:block`;
  const g = canvas.getContext("2d");
  g.scale(scale, scale);
  g.ink = style.getPropertyValue("--jp-content-font-color1").trim() || style.color;
  g.faint = style.getPropertyValue("--jp-border-color2").trim() || "#999";
  g.gone = document.body.dataset.jpThemeLight === "false" ? "#262626" : "#d9d9d9"; // what is pruned steps back
  g.font = "13px sans-serif";
  g.fillStyle = g.ink;
  g.imageSmoothingEnabled = false;
  return g;
}

function fill(table, rows) {
  table.replaceChildren(
    ...rows.map(([name, value]) => {
      const row = document.createElement("tr");
      const head = document.createElement("th");
      const cell = document.createElement("td");
      head.scope = "row";
      head.textContent = name;
      cell.textContent = value;
      for (const part of [head, cell]) part.style.textAlign = "left";
      row.append(head, cell);
      return row;
    }),
  );
}

const own = (view) => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function label(g, text, x, y, align = "left") {
  g.textAlign = align;
  g.fillStyle = g.ink;
  g.fillText(text, x, y);
}

// Paint a rows x columns picture, one colour an entry, into the box.
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

// One weight matrix: its mask, and its histogram with the threshold.
function patterns(model) {
  const facts = model.get("facts");
  const { rows, columns, colours } = facts;
  const weights = new Float32Array(own(model.get("numbers")));
  const goneAt = new Uint8Array(own(model.get("gone_at")));
  const kept = rgb(colours.kept);
  const bins = 61;
  const binOf = weights.map((w) => Math.floor(((w / facts.reach + 1) / 2) * bins));
  const cell = Math.min(400 / columns, 220 / rows);
  const box = [0, 24, columns * cell, rows * cell];
  const left = box[2] + 50;
  return {
    size: [left + 350, 280],
    draw(g) {
      const step = nearest(facts.places, model.get("place"));
      const pattern = facts.patterns[model.get("choice")];
      const from = model.get("choice") * weights.length;
      const stays = (i) => goneAt[from + i] > step;
      const pruned = rgb(g.gone);
      label(g, `weights that stay (${rows} x ${columns})`, 0, 14);
      paint(g, rows, columns, (i) => (stays(i) ? kept : pruned), box);
      const counts = [new Float64Array(bins), new Float64Array(bins)];
      weights.forEach((_, i) => (counts[stays(i) ? 1 : 0][binOf[i]] += 1));
      histogram(g, counts, pattern.thresholds[step], left);
      return { words: pattern.words[step], rows: pattern.rows[step] };
    },
  };

  function histogram(g, [gone, staying], threshold, x) {
    const width = 320;
    const base = 244;
    const top = Math.max(...gone.map((count, bin) => count + staying[bin]));
    const high = (count) => (210 * count) / top;
    label(g, "how many weights, by value", x, 14);
    for (let bin = 0; bin < bins; bin++) {
      const [at, wide] = [x + (bin * width) / bins, width / bins - 0.5];
      g.fillStyle = g.gone;
      g.fillRect(at, base - high(gone[bin]), wide, high(gone[bin]));
      g.fillStyle = colours.kept;
      g.fillRect(at, base - high(gone[bin] + staying[bin]), wide, high(staying[bin]));
    }
    const placeOf = (value) => x + ((value / facts.reach + 1) / 2) * width;
    for (const value of [-facts.reach, 0, facts.reach]) label(g, value.toPrecision(2), placeOf(value), 260, "center");
    if (threshold === null) return;
    g.strokeStyle = colours.threshold;
    g.lineWidth = 2;
    for (const value of [-threshold, threshold]) {
      g.beginPath();
      g.moveTo(placeOf(value), 24);
      g.lineTo(placeOf(value), base);
      g.stroke();
    }
    label(g, `threshold ${threshold.toPrecision(3)}`, x + width, 276, "right");
  }
}

// Two layers around the hidden units: rows of the first and columns of the second go together.
function shrinking(model) {
  const facts = model.get("facts");
  const { inputs, hidden, outputs, colours } = facts;
  const light = new Uint8Array(own(model.get("numbers"))); // 255: the largest magnitude of its layer
  const goneAt = new Uint8Array(own(model.get("gone_at")));
  const [white, full] = [rgb("#ffffff"), rgb(colours.kept)];
  const shades = Array.from({ length: 256 }, (_, k) => full.map((c, j) => Math.round(white[j] + ((c - white[j]) * k) / 255)));
  const cell = Math.min(340 / inputs, 250 / hidden, 340 / hidden, 250 / outputs);
  const right = Math.max(inputs * cell, 150) + 30; // room for the first layer's name
  return {
    size: [right + Math.max(hidden * cell, 180), Math.max(hidden, outputs) * cell + 50],
    draw(g) {
      const step = nearest(facts.places, model.get("place"));
      const keep = [...goneAt.keys()].filter((unit) => goneAt[unit] > step);
      const second = inputs * hidden;
      frame(g, 0, inputs, hidden);
      frame(g, right, hidden, outputs);
      paint(g, keep.length, inputs, (i) => shades[light[keep[Math.floor(i / inputs)] * inputs + (i % inputs)]], [0, 24, inputs * cell, keep.length * cell]);
      paint(g, outputs, keep.length, (i) => shades[light[second + Math.floor(i / keep.length) * hidden + keep[i % keep.length]]], [right, 24, keep.length * cell, outputs * cell]);
      label(g, `first layer ${keep.length} x ${inputs}`, 0, 14);
      label(g, `second layer ${outputs} x ${keep.length}`, right, 14);
      return { words: facts.words[step], rows: facts.rows[step] };
    },
  };

  function frame(g, x, columns, rows) {
    g.strokeStyle = g.faint;
    g.setLineDash([4, 3]);
    g.strokeRect(x + 0.5, 24.5, columns * cell - 1, rows * cell - 1);
    g.setLineDash([]);
  }
}

// Density by batch: who wins, with a cross at the place chosen.
function crossover(model) {
  const facts = model.get("facts");
  const { densities, batches, ratios } = facts;
  const [wide, high, left] = [64, 34, 92];
  const reach = Math.max(1, ...ratios.flat().map((ratio) => Math.abs(Math.log2(ratio))));
  const ends = [rgb("#E69F00"), rgb("#6A4C93")]; // dense wins, sparse wins: apart in lightness too
  const colourOf = (ratio) => {
    const share = Math.log2(ratio) / reach;
    return `rgb(${ends[share > 0 ? 1 : 0].map((c) => Math.round(247 + (c - 247) * Math.abs(share))).join(",")})`;
  };
  return {
    size: [left + wide * batches.length + 10, high * densities.length + 60],
    draw(g) {
      const [row, column] = [model.get("choice"), model.get("place")];
      label(g, "dense time / sparse time: above 1 sparse wins", 0, 14);
      densities.forEach((density, r) => {
        const y = 24 + (densities.length - 1 - r) * high;
        label(g, `${density}`, left - 8, y + 21, "right");
        batches.forEach((_, c) => {
          const ratio = ratios[r][c];
          g.fillStyle = colourOf(ratio);
          g.fillRect(left + c * wide, y, wide - 1, high - 1);
          g.textAlign = "center";
          g.fillStyle = Math.log2(ratio) / reach > 0.75 ? "#ffffff" : "#000000";
          g.fillText(ratio.toPrecision(2), left + (c + 0.5) * wide, y + 21);
        });
      });
      batches.forEach((batch, c) => label(g, `${batch}`, left + (c + 0.5) * wide, 24 + densities.length * high + 16, "center"));
      label(g, "batch size", left, 24 + densities.length * high + 32);
      label(g, "density", 0, 24 + high / 2 + 5);
      g.strokeStyle = "#D55E00";
      g.lineWidth = 3;
      g.strokeRect(left + column * wide, 24 + (densities.length - 1 - row) * high, wide - 1, high - 1);
      return { words: facts.words[row][column], rows: facts.rows[row][column] };
    },
  };
}

// Curves that were computed beforehand, with a line that follows the slider.
function curves(model) {
  const facts = model.get("facts");
  const { low, high, places } = facts;
  const [left, top, wide, tall] = [50, 24, 520, 230];
  const xOf = (place) => left + place * wide;
  const yOf = (value) => top + (1 - (value - low) / (high - low)) * tall;
  return {
    size: [left + wide + 20, top + tall + 48 + 18 * facts.curves.length],
    draw(g) {
      const step = model.get("place"); // the slider runs over the places themselves
      label(g, facts.title, 0, 14);
      g.strokeStyle = g.faint;
      g.lineWidth = 1;
      const tick = [0.1, 0.2, 0.5, 1].find((size) => (high - low) / size < 6.5);
      for (let value = Math.ceil(low / tick - 1e-9) * tick; value < high + 1e-9; value += tick) {
        line(g, [[left, yOf(value)], [left + wide, yOf(value)]]);
        label(g, value.toFixed(1), left - 6, yOf(value) + 4, "right");
      }
      for (let k = 0; k <= 5; k++) label(g, (k / 5).toFixed(1), xOf(k / 5), top + tall + 18, "center");
      if (facts.line !== null) {
        g.strokeStyle = g.ink;
        g.setLineDash([2, 3]);
        line(g, [[left, yOf(facts.line)], [left + wide, yOf(facts.line)]]);
        g.setLineDash([]);
      }
      g.strokeStyle = facts.colours.threshold;
      g.lineWidth = 2;
      line(g, [[xOf(places[step]), top], [xOf(places[step]), top + tall]]);
      facts.curves.forEach(({ name, colour, points }, k) => {
        const ink = colour === "#000000" ? g.ink : colour; // black would vanish on a dark page
        g.strokeStyle = g.fillStyle = ink;
        g.setLineDash(k % 2 ? [7, 6] : []); // where two curves lie on each other both are seen
        line(g, points.map(([place, value]) => [xOf(place), yOf(value)]));
        g.setLineDash([]);
        for (const [place, value] of points) g.fillRect(xOf(place) - 3, yOf(value) - 3, 6, 6);
        const below = top + tall + 56 + 18 * k;
        g.fillRect(left, below - 9, 9, 9);
        label(g, name, left + 16, below);
      });
      label(g, facts.across, left + wide / 2, top + tall + 36, "center");
      return { words: facts.words[step], rows: facts.rows[step] };
    },
  };

  function line(g, points) {
    g.beginPath();
    points.forEach(([x, y], k) => (k ? g.lineTo(x, y) : g.moveTo(x, y)));
    g.stroke();
  }
}

const DRAWINGS = { patterns, shrinking, crossover, curves };
export default { render };
