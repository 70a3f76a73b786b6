// What a mask costs, counted as the package's formats and kernels count it: `sparse.*.nbytes` and `.stored` of float32
// weights. A place that is kept but holds a zero counts as pruned, as it does there. Matrices of at most 64 x 64: every
// column number fits two bytes, every pointer four, and a TiledCSR has one tile.

const VALUE = 4; // bytes
const INDEX = 2;
const POINTER = 4;
const GAP_BITS = 5; // of a relative index: a value after 31 zeros at most, else a filler

function counts(weights, kept, rows, columns) {
  const size = rows * columns;
  const there = weights.map((w, i) => (kept[i] && w !== 0 ? 1 : 0));
  const perRow = new Uint32Array(rows);
  const perColumn = new Uint32Array(columns);
  const perGroup = new Uint8Array(Math.ceil(size / 4));
  const perBlock = new Uint8Array(size / 4);
  let [energy, whole, run, stored] = [0, 0, 0, 0];
  for (let i = 0; i < size; i++) {
    const square = weights[i] * weights[i];
    whole += square;
    run += 1;
    if (!there[i]) continue;
    const [row, column] = [Math.floor(i / columns), i % columns];
    energy += square;
    perRow[row] += 1;
    perColumn[column] += 1;
    perGroup[i >> 2] += 1; // rows are multiples of four long: no group runs on into the next
    perBlock[(row >> 2) * columns + column] += 1;
    stored += Math.ceil(run / 2 ** GAP_BITS); // the value, and the fillers before it
    run = 0;
  }
  const nonzeros = sum(perRow);
  const blocks = some(perBlock);
  const fullest = Math.max(...perGroup);
  const left = [some(perRow), some(perColumn)];
  const values = nonzeros * VALUE;
  const fours = 4 * sum(perRow.map((count) => Math.ceil(count / 4)));
  return {
    nonzeros,
    energy: energy / whole,
    left,
    fullest,
    tooFull: perGroup.reduce((total, count) => total + (count > 2), 0),
    multiplications: {
      dense: size,
      left: left[0] * left[1],
      CSR: nonzeros,
      BlockCSR: 4 * blocks,
      NOfM: (size / 4) * fullest,
    },
    bytes: {
      dense: size * VALUE,
      left: left[0] * left[1] * VALUE,
      COO: values + nonzeros * 2 * INDEX,
      CSR: values + nonzeros * INDEX + (rows + 1) * POINTER,
      CSC: values + nonzeros * INDEX + (columns + 1) * POINTER,
      TiledCSR: fours * (VALUE + INDEX) + (rows + 1) * POINTER,
      BlockCSR: blocks * (4 * VALUE + INDEX) + (rows / 4 + 1) * POINTER,
      Bitmask: values + size / 8,
      NOfM: fullest > 2 ? null : (size / 2) * VALUE + size / 8, // 2:4: two positions of two bits in every four
      RelativeIndex: stored * VALUE + Math.ceil((stored * GAP_BITS) / 8),
    },
  };
}

const sum = (list) => list.reduce((total, count) => total + count, 0);
const some = (list) => list.reduce((total, count) => total + (count > 0), 0);

// A mask as text: 12x12- and a bit for each weight, 1 where it stays, six to a letter. `token_of` in painting.py writes
// the same.
function tokenOf(kept, rows, columns) {
  const bytes = new Uint8Array(kept.length / 8);
  kept.forEach((stays, i) => (bytes[i >> 3] |= stays << (7 - (i & 7))));
  const letters = btoa(String.fromCharCode(...bytes));
  return `${rows}x${columns}-${letters.replaceAll("+", "-").replaceAll("/", "_").replace(/=*$/, "")}`;
}

// Return the mask, or null if the text is not the token of a mask of this shape. A whole address will do.
function maskOf(text, rows, columns) {
  const found = /(?:^|mask=)(\d+)x(\d+)-([\w-]+)$/.exec(text.trim());
  const size = rows * columns;
  if (!found || Number(found[1]) !== rows || Number(found[2]) !== columns) return null;
  if (found[3].length !== Math.ceil(size / 6)) return null;
  const letters = atob(found[3].replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from({ length: size }, (_, i) => (letters.charCodeAt(i >> 3) >> (7 - (i & 7))) & 1);
}
