// Bits a weight as one bar of three parts with the floor marked on it, and below it how far the error lies down.
function bits(model) {
  const facts = model.get("facts");
  const { states, parts, sizes } = facts;
  const [values, gaps] = sizes;
  const [wide, high, left] = [520, 46, 10];
  const all = (state) => state[0] + state[1] + state[2];
  return {
    size: [left + wide + 20, 250],
    draw(g) {
      const first = model.get("place") * values * gaps;
      const at = first + model.get("choice") * gaps + model.get("level");
      const state = states[at];
      const most = Math.max(...states.slice(first, first + values * gaps).map(all));
      label(g, `bits for each weight of the matrix: ${all(state).toFixed(3)}`, left, 16);
      let x = left;
      parts.forEach(({ colour }, k) => {
        g.fillStyle = colour;
        g.fillRect(x, 26, (state[k] / most) * wide, high);
        x += (state[k] / most) * wide;
      });
      const floor = left + (state[3] / most) * wide;
      g.strokeStyle = g.ink;
      g.lineWidth = 2;
      g.strokeRect(left, 26, wide, high);
      g.setLineDash([5, 4]);
      g.beginPath();
      g.moveTo(floor, 20);
      g.lineTo(floor, 30 + high);
      g.stroke();
      g.setLineDash([]);
      parts.forEach(({ name, colour }, k) => {
        g.fillStyle = colour;
        g.fillRect(left + k * 105, 98, 14, 14);
        label(g, name, left + k * 105 + 20, 110);
      });
      label(g, "- - the floor", left + 3 * 105, 110);
      label(g, `the error lies ${state[4].toFixed(1)} dB below the weights`, left, 160);
      g.fillStyle = parts[0].colour;
      g.fillRect(left, 170, (Math.min(state[4], 40) / 40) * wide, 24);
      g.strokeStyle = g.ink;
      g.strokeRect(left, 170, wide, 24);
      label(g, "0", left, 212);
      label(g, "40 dB", left + wide, 212, "right");
      return { words: facts.words[at], rows: facts.rows[at] };
    },
  };
}

DRAWINGS.bits = bits;
