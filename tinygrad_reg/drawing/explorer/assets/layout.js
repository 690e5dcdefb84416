// Where everything stands: the layouts of groups put into one another.

// Graphviz packs boxes closely; the chips with numbers and the labels on arrows need room.
const STRETCH = { x: 1.12, y: 1.42 };
const FRAME = { side: 14, top: 42, bottom: 24, title: 26 };

// The contents of a group, with every open group in it: the size, and boxes with their centres.
function compose(key, open) {
  const { items, width, height } = data.layouts[key] ?? { items: {}, width: 0, height: 0 };
  const children = Object.entries(items).map(([child, place]) => childOf(child, place, open));
  const grown = children.filter((child) => child.inside !== null);
  const boxes = [];
  const size = { width: width * STRETCH.x, height: height * STRETCH.y };
  for (const child of children) {
    let { left, top } = child;
    for (const other of grown) {
      if (other === child) continue;
      left += pushed(child.left, child.width, other.left, other.width, other.wider);
      top += pushed(child.top, child.height, other.top, other.height, other.taller);
    }
    boxes.push(...placed(child, left, top));
  }
  for (const box of boxes) {
    size.width = Math.max(size.width, box.left + box.width);
    size.height = Math.max(size.height, box.top + box.height);
  }
  return { ...size, boxes };
}

// How far one box moves because another grew: before it not at all, after it by all of the growth,
// beside it by half, so that what stood in a row with it stays in the middle. What did not overlap
// before does not overlap after.
function pushed(start, length, grownStart, grownLength, growth) {
  if (start + length <= grownStart) return 0;
  return start >= grownStart + grownLength ? growth : growth / 2;
}

// A child of a layout before anything moves, with its own contents if it is an open group.
function childOf(key, [x, y], open) {
  const { width, height } = (nodeOf.get(key) ?? groupOf.get(key)).box;
  const child = { key, width, height, inside: null, wider: 0, taller: 0,
    left: x * STRETCH.x - width / 2, top: y * STRETCH.y - height / 2 };
  if (groupOf.has(key) && open.has(key)) {
    child.inside = compose(key, open);
    const frame = frameSize(key, child.inside);
    child.wider = Math.max(0, frame.width - width);
    child.taller = Math.max(0, frame.height - height);
  }
  return child;
}

function frameSize(key, inside) {
  return {
    width: Math.max(inside.width + 2 * FRAME.side, titleWidth(groupOf.get(key).title)),
    height: inside.height + FRAME.top + FRAME.bottom,
  };
}

// What stands above a frame: the title, and the formula if there is room for it.
function frameTitle(group, room = Infinity) {
  const title = shortened(group.title, 40) + (group.count > 1 ? ` ×${group.count}` : "");
  const longer = group.formula ? `${title} · ${shortened(group.formula, 60)}` : title;
  return titleWidth(longer) <= room ? longer : title;
}

function titleWidth(title) {
  return 46 + 7.4 * Math.min(46, [...title].length);
}

// The boxes of a child: itself, or its frame and what is inside.
function placed(child, left, top) {
  if (child.inside === null) {
    const kind = groupOf.has(child.key) ? "folded" : "node";
    return [{ key: child.key, kind, left, top, width: child.width, height: child.height }];
  }
  const frame = frameSize(child.key, child.inside);
  const width = Math.max(child.width, frame.width);
  const height = Math.max(child.height, frame.height);
  const indent = (width - child.inside.width) / 2;
  const inner = child.inside.boxes.map((box) => ({
    ...box, left: box.left + left + indent, top: box.top + top + FRAME.top,
  }));
  return [{ key: child.key, kind: "frame", left, top, width, height }, ...inner];
}

// The box that stands for a node: its own, or that of the outermost folded group around it.
function standIn(key, open) {
  let found = key;
  for (const group of groupsAround(key)) {
    if (!open.has(group)) found = group;
  }
  return found;
}

// One arrow for each pair of boxes: [tail, head] with the edges of the data that it stands for.
function arrowsBetween(open) {
  const arrows = new Map();
  const standsFor = new Map(data.nodes.map((node) => [node.key, standIn(node.key, open)]));
  data.edges.forEach((edge, place) => {
    const tail = standsFor.get(edge.tail);
    const head = standsFor.get(edge.head);
    if (tail === head) return;
    const key = `${tail} ${head}`;
    if (!arrows.has(key)) arrows.set(key, { key, tail, head, edges: [] });
    arrows.get(key).edges.push(place);
  });
  return [...arrows.values()];
}
