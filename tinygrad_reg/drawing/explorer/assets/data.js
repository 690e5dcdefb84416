// The data that Python wrote into the page, and what the page asks of it.

const data = JSON.parse(document.getElementById("data").textContent);
const nodeOf = new Map(data.nodes.map((node) => [node.key, node]));
const groupOf = new Map(data.groups.map((group) => [group.key, group]));
const places = data.edges.map((edge, place) => place);
const placesFrom = groupBy(places, (place) => data.edges[place].tail); // of edges in data.edges
const placesInto = groupBy(places, (place) => data.edges[place].head);
const stepsAt = groupBy(data.steps, (step) => step.node);
const contributionAlong = new Map();
for (const step of data.steps) {
  for (const part of step.contributions ?? []) contributionAlong.set(part.edge, part);
}
const hasPenalty = data.nodes.some((node) => node.data_gradient !== null);

// The items by key, in their order.
function groupBy(items, keyOf) {
  const found = new Map();
  for (const item of items) {
    const key = keyOf(item);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(item);
  }
  return found;
}

// What a node is called in a sentence.
function nameOf(node) {
  return node.name ?? node.title;
}

// The groups around a node or a group, innermost first.
function groupsAround(key) {
  const around = [];
  const start = nodeOf.has(key) ? nodeOf.get(key).group : groupOf.get(key).parent;
  for (let each = start; each !== null; each = groupOf.get(each).parent) around.push(each);
  return around;
}

// JSON has no word for these three, so Python writes them as texts.
const LACKING = { nan: NaN, inf: Infinity, "-inf": -Infinity };

function numeric(entry) {
  return typeof entry === "string" ? LACKING[entry] : Number(entry);
}

// An entry with every digit that it has.
function exactNumber(entry) {
  if (typeof entry === "boolean") return String(entry);
  const number = numeric(entry);
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  return String(number).replaceAll("-", "−");
}

// An entry in as many characters as a small box has.
function shortNumber(entry, digits = 4) {
  const number = numeric(entry);
  if (typeof entry === "boolean" || !Number.isFinite(number)) return exactNumber(entry);
  const size = Math.abs(number);
  if (size === 0) return "0";
  if (Number.isInteger(number) && size < 1e5) return exactNumber(number);
  if (size >= 1e5 || size < 1e-3) {
    const [mantissa, exponent] = number.toExponential(Math.min(digits, 3) - 1).split("e");
    return `${Number(mantissa)}e${Number(exponent)}`.replaceAll("-", "−");
  }
  return exactNumber(Number(number.toPrecision(digits)));
}

function shapeText(shape) {
  return shape.length === 0 ? "scalar" : `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

function sizeOf(array) {
  return array.shape.reduce((product, length) => product * length, 1);
}

// The array that an index of the data stands for.
function arrayAt(index) {
  return index === null || index === undefined ? null : data.arrays[index];
}

// The largest entry without its sign: colours go from minus this to this.
function largest(array) {
  if (array === null) return 0;
  const bounds = [array.min, array.max].filter((bound) => bound !== null).map(numeric);
  const sizes = bounds.map(Math.abs).filter(Number.isFinite);
  return sizes.length ? Math.max(...sizes) : finiteLargest(array);
}

function finiteLargest(array) {
  const entries = array.entries ?? array.blocks?.entries ?? [];
  return entries.map(numeric).filter(Number.isFinite)
    .reduce((found, number) => Math.max(found, Math.abs(number)), 0);
}

// The array that is one array minus another, made once.
const differences = new Map();

function difference(whole, part) {
  const key = `${data.arrays.indexOf(whole)} ${data.arrays.indexOf(part)}`;
  if (!differences.has(key)) {
    const subtract = (left, right) =>
      left && right && left.map((entry, place) => numeric(entry) - numeric(right[place]));
    const entries = subtract(whole.entries, part.entries);
    const blocks = whole.blocks && part.blocks && {
      shape: whole.blocks.shape,
      entries: subtract(whole.blocks.entries, part.blocks.entries),
    };
    differences.set(key, described(whole.shape, whole.dtype, entries, blocks));
  }
  return differences.get(key);
}

function isZero(array) {
  return array === null || (array.min === 0 && array.max === 0 && array.nan === 0);
}

// An array of zeros: the part of a gradient that is not there.
function zerosLike(array) {
  const zeros = (entries) => entries && entries.map(() => 0);
  const blocks = array.blocks && { shape: array.blocks.shape, entries: zeros(array.blocks.entries) };
  return described(array.shape, array.dtype, zeros(array.entries), blocks);
}

// An array with the summary that Python gives to those in the data.
function described(shape, dtype, entries, blocks) {
  const known = (entries ?? blocks?.entries ?? []).map(numeric);
  const usable = known.filter((number) => !Number.isNaN(number));
  const total = usable.reduce((sum, number) => sum + number, 0);
  return {
    shape, dtype, entries: entries ?? null, blocks: blocks ?? null, histogram: null,
    min: usable.length ? usable.reduce((a, b) => Math.min(a, b)) : null,
    max: usable.length ? usable.reduce((a, b) => Math.max(a, b)) : null,
    mean: usable.length ? total / usable.length : null,
    norm: Math.sqrt(usable.reduce((sum, number) => sum + number * number, 0)),
    zeros: known.length ? known.filter((number) => number === 0).length / known.length : 0,
    nan: known.length - usable.length,
    infinite: usable.filter((number) => !Number.isFinite(number)).length,
  };
}

// ∂(result)/∂(node) as the penalty lens shows it: all of it, or one part.
function gradientOf(node, lens) {
  const total = arrayAt(node.gradient);
  if (total === null) return null;
  if (node.data_gradient === null) return lens === "penalty" ? zerosLike(total) : total;
  if (lens === "data") return arrayAt(node.data_gradient);
  return lens === "penalty" ? arrayAt(node.penalty_gradient) : total;
}

// What goes back along an edge, as the penalty lens shows it.
function contributionOf(part, lens) {
  const total = arrayAt(part.contribution);
  const record = contributionAlong.get(part.edge) ?? part;
  const fromData = arrayAt(record.data);
  if (lens === "total" || total === null) return total;
  if (fromData === null) return lens === "penalty" ? zerosLike(total) : total;
  return lens === "data" ? fromData : difference(total, fromData);
}

// The name of a gradient: ∂J/∂W, or of one part of it; of a value without a name, in words.
function gradientName(node, lens) {
  return gradientWords(node, lens).join(lens === "total" ? "" : "_");
}

function gradientWords(node, lens) {
  const after = node.name === null ? ` of ${shortened(node.title, 60)}` : `/∂${shortened(node.name, 60)}`;
  const before = node.name === null ? "gradient" : `∂${shortened(data.title, 40)}`;
  return lens === "total" ? [before + after] : [before, lens + after];
}
