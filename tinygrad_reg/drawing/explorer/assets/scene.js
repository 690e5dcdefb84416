// The graph on the screen: boxes, frames, arrows, and what a step changes on them.

const scene = byId("scene");
const layers = Object.fromEntries(["frames", "arrows", "labels", "boxes", "flows"].map((name) => [
  name, scene.appendChild(svg("g", { class: name })),
]));
const opened = new Set(data.groups.filter((group) => group.open).map((group) => group.key));
const made = new Map(); // the element of each box that was drawn before, by key
const drawn = { boxes: [], arrows: [], width: 0, height: 0, elements: new Map(), along: new Map() };
const moments = { value: new Map(), gradient: new Map(), contribution: new Map() };
const membersOf = new Map(data.groups.map((group) => [group.key, []]));
for (const node of data.nodes) {
  for (const group of groupsAround(node.key)) membersOf.get(group).push(node.key);
}
data.steps.forEach((step, place) => {
  if (step.kind === "forward") moments.value.set(step.node, place);
  else if (!moments.gradient.has(step.node)) moments.gradient.set(step.node, place);
  for (const part of step.contributions ?? []) moments.contribution.set(part.edge, place);
});

// Lay everything out again and draw it; boxes that were drawn before are only moved.
function drawScene() {
  const { boxes, width, height } = compose("", opened);
  const arrows = arrowsBetween(opened);
  const bins = bendArrows(arrows, boxes);
  placeLabels(arrows, boxes);
  measureRooms(boxes, bins);
  Object.assign(drawn, { boxes, arrows, bins, width, height, elements: new Map(), along: new Map() });
  const ordered = { frames: [], boxes: [] };
  const fresh = [];
  for (const box of boxes) {
    if (box.kind !== "frame" && !made.has(box.key)) {
      made.set(box.key, newBox(box));
      fresh.push(made.get(box.key));
    }
    const element = box.kind === "frame" ? newFrame(box) : made.get(box.key);
    element.setAttribute("transform", `translate(${box.left.toFixed(1)} ${box.top.toFixed(1)})`);
    element.room = box.room;
    ordered[box.kind === "frame" ? "frames" : "boxes"].push(element);
    drawn.elements.set(box.key, element);
  }
  layers.frames.replaceChildren(...ordered.frames);
  layers.boxes.replaceChildren(...ordered.boxes);
  layers.arrows.replaceChildren(...arrows.map(newArrow));
  layers.labels.replaceChildren(...arrows.map((arrow) => arrow.labels).filter((each) => each !== null));
  fitTexts(fresh);
  for (const key of drawn.elements.keys()) showState(key);
  for (const arrow of arrows) showReturned(arrow);
  showStep();
}

function newBox({ key, kind, width, height }) {
  const item = nodeOf.get(key) ?? groupOf.get(key);
  const look = kind === "folded" ? `folded kind-${item.kind}` : `node role-${item.role}`;
  const shapes = kind === "folded" ? foldedShape(width, height) : roleShape(item.role, width, height);
  const label = kind === "folded"
    ? `${frameTitle(item)}, folded, ${membersOf.get(key).length} nodes. Enter unfolds.`
    : `${shortened(item.title, 300)}, ${item.role}, ${shapeText(item.shape)}`;
  const element = svg("g", { class: `box ${look}`, role: "button", tabindex: "-1",
    "aria-label": label, "data-key": key }, svg("rect", { class: "halo", x: -6, y: -6,
    width: width + 12, height: height + 12, rx: 10 }), shapes, boxText(item.box));
  if (kind === "folded") element.append(foldMark(width, "+"));
  element.append(svg("title", {}, shortened(item.title, 400)));
  return element;
}

// Shape and border tell the roles apart without colour.
function roleShape(role, width, height) {
  const rounded = (radius, inset = 0, className = "shape") => svg("rect", { class: className,
    x: inset, y: inset, width: width - 2 * inset, height: height - 2 * inset, rx: radius });
  if (role === "parameter") return [rounded(0)];
  if (role === "output") return [rounded(8), rounded(5, 3, "shape inner")];
  if (role === "data") {
    const fold = 9;
    return [svg("path", { class: "shape", d: `M0 0H${width - fold}L${width} ${fold}V${height}H0Z` }),
      svg("path", { class: "corner", d: `M${width - fold} 0V${fold}H${width}` })];
  }
  if (role === "penalty") {
    const cut = Math.min(9, height / 4);
    return [svg("path", { class: "shape", d: `M${cut} 0H${width - cut}L${width} ${cut}V${height - cut}` +
      `L${width - cut} ${height}H${cut}L0 ${height - cut}V${cut}Z` })];
  }
  return [rounded(8)];
}

function foldedShape(width, height) {
  const sheet = (shift) => svg("rect", { class: "shape", x: shift, y: shift, width, height, rx: 8 });
  return [sheet(4), sheet(0)];
}

function foldMark(x, sign) {
  return svg("g", { class: "fold-mark", transform: `translate(${x} 0)` }, svg("circle", { r: 8 }),
    svg("path", { d: sign === "+" ? "M-4 0H4M0 -4V4" : "M-4 0H4" }));
}

function boxText({ width, height, lines }) {
  const heights = lines.map((line) => line.size * 1.25);
  let y = (height - heights.reduce((sum, each) => sum + each, 0)) / 2;
  return lines.map((line, place) => {
    const text = svg("text", { x: width / 2, y: (y + heights[place] * 0.76).toFixed(1),
      "font-size": line.size, class: line.bold ? "bold" : null }, line.text);
    text.room = width - 8;
    y += heights[place];
    return text;
  });
}

// Texts wider than their boxes, in fonts other than those that Python measured, are made to fit.
function fitTexts(elements) {
  const texts = elements.flatMap((element) => [...element.querySelectorAll("text")]);
  const wide = texts.filter((text) => text.room && text.getComputedTextLength() > text.room);
  for (const text of wide) {
    text.setAttribute("textLength", text.room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

function newFrame({ key, width, height }) {
  const group = groupOf.get(key);
  const title = frameTitle(group, width);
  const heading = svg("g", { class: "frame-title", role: "button", tabindex: "-1", "data-key": key,
    "aria-label": `${title}, open group. Enter folds it.` },
    svg("rect", { class: "halo", x: 3, y: 3, width: width - 6, height: 22, rx: 6 }),
    svg("g", { transform: "translate(16 14)" }, foldMark(0, "−")),
    svg("text", { x: 30, y: 18 }, title), svg("title", {}, shortened(group.title, 400)));
  return svg("g", { class: `frame kind-${group.kind}` },
    svg("rect", { class: "frame-shape", width, height, rx: 12 }), heading);
}

function newArrow(arrow) {
  const edges = arrow.edges.map((place) => data.edges[place]);
  const penalty = edges.every((edge) => edge.penalty);
  arrow.path = svg("path", { class: "arrow", d: pathOf(arrow.curve),
    "marker-end": penalty ? "url(#tip-penalty)" : "url(#tip)" });
  arrow.group = svg("g", { class: penalty ? "link penalty" : "link" }, arrow.path);
  // The labels of all arrows are drawn after all arrows, so that no line runs through them.
  arrow.labels = arrow.words.length === 0 ? null : svg("g", { class: "label" },
    arrow.words.map(({ kind, text, middle: [x, y] }) =>
      svg("text", { class: kind, x: x.toFixed(1), y: (y + 3.5).toFixed(1) }, text)));
  for (const edge of arrow.edges) drawn.along.set(edge, arrow);
  return arrow.group;
}

// What is known of a node at this step: its value below the box, its gradient above.
function showState(key) {
  const element = drawn.elements.get(key);
  if (element === undefined || element.classList.contains("frame")) return;
  const members = membersOf.get(key) ?? [key];
  const known = members.filter((member) => moments.value.get(member) < state.position).length;
  element.classList.toggle("known", known === members.length);
  element.classList.toggle("partly", known > 0 && known < members.length);
  if (!nodeOf.has(key)) {
    const returned = members.some((member) => moments.gradient.get(member) < state.position);
    element.classList.toggle("returned", returned);
    return;
  }
  const node = nodeOf.get(key);
  const returned = moments.gradient.get(key) < state.position;
  showChip(element, "value", known > 0 ? arrayAt(node.value) : null, node.box);
  showChip(element, "gradient", returned ? gradientOf(node, state.lens) : null, node.box);
}

function showChip(element, kind, array, { width, height }) {
  const old = element[kind];
  if (old?.array === array && old?.room === element.room) return;
  old?.chip.remove();
  element[kind] = null;
  if (array === null || array === undefined) return;
  const chip = chipOf(array, kind, element.room);
  chip.setAttribute("transform", `translate(${width / 2} ${kind === "value" ? height + 10 : -10})`);
  element.append(chip);
  element[kind] = { array, chip, room: element.room };
}

const CHIP = { height: 15, columns: 16, rows: 4, shades: 5 };

// One or two numbers, or a picture of an array, no wider than the room; its centre is at 0, 0.
function chipOf(array, kind, room) {
  const few = array.entries !== null && array.entries.length <= 2;
  if (!few && !isZero(array)) return pictureChip(array, kind, room);
  const widthOf = (text) => 8 + textWidth(text, kind !== "value");
  const texts = few ? [3, 2, 1].map((digits) =>
    array.entries.map((entry) => shortNumber(entry, digits)).join(", ")) : ["0"];
  const fitting = texts.find((text) => widthOf(text) <= room);
  if (fitting === undefined && array.entries.length > 1) return pictureChip(array, kind, room);
  const text = fitting ?? texts[texts.length - 1];
  const width = widthOf(text);
  const alarm = array.nan + array.infinite > 0 ? " alarm" : "";
  return svg("g", { class: `chip ${kind}${alarm}` },
    svg("rect", { x: -width / 2, y: -CHIP.height / 2, width, height: CHIP.height, rx: 3 }),
    svg("text", { y: 3.5 }, text));
}

// Cells of about the same colour are one path: a thousand chips stay light.
function pictureChip(array, kind, most) {
  const { entries, columns, rows } = matrixOf(array);
  const [shownColumns, shownRows] = [Math.min(columns, CHIP.columns), Math.min(rows, CHIP.rows)];
  const room = Math.min(most - 4, kind === "contribution" ? 42 : 60); // between two boxes is less
  const wide = Math.max(2.5, Math.min(8, room / shownColumns));
  const tall = (CHIP.height - 4) / Math.max(1, shownRows);
  const width = shownColumns * wide + 4;
  const limit = largest(array);
  const shades = new Map();
  for (let row = 0; row < shownRows; row += 1) {
    for (let column = 0; column < shownColumns; column += 1) {
      const from = Math.floor(row * rows / shownRows) * columns + Math.floor(column * columns / shownColumns);
      const number = from < entries.length ? numeric(entries[from]) : 0;
      const share = Math.max(-1, Math.min(1, number / (limit || 1)));
      const shade = Number.isNaN(number) ? "nan" : Math.round(CHIP.shades * share);
      const left = (column * wide + 2 - width / 2).toFixed(2);
      const top = (row * tall + 2 - CHIP.height / 2).toFixed(2);
      shades.set(shade, `${shades.get(shade) ?? ""}M${left} ${top}h${wide}v${tall.toFixed(2)}h${-wide}z`);
    }
  }
  const paths = [...shades].map(([shade, d]) => svg("path", { d, class: `shade${shade}` }));
  return svg("g", { class: `chip picture ${kind}${array.nan > 0 ? " alarm" : ""}` },
    svg("rect", { x: -width / 2, y: -CHIP.height / 2, width, height: CHIP.height, rx: 3 }), paths);
}

// Arrows along which a contribution has come back keep a trace of it.
function showReturned(arrow) {
  const returned = arrow.edges.some((edge) => moments.contribution.get(edge) < state.position);
  arrow.group.classList.toggle("returned", returned);
}

// After a change of the position: only what the steps in between touched is drawn anew.
function showChange(from, to) {
  const touched = new Set();
  for (let place = Math.min(from, to); place < Math.max(from, to); place += 1) {
    const step = data.steps[place];
    touched.add(step.node);
    for (const part of step.contributions ?? []) {
      const arrow = drawn.along.get(part.edge);
      if (arrow) showReturned(arrow);
    }
  }
  const stale = new Set();
  for (const key of touched) {
    stale.add(key);
    for (const group of groupsAround(key)) stale.add(group);
  }
  for (const key of stale) showState(key);
  showStep();
}

// The highlight of the step: the box, the arrows that take part, and what flows along them.
let highlighted = [];

function showStep() {
  for (const [element, name] of highlighted) element.classList.remove(name);
  highlighted = [];
  layers.flows.replaceChildren();
  const step = state.position > 0 ? data.steps[state.position - 1] : null;
  if (step === null) return;
  const mark = (element, name) => {
    if (!element) return;
    element.classList.add(name);
    highlighted.push([element, name]);
  };
  const forward = step.kind === "forward";
  mark(drawn.elements.get(standIn(step.node, opened)), forward ? "active-forward" : "active-backward");
  if (forward) {
    for (const place of placesInto.get(step.node) ?? []) mark(drawn.along.get(place)?.group, "feeds");
  } else if (step.kind === "backward") {
    for (const place of placesFrom.get(step.node) ?? []) mark(returnedAlong(place), "arrives");
  }
  const parts = step.contributions ?? step.parts ?? [];
  for (const [arrow, flowing] of groupBy(parts, (part) => drawn.along.get(part.edge))) {
    if (arrow !== undefined) drawFlow(arrow, flowing, step.kind);
  }
  if (step.kind === "sum") drawPlus(step.node);
}

// The arrow along which a contribution came, if one did.
function returnedAlong(place) {
  return moments.contribution.has(place) ? drawn.along.get(place)?.group : undefined;
}

const CHIPS_ON_ARROW = 3; // of the many that arrive from one folded group

// A stream from the head of an arrow back to its tail, with what it carries.
function drawFlow(arrow, parts, kind) {
  const back = [...arrow.curve].reverse();
  if (arrow.labels !== null) {
    arrow.labels.classList.add("flowing");
    highlighted.push([arrow.labels, "flowing"]);
  }
  const nothing = parts.every((part) => isZero(contributionOf(part, state.lens)));
  layers.flows.append(svg("path", { class: `flow ${kind}${nothing ? " nothing" : ""}`,
    d: pathOf(back), "marker-end": "url(#tip-backward)" }));
  const shown = parts.slice(0, CHIPS_ON_ARROW);
  shown.forEach((part, place) => {
    const array = contributionOf(part, state.lens);
    if (array === null) return;
    const [x, y] = pointOn(back, (place + 1) / (shown.length + 1));
    const chip = chipOf(array, "contribution", roomBetween(arrow));
    chip.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    layers.flows.append(chip);
  });
}

// What is free between the boxes at the ends of an arrow; a steep arrow has more beside it.
function roomBetween({ curve: [start, , , end] }) {
  return Math.max(30, end[0] - start[0] - 2 + Math.max(0, Math.abs(end[1] - start[1]) - 40));
}

// A plus at the right side of a box, where its contributions meet.
function drawPlus(key) {
  const box = drawn.boxes.find((each) => each.key === standIn(key, opened));
  layers.flows.append(svg("g", { class: "plus",
    transform: `translate(${box.left + box.width} ${box.top + box.height / 2})` },
    svg("circle", { r: 10 }), svg("path", { d: "M-5 0H5M0 -5V5" })));
}

function showLens() {
  for (const key of drawn.elements.keys()) showState(key);
  showStep();
}

// The element that takes the focus for a box or an open frame.
function handleOf(key) {
  const element = drawn.elements.get(key);
  return element?.classList.contains("frame") ? element.querySelector(".frame-title") : element;
}
