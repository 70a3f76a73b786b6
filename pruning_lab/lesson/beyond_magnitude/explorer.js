// Ten small pictures, the weights of each class: blue for more, orange for less, grey for what is gone.
function removals(model) {
  const { places, classes, side, rows, words, colours } = model.get("facts");
  const bytes = new Uint8Array(own(model.get("numbers"))); // 128: gone; 255 and 1: the largest weight, and its opposite
  const [white, more, less] = ["#ffffff", colours.kept, colours.threshold].map(rgb);
  const [cell, gap, across] = [14, 22, 5];
  const wide = side * cell;
  const each = classes.length * side * side;
  const shade = (byte) => {
    const share = Math.sqrt(Math.abs(byte - 128) / 127); // small weights are many, and would look like none
    return (byte > 128 ? more : less).map((full, k) => Math.round(white[k] + (full - white[k]) * share));
  };
  return {
    size: [across * (wide + gap) - gap, Math.ceil(classes.length / across) * (wide + gap)],
    draw(g) {
      const at = model.get("choice") * places.length + nearest(places, model.get("place"));
      const gone = rgb(g.gone);
      classes.forEach((name, k) => {
        const [x, y] = [(k % across) * (wide + gap), Math.floor(k / across) * (wide + gap)];
        const first = at * each + k * side * side;
        label(g, name, x, y + 14);
        paint(g, side, side, (i) => (bytes[first + i] === 128 ? gone : shade(bytes[first + i])), [x, y + 20, wide, wide]);
      });
      return { words: words[at], rows: rows[at] };
    },
  };
}

DRAWINGS.removals = removals;
