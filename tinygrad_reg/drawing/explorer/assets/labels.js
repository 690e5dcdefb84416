// Where the words on arrows stand: readable in full, or left out, for the panel tells them too.

const WORDS = { height: 12, gap: 2.5, apart: 9, crossed: 1, size: 10, bin: 60 };
const MOST_CROSSINGS = 400; // arrows among which a label looks for a place that no other crosses
const SHARES = [0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8, 0.14, 0.86];
const ruler = document.createElement("canvas").getContext("2d");

// How wide a text in small letters is, in the units of the graph.
function textWidth(text, bold = false) {
  ruler.font = `${bold ? 600 : 400} ${WORDS.size}px system-ui, Arial, "Noto Sans", sans-serif`;
  return ruler.measureText(text).width;
}

// Gives every arrow the words on it, with their middles: first which argument it is, at its head,
// then the local derivative.
function placeLabels(arrows, boxes) {
  const taken = new Map();
  for (const box of boxes) takeBox(taken, box);
  if (arrows.length <= MOST_CROSSINGS) for (const arrow of arrows) takeCurve(taken, arrow);
  for (const arrow of arrows) {
    // Of arrows from or to folded groups, which stand for many, nothing is said.
    const said = nodeOf.has(arrow.tail) && nodeOf.has(arrow.head) ? arrow.edges : [];
    const edges = said.map((place) => data.edges[place]);
    const [locals, ways] = ["local", "place"].map((what) =>
      [...new Set(edges.map((edge) => edge[what]))].filter(Boolean));
    arrow.words = [];
    arrow.local = shortened(locals.slice(0, 2).join(", "), 24);
    putWords(arrow, "place", shortened(ways.slice(0, 3).join(", "), 12), taken);
  }
  for (const arrow of arrows) putWords(arrow, "local", arrow.local, taken);
}

// Puts words where they cover nothing, and where the fewest points of lines are behind them.
function putWords(arrow, kind, text, taken) {
  if (text === "") return;
  const width = textWidth(text);
  const shares = kind === "local" ? SHARES : [shareBeforeHead(arrow.curve, 10 + width / 2)];
  let best = { crossed: WORDS.crossed + 1 };
  for (const share of shares) {
    for (const side of arrow.low ? [1, -1] : [-1, 1]) {
      const middle = besideCurve(arrow.curve, share, side, width);
      const met = meetings(taken, aroundMiddle(middle, width));
      if (!met.some((each) => each.solid) && met.length < best.crossed) {
        best = { crossed: met.length, middle };
      }
    }
    if (best.crossed === 0) break;
  }
  if (best.middle === undefined) return;
  arrow.words.push({ kind, text, middle: best.middle });
  take(taken, { ...aroundMiddle(best.middle, width + WORDS.apart), solid: true });
}

// The middle of words that touch a curve from above (side −1) or from below (side 1).
function besideCurve(curve, share, side, width) {
  const [x, y] = pointOn(curve, share);
  const [before, after] = [pointOn(curve, share - 0.02), pointOn(curve, Math.min(1, share + 0.02))];
  const [across, down] = [after[0] - before[0], after[1] - before[1]];
  const length = Math.hypot(across, down) || 1;
  const [normalX, normalY] = [-down / length, across / length];
  const away = side * (Math.abs(normalX) * width / 2 + Math.abs(normalY) * WORDS.height / 2 + WORDS.gap);
  return [x + normalX * away, y + normalY * away];
}

// The place on a curve that is so far from its head.
function shareBeforeHead(curve, distance) {
  const [x, y] = curve[3];
  for (let share = 0.98; share > 0.5; share -= 0.02) {
    const point = pointOn(curve, share);
    if (Math.hypot(point[0] - x, point[1] - y) >= distance) return share;
  }
  return 0.5;
}

function aroundMiddle([x, y], width) {
  return { left: x - width / 2, right: x + width / 2,
    top: y - WORDS.height / 2, bottom: y + WORDS.height / 2 };
}

// What is taken: boxes with their chips, titles of frames; lines may be crossed, if need be.
function takeBox(taken, { key, kind, left, top, width, height }) {
  const [right, bottom] = [left + width, top + height];
  if (kind !== "frame") {
    take(taken, { left: left - 2, right: right + 2, top: top - CHIPS, bottom: bottom + CHIPS,
      solid: true });
    return;
  }
  const title = left + Math.min(width, titleWidth(frameTitle(groupOf.get(key), width)));
  take(taken, { left, right: title, top, bottom: top + FRAME.title, solid: true });
  for (const y of [top, bottom]) take(taken, { left, right, top: y - 1, bottom: y + 1, solid: false });
  for (const x of [left, right]) take(taken, { left: x - 1, right: x + 1, top, bottom, solid: false });
}

function takeCurve(taken, arrow) {
  const [start, , , end] = arrow.curve;
  const points = Math.min(200, 8 + Math.ceil(Math.hypot(end[0] - start[0], end[1] - start[1]) / 5));
  for (let place = 0; place <= points; place += 1) {
    const [x, y] = pointOn(arrow.curve, place / points);
    take(taken, { left: x - 1, right: x + 1, top: y - 1, bottom: y + 1, solid: false });
  }
}

function binsOf({ left, right, top, bottom }) {
  const keys = [];
  for (let x = Math.floor(left / WORDS.bin); x <= right / WORDS.bin; x += 1) {
    for (let y = Math.floor(top / WORDS.bin); y <= bottom / WORDS.bin; y += 1) keys.push(`${x} ${y}`);
  }
  return keys;
}

function take(taken, area) {
  for (const key of binsOf(area)) {
    if (!taken.has(key)) taken.set(key, []);
    taken.get(key).push(area);
  }
}

// What an area meets.
function meetings(taken, area) {
  const near = new Set(binsOf(area).flatMap((key) => taken.get(key) ?? []));
  return [...near].filter((each) => each.left < area.right && each.right > area.left &&
    each.top < area.bottom && each.bottom > area.top);
}

// How wide the chips of each box may be: as wide as the box, and half of what is free beside it.
function measureRooms(boxes, bins) {
  for (const box of boxes) {
    if (box.kind === "frame") continue;
    let free = 60;
    for (let x = Math.floor((box.left - 60) / BINS); x <= (box.left + box.width + 60) / BINS; x += 1) {
      for (let y = Math.floor((box.top - CHIPS) / BINS); y <= (box.top + box.height + CHIPS) / BINS; y += 1) {
        for (const other of bins.get(`${x} ${y}`) ?? []) {
          const level = Math.max(other.top - box.top - box.height, box.top - other.top - other.height);
          if (other === box || other.kind === "title" || level > 2 * CHIPS) continue;
          const [before, after] = [box.left - other.left - other.width, other.left - box.left - box.width];
          free = Math.min(free, Math.max(before, after, 0));
        }
      }
    }
    box.room = box.width + Math.max(0, free - 4);
  }
}
