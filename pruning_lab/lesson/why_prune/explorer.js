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
    label(g, `threshold ${threshold.toPrecision(3)}`, x + width, 276 + g.more, "right");
  }
}

DRAWINGS.patterns = patterns;
