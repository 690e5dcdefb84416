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

// A formula on its own line, in smaller letters if it is long.
function formula(tree, className = "") {
  const math = document.createElementNS(MATHML, "math");
  math.setAttribute("display", "block");
  math.append(mathElement(tree));
  const line = html("div", { class: `formula ${className}` }, math);
  requestAnimationFrame(() => fitFormula(line));
  return line;
}

const SMALLEST_FORMULA = 0.68;

// MathML breaks no lines: what is too long even in small letters can be scrolled, by keys as well.
function fitFormula(line) {
  const room = line.clientWidth / line.scrollWidth;
  if (!(room < 1)) return;
  line.style.fontSize = `${17 * Math.max(SMALLEST_FORMULA, room * 0.98)}px`;
  if (line.scrollWidth <= line.clientWidth) return;
  line.classList.add("scrolling");
  furnish(line, { tabindex: "0", role: "region", "aria-label": "a long formula" }, []);
}
