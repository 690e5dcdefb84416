// Trees of mathematics, made to MathML elements.

const MATHML = "http://www.w3.org/1998/Math/MathML";
const TOKENS = new Set(["mi", "mn", "mo", "mtext"]);
const SCHEMES = new Set(["mrow", "msup", "msub", "msubsup", "mfrac", "msqrt", "mroot", "mover",
  "munder", "munderover", "mtable", "mtr", "mtd", "mspace", "mstyle", "mpadded"]);

// The element of a tree: its first entry names it, the others are trees or the text of a token.
function mathElement([tag, ...rest]) {
  if (!TOKENS.has(tag) && !SCHEMES.has(tag)) return document.createTextNode("");
  const element = document.createElementNS(MATHML, tag);
  for (const each of rest) element.append(Array.isArray(each) ? mathElement(each) : String(each));
  return element;
}

// A formula on its own line, in smaller letters if it is long, on several lines if it is longer.
function formula(tree, className = "") {
  const line = html("div", { class: `formula ${className}` }, mathOf([tree]));
  requestAnimationFrame(() => fitFormula(line, tree));
  return line;
}

function mathOf(trees) {
  const math = document.createElementNS(MATHML, "math");
  math.setAttribute("display", "block");
  math.append(...trees.map(mathElement));
  return math;
}

const SMALLEST_FORMULA = 0.8;

// MathML breaks no lines, so a long formula is set as pieces that do. A piece that is still too long
// can be scrolled, by keys as well.
function fitFormula(line, tree) {
  const room = line.clientWidth / line.scrollWidth;
  if (!(room < 1)) return;
  if (room >= SMALLEST_FORMULA) {
    line.style.fontSize = `${17 * room * 0.98}px`;
  } else {
    line.classList.add("broken");
    line.replaceChildren(...piecesOf(tree).map(mathOf));
    // A sign that begins a piece still stands between two things, and has the room for it.
    for (const math of line.children) {
      if (math.firstChild.localName === "mo") math.firstChild.setAttribute("form", "infix");
    }
  }
  if (line.scrollWidth <= line.clientWidth) return;
  line.classList.add("scrolling");
  furnish(line, { tabindex: "0", role: "region", "aria-label": "a long formula" }, []);
}

const BREAKS = new Set(["=", "+=", "≈", "+", "−", "·"]);

// The pieces of a formula: each begins with the sign before which a line may end.
function piecesOf(tree) {
  const pieces = [[]];
  for (const part of partsOf(tree)) {
    if (part[0] === "mo" && BREAKS.has(part[1])) pieces.push([]);
    pieces[pieces.length - 1].push(part);
  }
  return pieces.filter((piece) => piece.length > 0);
}

// The parts of a row in their order, with those of the rows in it; what begins with a sign or Σ is
// one part, for the sign belongs to what follows it.
function partsOf(tree) {
  const found = [];
  const waiting = [tree];
  while (waiting.length > 0) {
    const part = waiting.pop();
    const [tag, first] = part;
    const signed = Array.isArray(first) && first[0] === "mo" && first[1] !== "(";
    if (tag !== "mrow" || signed) found.push(part);
    else waiting.push(...part.slice(1).reverse());
  }
  return found;
}
