// A slider keeps the arrows once it is touched; the keys of a clicker turn the page all the same.
const TURNS = { PageDown: "next", n: "next", N: "next", PageUp: "prev", p: "prev", P: "prev", Escape: null };
document.addEventListener(
  "keydown",
  (event) => {
    const key = event.key === " " && event.target.type === "range" ? "PageDown" : event.key;
    if (!event.target.closest(".explorer") || !(key in TURNS)) return;
    event.preventDefault();
    event.stopPropagation();
    event.target.blur();
    if (TURNS[key]) Reveal[TURNS[key]]();
  },
  true,
);

Reveal.initialize({
  width: 1280,
  height: 720,
  margin: 0.03,
  center: false,
  hash: true,
  slideNumber: "c/t",
  transition: "none",
  pdfSeparateFragments: false,
  plugins: [RevealNotes],
});
