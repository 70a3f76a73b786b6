// Strips of channels, a row for each operation up to the one chosen; equal names share their fate, grey has no choice.
function strips(model) {
  const { networks } = model.get("facts");
  const [cell, line, margin, gap] = [30, 26, 170, 12];
  const wide = (row) => row.reduce((sum, piece) => sum + piece.length * cell + gap, 0);
  const width = Math.max(...networks.flatMap((network) => network.strips.at(-1).map(wide)));
  return {
    size: [margin + width, Math.max(...networks.map((network) => network.names.length)) * line + 4],
    draw(g) {
      const { names, strips, rows, words } = networks[model.get("choice")];
      const step = Math.min(model.get("place"), names.length - 1);
      strips[step].forEach((row, number) => {
        const y = number * line + 2;
        label(g, `${number === step ? "▸ " : ""}${names[number]}`, margin - 8, y + line / 2 + 3, "right");
        let x = margin;
        for (const piece of row) {
          for (const [fill, name] of piece) {
            square(g, name ? fill : g.gone, name, x, y);
            x += cell;
          }
          x += gap;
        }
      });
      return { words: words[step], rows: rows[step] };
    },
  };

  function square(g, fill, name, x, y) {
    g.fillStyle = fill;
    g.fillRect(x, y, cell - 2, line - 3);
    g.textAlign = "center";
    g.fillStyle = "#000000"; // on light fills, in any theme
    g.fillText(name, x + cell / 2 - 1, y + line / 2 + 3, cell - 4);
  }
}

DRAWINGS.strips = strips;
