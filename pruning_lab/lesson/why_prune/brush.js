// The hand that paints a mask: keys, pointer, buttons, and the token that carries a mask elsewhere. It changes the board
// of painting.js and says aloud what it did.

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const EDGES = { Home: [0, -1], End: [0, 1], PageUp: [-1, 0], PageDown: [1, 0] };
const HELP =
  "Paint with the mouse or a finger. Or with keys: arrows move, Space prunes or keeps, Shift with an arrow does so as far as " +
  "the edge, Z takes it back; Home, End, Page Up and Page Down go to the edges.";

function attend(board, canvas, el, redraw) {
  const parts = desk(canvas, el);
  const shared = el.closest("[data-mask-in-address]");
  const address = shared ? inAddress() : () => {};
  const hand = handOn(board, parts, redraw, address);
  board.judge = (words) => (parts.judged.textContent = words);
  parts.token.value = tokenOf(board.kept, board.rows, board.columns);
  parts.token.addEventListener("change", () => hand.take(parts.token.value));
  const listened = { keydown: keys(board, hand), ...pointer(board, hand, canvas), focus: redraw, blur: redraw };
  for (const [name, call] of Object.entries(listened)) canvas.addEventListener(name, call);
  for (const [name, call] of Object.entries(choices(board, hand))) parts.button(name, call);
  const follow = () => location.hash.includes(`mask=${board.rows}x${board.columns}-`) && hand.take(location.hash);
  if (!shared) return () => {};
  follow();
  window.addEventListener("hashchange", follow);
  return () => window.removeEventListener("hashchange", follow);
}

// Return what writes a token into the page's address once the hand rests: a browser takes no more than a few a second.
function inAddress() {
  let waiting;
  return (token) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => history.replaceState(null, "", `#mask=${token}`), 300);
  };
}

function handOn(board, { said, token }, redraw, address) {
  const { rows, columns } = board;
  const before = []; // masks, the last one last
  const say = (words) => {
    said.textContent = words;
    redraw();
  };
  const remember = () => before.push(board.kept.slice()) > 200 && before.shift();
  const changed = (words) => {
    token.value = tokenOf(board.kept, rows, columns);
    board.save(token.value);
    address(token.value);
    say(words);
  };
  const put = (mask, words) => {
    remember();
    board.kept = mask;
    changed(words);
  };
  const take = (text) => {
    const mask = maskOf(text, rows, columns);
    const letters = Math.ceil((rows * columns) / 6);
    if (mask) put(mask, "The mask of the token is on the canvas.");
    else say(`token must be ${rows}x${columns}- and ${letters} letters; got ${text.slice(0, 40) || "nothing"}`);
  };
  const undo = () => {
    const last = before.pop();
    board.kept = last ?? board.kept;
    changed(last ? "Taken back." : "Nothing to take back.");
  };
  const go = (place) => {
    board.at = place ?? board.at;
    say(here(board));
  };
  const sweep = (places) => {
    const state = board.kept[board.at] ? 0 : 1;
    remember();
    paintOver(board, places, state);
    const ends = [places[0], places.at(-1)].map((place) => where(board, place)).join(" to ");
    changed(places.length === 1 ? here(board) : `${places.length} ${state ? "kept" : "pruned"}, ${ends}`);
  };
  return { changed, put, take, undo, go, sweep };
}

const where = ({ columns }, place) => `row ${Math.floor(place / columns) + 1}, column ${(place % columns) + 1}`;
const paintOver = ({ kept }, places, state) => places.forEach((place) => (kept[place] = state));

function here(board) {
  const { at, weights, kept } = board;
  return `${where(board, at)}: ${weights[at].toPrecision(2)}, ${kept[at] ? "kept" : "pruned"}`;
}

// Return the places from the keys' own to the edge.
function ahead({ at, rows, columns }, [down, right]) {
  const [row, column] = [Math.floor(at / columns), at % columns];
  const room = down ? (down > 0 ? rows - 1 - row : row) : right > 0 ? columns - 1 - column : column;
  return Array.from({ length: room + 1 }, (_, k) => at + k * (down * columns + right));
}

function keys(board, hand) {
  return (event) => {
    const move = MOVES[event.key];
    if (event.key.toLowerCase() === "z") hand.undo();
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === " ") hand.sweep([board.at]);
    else if (move && event.shiftKey) hand.sweep(ahead(board, move));
    else if (move) hand.go(ahead(board, move)[1]);
    else if (EDGES[event.key]) hand.go(ahead(board, EDGES[event.key]).at(-1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
}

function pointer(board, hand, canvas) {
  const { columns } = board;
  let state = null; // what is painted while the pointer is down
  const pointerdown = (event) => {
    const place = board.under(event);
    if (place < 0 || event.button) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    board.at = place;
    state = board.kept[place] ? 0 : 1;
    hand.sweep([place]);
  };
  // Between two reports the pointer may have crossed many places: all on the line between them are painted.
  const pointermove = (event) => {
    const place = state === null ? -1 : board.under(event);
    if (place < 0 || place === board.at) return;
    const [row, column] = [Math.floor(board.at / columns), board.at % columns];
    const [down, right] = [Math.floor(place / columns) - row, (place % columns) - column];
    const steps = Math.max(Math.abs(down), Math.abs(right));
    const parts = Array.from({ length: steps }, (_, k) => (k + 1) / steps);
    const crossed = parts.map((part) => (row + Math.round(down * part)) * columns + column + Math.round(right * part));
    paintOver(board, crossed, state);
    board.at = place;
    hand.changed(here(board));
  };
  const pointerup = () => (state = null);
  return { pointerdown, pointermove, pointerup, pointercancel: pointerup };
}

function choices(board, hand) {
  const { rows, columns } = board;
  const filled = (state) => new Uint8Array(rows * columns).fill(state);
  const lay = ({ rule, token }) => hand.put(maskOf(token, rows, columns), `On the canvas: ${rule}.`);
  return {
    Undo: hand.undo,
    "Keep all": () => hand.put(filled(1), "All weights are kept."),
    "Prune all": () => hand.put(filled(0), "All weights are pruned."),
    "Start from magnitude": () => lay(board.round().magnitude),
    "Start from the structured": () => lay(board.round().structured),
    "Show the best": () => {
      board.seen.add(board.round().best);
      lay(board.round().best);
    },
  };
}

// Put what belongs to the canvas below it, and the table beside both. Return the parts that change, and what adds a button.
function desk(canvas, el) {
  const make = (name, parent, style, content = "") => {
    const made = document.createElement(name);
    made.style.cssText = style;
    made.textContent = content;
    parent.append(made);
    return made;
  };
  const line = "margin:4px 0; line-height:1.4; min-height:1.4em";
  const table = el.querySelector("table");
  const row = make("div", el, "display:flex; flex-wrap:wrap; gap:8px 32px; align-items:flex-start");
  const left = make("div", row, `width:${SIDE}px; max-width:100%; color:var(--jp-content-font-color1, inherit)`);
  table.style.flex = "1 1 260px"; // it breaks its lines before it goes below
  el.prepend(row); // what is spoken stays last
  row.append(table);
  left.append(canvas);
  const judged = make("p", left, `${line}; font-weight:bold`);
  const said = make("p", left, line);
  const buttons = make("div", left, "display:flex; flex-wrap:wrap; gap:6px; margin:6px 0");
  const field = make("label", left, "display:block; margin:6px 0", "Token of this mask: send it to a friend, or put in theirs");
  const token = make("input", field, "display:block; width:100%; box-sizing:border-box; padding:4px; font:1em/1.6 monospace");
  const help = make("p", left, line, HELP);
  help.id = `painting-${Math.random().toString(36).slice(2)}`;
  said.setAttribute("role", "status");
  Object.assign(token, { type: "text", spellcheck: false });
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-describedby", help.id);
  const look = "padding:2px 8px; border:1px solid; border-radius:3px; background:none; color:inherit; cursor:pointer";
  const button = (name, call) => Object.assign(make("button", buttons, look, name), { type: "button", onclick: call });
  return { judged, said, token, button };
}
