// Curves that were computed in advance, with a line that follows the slider.
function curves(model) {
  const facts = model.get("facts");
  const { low, high, places } = facts;
  const [left, top, wide, tall] = [50, 24, 520, 230];
  const xOf = (place) => left + place * wide;
  const yOf = (value) => top + (1 - (value - low) / (high - low)) * tall;
  return {
    size: [left + wide + 20, top + tall + 48 + 18 * facts.curves.length],
    draw(g) {
      const step = model.get("place"); // the slider steps through the places themselves
      label(g, facts.title, 0, 14 - g.more);
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
        g.setLineDash(k % 2 ? [7, 6] : []); // so that both of two curves that coincide can be seen
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
}

DRAWINGS.curves = curves;
