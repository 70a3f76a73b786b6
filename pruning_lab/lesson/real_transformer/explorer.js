// Four measures of the network that is left, as bars with their intervals; a tick marks what the whole network has.
function kept(model) {
  const facts = model.get("facts");
  const [left, wide, high, step] = [190, 360, 22, 40];
  return {
    size: [left + wide + 60, facts.measures.length * step + 90],
    draw(g) {
      const at = model.get("place") * facts.widths + model.get("choice");
      const x = (share) => left + share * wide;
      facts.measures.forEach(({ name, colour, whole }, k) => {
        const y = k * step + 8;
        const [mean, low, up] = facts.states[at][k];
        label(g, name, left - 8, y + high / 2 + 4, "right");
        g.fillStyle = colour;
        g.fillRect(left, y, mean * wide, high);
        g.strokeStyle = g.ink;
        g.lineWidth = 2;
        line(g, [[x(low), y + high / 2], [x(up), y + high / 2]]);
        line(g, [[x(whole), y - 4], [x(whole), y + high + 4]]);
        label(g, mean.toFixed(2), x(Math.max(up, whole)) + 8, y + high / 2 + 4);
      });
      const y = facts.measures.length * step + 16;
      label(g, "multiplications left", left - 8, y + high / 2 + 4, "right");
      g.fillStyle = g.gone;
      g.fillRect(left, y, wide, high);
      g.fillStyle = "#767676";
      g.fillRect(left, y, facts.work[at] * wide, high);
      label(g, facts.work[at].toFixed(2), x(1) + 8, y + high / 2 + 4);
      label(g, "| the whole network", left, y + high + 30);
      return { words: facts.words[at], rows: facts.rows[at] };
    },
  };
}

DRAWINGS.kept = kept;
