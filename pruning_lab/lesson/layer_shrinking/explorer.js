// Two layers around the hidden units: rows of the first and columns of the second go together.
function shrinking(model) {
  const facts = model.get("facts");
  const { inputs, hidden, outputs, colours } = facts;
  const light = new Uint8Array(own(model.get("numbers"))); // 255: the largest magnitude in its layer
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

DRAWINGS.shrinking = shrinking;
