// The curves of arrows: from the right side of one box to the left side of another.

const BINS = 120;
const CHIPS = 18; // above and below each box there is room for a chip
const BOX_COST = 4;
const CHIP_COST = 0.6;
const TITLE_COST = 0.5;
const DETOUR_COST = 0.5 / 36;
const DETOURS = [0, -1, 1, -2, 2, -3, 3, -4, 4, -6, 6, -8, 8].map((turn) => turn * 36);

// Gives every arrow its curve. Where many meet at a box, they arrive in the order of their origins.
// Returns the boxes by place, for those who look for room.
function bendArrows(arrows, boxes) {
  const solid = boxes.filter((box) => box.kind !== "frame");
  const boxOf = new Map(solid.map((box) => [box.key, box]));
  const bins = binned([...solid, ...boxes.filter((box) => box.kind === "frame").map(titleBox)]);
  const middle = (key) => boxOf.get(key).top + boxOf.get(key).height / 2;
  const spread = (side, other, height) => {
    const heading = (arrow) => middle(arrow[other]) + 3 * (arrow.detour ?? 0);
    for (const met of groupBy(arrows, (arrow) => arrow[side]).values()) {
      met.sort((a, b) => heading(a) - heading(b));
      const box = boxOf.get(met[0][side]);
      const gap = Math.min(12, box.height * 0.7 / met.length);
      met.forEach((arrow, place) => {
        const off = gap * (place - (met.length - 1) / 2);
        arrow[height] = middle(arrow[side]) + off;
        if (side === "head") arrow.low = off > 0;
      });
    }
  };
  // The second time, arrows that take a way round leave and arrive on the side of it.
  for (let turn = 0; turn < 2; turn += 1) {
    spread("tail", "head", "startY");
    spread("head", "tail", "endY");
    for (const arrow of arrows) {
      Object.assign(arrow, curveAround(boxOf.get(arrow.tail), boxOf.get(arrow.head), arrow, bins));
    }
  }
  return bins;
}

// What an arrow should not run through either: the title of a frame.
function titleBox({ key, left, top, width }) {
  const wide = Math.min(width, titleWidth(frameTitle(groupOf.get(key), width)));
  return { key: `title ${key}`, kind: "title", left, top, width: wide, height: FRAME.title };
}

// The best of some curves: those that pass behind boxes and far round them are the worse.
function curveAround(tail, head, { startY, endY }, bins) {
  const start = [tail.left + tail.width, startY];
  const end = [head.left, endY];
  const across = end[0] - start[0];
  const reach = across > 0 ? Math.min(across * 0.5, 260) : 60 - across * 0.3;
  let best = { cost: Infinity };
  for (const detour of DETOURS) {
    const detourCost = DETOUR_COST * Math.abs(detour);
    if (detourCost >= best.cost) break;
    const curve = [start, [start[0] + reach, start[1] + detour * 1.3],
      [end[0] - reach, end[1] + detour * 1.3], end];
    const cost = detourCost + costOfHits(curve, bins, tail.key, head.key);
    if (cost < best.cost) best = { curve, cost, detour };
  }
  return best;
}

function pointOn([start, first, second, end], share) {
  const rest = 1 - share;
  const weights = [rest ** 3, 3 * rest ** 2 * share, 3 * rest * share ** 2, share ** 3];
  return [0, 1].map((axis) => weights[0] * start[axis] + weights[1] * first[axis] +
    weights[2] * second[axis] + weights[3] * end[axis]);
}

// The boxes by the squares of a coarse grid that they touch.
function binned(boxes) {
  const bins = new Map();
  for (const box of boxes) {
    for (let x = Math.floor(box.left / BINS); x <= (box.left + box.width) / BINS; x += 1) {
      for (let y = Math.floor((box.top - CHIPS) / BINS); y <= (box.top + box.height + CHIPS) / BINS; y += 1) {
        const key = `${x} ${y}`;
        if (!bins.has(key)) bins.set(key, []);
        bins.get(key).push(box);
      }
    }
  }
  return bins;
}

function costOfHits(curve, bins, tail, head) {
  const costs = new Map();
  const points = Math.min(40, 8 + Math.ceil(Math.abs(curve[3][0] - curve[0][0]) / 30));
  for (let place = 1; place < points; place += 1) {
    const [x, y] = pointOn(curve, place / points);
    for (const box of boxesAt(x, y, bins)) {
      if (box.kind === "title") {
        if (y > box.top && y < box.top + box.height) costs.set(box.key, TITLE_COST);
        continue;
      }
      const onBox = y > box.top - 4 && y < box.top + box.height + 4;
      if (box.key === tail || box.key === head) continue;
      costs.set(box.key, Math.max(costs.get(box.key) ?? 0, onBox ? BOX_COST : CHIP_COST));
    }
  }
  return [...costs.values()].reduce((sum, cost) => sum + cost, 0);
}

// The boxes that a point is on, or on a chip of.
function boxesAt(x, y, bins) {
  return (bins.get(`${Math.floor(x / BINS)} ${Math.floor(y / BINS)}`) ?? []).filter((box) =>
    x > box.left - 5 && x < box.left + box.width + 5 &&
    y > box.top - CHIPS && y < box.top + box.height + CHIPS);
}

function pathOf(curve) {
  const [start, first, second, end] = curve.map((point) => point.map((at) => at.toFixed(1)).join(" "));
  return `M${start}C${first} ${second} ${end}`;
}
