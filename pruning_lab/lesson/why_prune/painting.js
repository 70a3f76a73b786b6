// A mask painted by hand. Each weight is a square with the area of its energy: the coloured area is what the mask keeps.
// What it costs is counted by counts.js at every stroke; what its rivals keep was worked out by the package. brush.js has
// the hand that paints.

const SIDE = 384; // pixels of the longer side: 12, 16, 24, 32, 48 and 64 divide it
const TOP = 20; // for a line of words
const GAP = 30; // between the block and its rivals
const SMALL = 108; // pixels of a rival's mask

function painting(model) {
  const facts = model.get("facts");
  const { rows, columns, colours } = facts;
  const weights = new Float32Array(own(model.get("numbers")));
  const cell = SIDE / Math.max(rows, columns);
  const sides = weights.map((w) => cell * Math.min(1, Math.abs(w) / facts.full));
  const small = SMALL / Math.max(rows, columns);
  const board = {
    rows,
    columns,
    weights,
    kept: maskOf(model.get("painted") || facts.start, rows, columns) ?? new Uint8Array(rows * columns).fill(1),
    at: 0, // the place of the keys
    under,
    round,
    seen: new Set(), // rounds whose best mask has been seen
    save: (token) => model.set("painted", token),
    judge: () => {},
  };
  let more = 0; // pixels above the drawing
  const size = [SIDE, TOP + rows * cell + GAP + rows * small + 8];
  return { size, draw, attend: (canvas, el, redraw) => attend(board, canvas, el, redraw) };

  function round() {
    const game = facts.games[model.get("choice")];
    return { ...game, ...game.rounds[model.get("level")], share: facts.shares[model.get("level")] };
  }

  // Return the place under the pointer, -1 if it is not on the block.
  function under(event) {
    const box = event.currentTarget.getBoundingClientRect();
    const scale = SIDE / box.width;
    const column = Math.floor(((event.clientX - box.left) * scale) / cell);
    const row = Math.floor(((event.clientY - box.top) * scale - more - TOP) / cell);
    return row >= 0 && row < rows && column >= 0 && column < columns ? row * columns + column : -1;
  }

  function draw(g) {
    const played = round();
    const found = counts(weights, board.kept, rows, columns);
    const judged = verdict(found, played);
    if (judged.best) board.seen.add(played.best);
    more = g.more;
    Object.assign(g.canvas.style, { touchAction: "none", cursor: "crosshair" });
    label(g, `energy kept ${found.energy.toFixed(3)}`, 0, 14);
    label(g, `${whole(judged.cost)} of ${whole(played.limit)} ${played.unit}`, SIDE, 14, "right");
    block(g);
    rivals(g, played);
    board.judge(judged.words);
    return { words: `Mask of ${rows} x ${columns} weights. ${judged.words}`, rows: lines(found, played, judged) };
  }

  function block(g) {
    // Thousands in every frame: no array for each, which would have to be cleared away.
    const x = (i) => (i % columns) * cell;
    const y = (i) => TOP + Math.floor(i / columns) * cell;
    const square = (i) => {
      const rim = (cell - sides[i]) / 2;
      g.fillRect(x(i) + rim, y(i) + rim, sides[i], sides[i]);
    };
    g.fillStyle = g.gone;
    board.kept.forEach((stays, i) => stays || g.fillRect(x(i), y(i), cell, cell));
    g.fillStyle = colours.kept;
    board.kept.forEach((stays, i) => stays && square(i));
    g.fillStyle = g.ink;
    g.globalAlpha = 0.3;
    board.kept.forEach((stays, i) => stays || square(i));
    for (let k = 0; k <= columns; k += 4) g.fillRect(k * cell - 0.5, TOP, 1, rows * cell); // a line every four
    for (let k = 0; k <= rows; k += 4) g.fillRect(0, TOP + k * cell - 0.5, columns * cell, 1);
    g.globalAlpha = 1;
    const room = cell < 12 ? 2 : 0; // a small place is ringed from outside
    g.lineWidth = document.activeElement === g.canvas ? 3 : 1;
    g.strokeStyle = colours.threshold;
    g.strokeRect(x(board.at) - room, y(board.at) - room, cell + 2 * room, cell + 2 * room);
  }

  function rivals(g, { magnitude, structured, best }) {
    const [full, none] = [rgb(colours.kept), rgb(g.gone)];
    [magnitude, structured, best].forEach((rival, k) => {
      const box = [(k * (SIDE - SMALL)) / 2, TOP + rows * cell + GAP, columns * small, rows * small];
      label(g, rival.rule, box[0], box[1] - 6);
      rival.mask ??= maskOf(rival.token, rows, columns);
      const mask = rival !== best || board.seen.has(best) ? rival.mask : null;
      if (mask) paint(g, rows, columns, (i) => (mask[i] ? full : none), box);
      else label(g, "?", box[0] + box[2] / 2, box[1] + box[3] / 2 + 5, "center");
      g.strokeStyle = g.faint;
      g.lineWidth = 1;
      g.strokeRect(...box);
    });
  }
}

const whole = (number) => number.toLocaleString("en");

// Return what a mask costs in a round, whether it is as good as the best there, and how it stands, in words.
function verdict(found, { unit, key, limit, magnitude, structured, best }) {
  const cost = found[unit][key];
  const keeps = `You keep ${found.energy.toFixed(3)} of the energy`;
  if (cost > limit) return { cost, words: `${keeps}, ${whole(cost - limit)} ${unit} over the budget.` };
  const reaches = ({ energy }) => found.energy > energy - 1e-9; // sums in another order may differ by less
  if (found.energy > best.energy + 1e-9) return { cost, best: true, words: `${keeps}, more than a search found.` };
  const most = best.rule === "the optimum" ? "the optimum: no mask keeps more" : "as much as the best that a search found";
  if (reaches(best)) return { cost, best: true, words: `${keeps} within the budget, ${most}.` };
  const above = [reaches(magnitude) && "magnitude", reaches(structured) && structured.rule].filter(Boolean);
  const stands = [
    "less than both rivals",
    `no less than ${above[0]}; the other rival keeps more`,
    "no less than both rivals; more can be kept",
  ];
  return { cost, words: `${keeps} within the budget, ${stands[above.length]}.` };
}

// Return the table: the round, then everything that was counted.
function lines(found, { unit, limit, share, magnitude, structured, best }, { cost }) {
  const { energy, nonzeros, left, tooFull, bytes, multiplications } = found;
  const misfit = bytes.NOfM === null ? `none, ${whole(tooFull)} fours are too full` : null;
  return [
    [`budget of ${unit}`, `${whole(limit)}, ${share}`],
    ["your mask takes", `${whole(cost)} (${cost > limit ? "too many" : "fits"})`],
    ["energy that your mask keeps", energy.toFixed(4)],
    ["magnitude", magnitude.energy.toFixed(4)],
    [`best structured: ${structured.rule}`, structured.energy.toFixed(4)],
    [best.rule, best.energy.toFixed(4)],
    ["sparsity", (1 - nonzeros / multiplications.dense).toFixed(3)],
    ["dense shape left", left.join(" x ")],
    ["multiplications, dense", whole(multiplications.dense)],
    ["multiplications, dense shape left", whole(multiplications.left)],
    ["multiplications, CSR kernel", whole(multiplications.CSR)],
    ["multiplications, 4x1 kernel", whole(multiplications.BlockCSR)],
    ["multiplications, 2:4 kernel", misfit ?? whole(multiplications.dense / 2)],
    ["bytes, dense", whole(bytes.dense)],
    ["bytes, dense shape left", whole(bytes.left)],
    ["bytes, CSR", whole(bytes.CSR)],
    ["bytes, CSC", whole(bytes.CSC)],
    ["bytes, CSR in tiles", whole(bytes.TiledCSR)],
    ["bytes, COO", whole(bytes.COO)],
    ["bytes, 4x1 blocks", whole(bytes.BlockCSR)],
    ["bytes, 2:4", misfit ?? whole(bytes.NOfM)],
    ["bytes, bitmask", whole(bytes.Bitmask)],
    ["bytes, relative index", whole(bytes.RelativeIndex)],
  ];
}

DRAWINGS.painting = painting;
Object.assign(painting, { counts, tokenOf, maskOf }); // for the tests, which compare them with the package
