// Density by batch: who wins, with a frame around the chosen cell.
function crossover(model) {
  const facts = model.get("facts");
  const { densities, batches, ratios } = facts;
  const [wide, high, left] = [64, 34, 92];
  const reach = Math.max(1, ...ratios.flat().map((ratio) => Math.abs(Math.log2(ratio))));
  const ends = [rgb("#E69F00"), rgb("#6A4C93")]; // dense wins, sparse wins: they differ in lightness too
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
          g.fillStyle = Math.log2(ratio) / reach > 0.83 ? "#ffffff" : "#000000";
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

DRAWINGS.crossover = crossover;
